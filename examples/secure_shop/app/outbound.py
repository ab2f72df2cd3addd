"""Requests to the two hosts that keep our pictures, and to no other."""

from buckler.guard import EgressPolicy, EgressRefused

try:
    import httpx2 as httpx
    from buckler.guard.egress.for_httpx2 import safe_client
except ImportError:
    import httpx  # type: ignore[no-redef]
    from buckler.guard.egress.for_httpx import safe_client  # type: ignore[assignment]

from app.audit import audit
from app.config import settings

pictures = EgressPolicy(
    allow_hosts=settings.image_hosts, schemes=["https"], ports=[443], timeout=2.0, events=audit
)
client = safe_client(pictures, follow_redirects=False)


def picture_exists(url: str) -> bool:
    """Whether one of our picture hosts has a picture; redirects are not followed."""
    try:
        answer = client.head(url)
    except (EgressRefused, httpx.HTTPError, httpx.InvalidURL):
        return False
    return bool(answer.status_code == 200)
