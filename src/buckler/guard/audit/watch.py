"""Events to Buckler watch, where those of all applications stand beside the findings.

Threat: an attack that each application sees a little of and nobody sees whole (CWE-778); a service that is slow or gone
takes the application with it (CWE-400).
"""

from __future__ import annotations

import hashlib
import secrets
import ssl
from collections.abc import Iterator, Sequence
from typing import Final

from buckler.guard.audit.http import check
from buckler.guard.audit.record import AuditRecord
from buckler.guard.audit.shapes import line, own
from buckler.guard.options import GuardError, header_value, positive
from buckler.notify.interface import NotifyError
from buckler.notify.post import endpoint, post

LARGEST: Final = 512 * 1024
"""Bytes of one request, but for an event that alone has more."""


class WatchSink:
    """Sends records to ``POST /api/events`` of a watch service: ``Audit(WatchSink(url, token))``.

    As with every sink the queue is bounded, no request waits for it, what failed is tried again, and what was lost is counted
    and told with the next record. A request that is sent again has the same ``webhook-id``, so that nothing is there twice.

    Args:
        url: Of the service, e.g. ``https://watch.example``; ``http`` on this machine's own addresses.
        token: Of this application; made in watch, with the scope ``watch:events``. Never shown.
        timeout: Seconds for one try.
        context: For TLS; the default one verifies the name and the chain.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
    ) -> None:
        try:
            self._to = endpoint(url.rstrip("/") + "/api/events")
        except (NotifyError, AttributeError) as error:
            why = error.message if isinstance(error, NotifyError) else "the URL is no text"
            raise GuardError(why, hint="WatchSink('https://watch.example', token)") from error
        try:
            key = header_value(token, "token").decode()
        except GuardError:
            raise GuardError("the token cannot stand in a header") from None
        if not key:
            raise GuardError("the token is empty", hint="watch shows it once, when it is made")
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": "Buckler",
            "X-API-Key": key,
        }
        self._timeout = positive(timeout, "timeout")
        self._context = context
        # Two processes may see the same at the same moment, and that is twice.
        self._process = secrets.token_bytes(16)

    @property
    def name(self) -> str:
        """``watch`` and the host."""
        return f"watch {self._to.shown}"

    def __repr__(self) -> str:
        return f"<WatchSink {self._to.shown}>"

    def open(self) -> None:
        """A forked process is another one."""
        self._process = secrets.token_bytes(16)

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Send them all, each request once.

        Raises:
            DeliveryError: One was not taken.
        """
        for body in _bodies([line(own.shape, record) for record in records]):
            name = hashlib.sha256(self._process + body).hexdigest()
            headers = {**self._headers, "webhook-id": f"msg_{name[:32]}"}
            answer = post(self._to, body, headers, timeout=self._timeout, context=self._context)
            check(answer, self._to.shown)

    def close(self) -> None:
        """Nothing is open."""


def _bodies(lines: Sequence[str]) -> Iterator[bytes]:
    """JSON arrays of them, none larger than it may be."""
    some: list[str] = []
    size = 0
    for one in lines:
        if some and size + len(one) > LARGEST:
            yield f"[{','.join(some)}]".encode("ascii")
            some, size = [], 0
        some.append(one)
        size += len(one) + 1
    if some:
        yield f"[{','.join(some)}]".encode("ascii")
