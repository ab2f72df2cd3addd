from urllib.parse import quote, urlsplit


def local_target(return_to: str = "/") -> str:
    path = urlsplit(return_to).path
    return "/" + quote(path.lstrip("/\\"), safe="/")
