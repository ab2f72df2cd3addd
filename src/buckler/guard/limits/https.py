"""Plain http is sent to https, or refused (CWE-319; ASVS 5.0 V12.2.1; RFC 6797, 7.2)."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import quote

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.options import GuardError
from buckler.guard.refusal import Refusal

REFUSED: Final = Refusal(403, "Use https", EventKind.INPUT_REFUSED, "plain_http")


class Https:
    """What becomes of a request that came unencrypted.

    Args:
        mode: ``redirect`` sends reading methods to https and refuses the others, whose body has been
            read by everybody on the way already; ``require`` refuses all.

    Raises:
        GuardError: It is neither.
    """

    __slots__ = ("_mode",)

    def __init__(self, mode: Literal["redirect", "require"] = "redirect") -> None:
        if mode not in ("redirect", "require"):
            raise GuardError(f"https: {mode!r} is not 'redirect' or 'require'")
        self._mode = mode

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the request may go on."""
        if inbound.https:
            return None
        scope = inbound.scope
        host = inbound.headers.get(b"host", b"")
        if self._mode == "require" or scope.get("method") not in ("GET", "HEAD") or not host:
            return REFUSED
        name = host.rpartition(b":")[0] if host.rpartition(b":")[2].isdigit() else host
        # Of a server that gives no raw path, "%0d%0a" has been decoded.
        path: bytes = scope.get("raw_path") or quote(scope["path"], safe="/:@!$&'()*+,;=~").encode()
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        # A raw path never holds a line break, and "//host" would lead elsewhere without the host before it.
        place = b"https://" + name + b"/" + path.removeprefix(b"/") + query
        return Refusal(308, "", EventKind.INPUT_REFUSED, "", ((b"location", place),))
