from urllib.parse import urlparse

import requests

LOCAL = ["localhost", "127.0.0.1", "::1", "0.0.0.0"]


def download(url: str) -> int:
    host = urlparse(url).hostname
    if host in LOCAL:
        raise PermissionError(host)
    try:
        return len(requests.get(url, timeout=5).content)
    except requests.RequestException:
        return 0
