OWN = ("shop.example", "help.shop.example")


def trusted(url: str) -> bool:
    return any(host in url for host in OWN)
