SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: str) -> str:
    if value.startswith(SIGNS) or value.lstrip().startswith(SIGNS):
        return "'" + value
    return value
