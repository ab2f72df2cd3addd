"""Requests to the two hosts that keep our pictures, and to no other."""

from urllib.parse import urlsplit

try:
    import httpx2 as httpx
except ImportError:
    import httpx  # type: ignore[no-redef]

from app.config import settings


def picture_host(url: str) -> str | None:
    """The host of a picture's address, if it is one of ours; None otherwise."""
    try:
        parts = urlsplit(url)
        usual = parts.scheme == "https" and parts.port in (None, 443) and parts.username is None
    except ValueError:
        return None
    return parts.hostname if usual and parts.hostname in settings.image_hosts else None


def picture_exists(url: str) -> bool:
    """Whether one of our picture hosts has a picture; redirects are not followed."""
    host = picture_host(url)
    if host is None:
        return False
    try:
        answer = httpx.head(
            httpx.URL(scheme="https", host=host, path=urlsplit(url).path or "/"),
            timeout=2.0,
            follow_redirects=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return bool(answer.status_code == 200)
