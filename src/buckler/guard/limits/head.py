"""How many headers, how long an address, how many query keys (CWE-770; ASVS 5.0 V4.2, RFC 9110, 5.4).

Threat: a request that costs more to read than to send, and one that two readers read differently: two
``Host`` or ``Content-Length`` headers, a length beside chunks (CWE-444).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound, Scope
from buckler.guard.limits.hosts import Hosts
from buckler.guard.options import count
from buckler.guard.refusal import Refusal

TOO_MANY: Final = Refusal(431, "Too many headers", EventKind.LIMIT_EXCEEDED, "headers")
TOO_LONG: Final = Refusal(414, "The address is too long", EventKind.LIMIT_EXCEEDED, "address")
QUERY: Final = Refusal(400, "Too many query parameters", EventKind.LIMIT_EXCEEDED, "query")
TWICE: Final = Refusal(400, "A header came twice", EventKind.INPUT_REFUSED, "ambiguous_header")
_SINGLE = (
    *(
        b"host",
        b"content-length",
        b"content-type",
        b"authorization",
        b"origin",
        b"transfer-encoding",
    ),
    *(b"sec-fetch-site", b"if-modified-since", b"referer"),
)
"""Of these a second one is refused: two readers would choose differently (RFC 9110, 5.3)."""


class Head:
    """A check of what comes before the body: host, headers, address.

    Args:
        hosts: Names that the application answers to; None: whatever a request says.
        headers: How many at most.
        header_size: Bytes of all names and values together.
        address: Bytes of path and query, each.
        query_keys: Parameters in the query.
    """

    __slots__ = ("_host", "address", "headers", "keys", "known", "size")

    def __init__(
        self,
        hosts: Hosts | None,
        headers: int = 100,
        header_size: int = 32_768,
        address: int = 8192,
        query_keys: int = 200,
    ) -> None:
        self._host = _any if hosts is None else hosts.check
        self.known: set[bytes] | None = None if hosts is None else hosts.known
        self.headers = count(headers, "header_count")
        self.size = count(header_size, "header_size")
        self.address = count(address, "address")
        self.keys = count(query_keys, "query_keys")

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the request may go on."""
        scope, headers = inbound.scope, inbound.headers
        if (
            len(scope["headers"]) != len(headers)
            or len(headers) > self.headers
            or len(b"".join((*headers, *headers.values()))) > self.size
            or len(scope["query_string"]) > self.keys  # as many at most as it has bytes
            or len(scope["path"]) > self.address
        ):
            refusal = self._counted(scope["headers"]) or self._addressed(scope)
            if refusal is not None:
                return refusal
        known = self.known
        return None if known and headers.get(b"host") in known else self._host(inbound)

    def _counted(self, pairs: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
        if len(pairs) > self.headers:
            return TOO_MANY
        if sum(len(name) + len(value) for name, value in pairs) > self.size:
            return TOO_MANY
        names = [name for name, _ in pairs]
        return TWICE if any(names.count(name) > 1 for name in _SINGLE) else None

    def _addressed(self, scope: Scope) -> Refusal | None:
        path, query = scope["path"], scope["query_string"]
        if len(path) > self.address or len(query) > self.address:
            return TOO_LONG
        return QUERY if query.count(b"&") >= self.keys else None


def _any(inbound: Inbound) -> Refusal | None:
    """What checks the host where nobody wants it checked."""
