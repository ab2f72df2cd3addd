"""How an answer of guard's own goes out, in the place of the application's."""

from __future__ import annotations

from buckler.guard.errors import problem
from buckler.guard.inbound import Inbound
from buckler.guard.refusal import Refusal


async def send_refusal(inbound: Inbound, refusal: Refusal) -> None:
    """Answer a request with a refusal: problem details (RFC 9457) and the headers of its route."""
    inbound.refusal, inbound.replaced = refusal, True
    send = inbound.send
    headers = list(refusal.headers)
    # What a refusal says of its rate counts, not what is left of another one.
    own = {name for name, _ in headers}
    inbound.more = tuple(pair for pair in inbound.more if pair[0] not in own)
    content = b""
    if refusal.status >= 400:
        kind, content = problem.body(inbound.headers, refusal.status, inbound.id, refusal.title)
        headers.append((b"content-type", kind))
    if refusal.status != 204:
        headers.append((b"content-length", str(len(content)).encode()))
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": inbound.plan.writer.complete(inbound, headers),
        }
    )
    if inbound.scope.get("method") == "HEAD":
        content = b""
    await send({"type": "http.response.body", "body": content, "more_body": False})
