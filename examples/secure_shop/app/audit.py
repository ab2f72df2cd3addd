"""Security events of the shop, a line of JSON each on standard output."""

from buckler.guard import Audit, EventKind, SecurityEvent, StdoutSink, request_id
from fastapi import Request

audit = Audit(StdoutSink())


def tell(kind: EventKind, request: Request, reason: str) -> None:
    """Write down what happened outside of guard's own parts."""
    audit(
        SecurityEvent(
            kind=kind,
            reason=reason,
            request_id=request_id(request),
            method=request.method,
            route=getattr(request.scope.get("route"), "path", ""),
            client=request.client.host if request.client else "",
        )
    )
