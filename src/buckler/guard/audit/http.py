"""Batches of records to a URL, e.g. a collector of logs.

Threat: a collector that is slow or gone takes the application with it (CWE-400); a redirect or a
false certificate that leads the log elsewhere (CWE-295, CWE-601).
"""

from __future__ import annotations

import re
import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from buckler.guard.audit.record import AuditRecord
from buckler.guard.audit.shapes import Shape, ShapeName, line, shape_of
from buckler.guard.options import GuardError, header_value, positive
from buckler.notify.interface import DeliveryError, NotifyError
from buckler.notify.post import Answer, endpoint, post
from buckler.notify.webhook import key_of, sign

AGAIN: Final = frozenset({408, 425, 429})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FORMATS: Final = {"array": "application/json", "lines": "application/x-ndjson"}


class HttpSink:
    """Posts records as a JSON array, or one JSON object a line.

    An answer of 2xx means taken. After 408, 425, 429, 5xx and no answer at all the same batch is sent
    again, with the same ``webhook-id``; after any other the batch is given up and counted.

    Args:
        url: ``https``; ``http`` on this machine's own addresses.
        shape: ``json``, ``ecs``, ``ocsf`` or a function of your own.
        format: ``array`` or ``lines``.
        headers: E.g. ``{"Authorization": "Bearer …"}``; never shown.
        secret: A ``whsec_…``: signs each batch after Standard Webhooks.
        timeout: Seconds for one try.
        context: For TLS; the default one verifies the name and the chain.
        allow_http: Whether ``http`` may leave this machine.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        url: str,
        shape: ShapeName | Shape = "json",
        *,
        format: Literal["array", "lines"] = "array",
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
        allow_http: bool = False,
    ) -> None:
        if format not in FORMATS:
            raise GuardError(f"there is no format {format!r}", hint=f"one of {', '.join(FORMATS)}")
        try:
            self._to = endpoint(url, allow_http=allow_http)
            self._keys = () if secret is None else (key_of(secret),)
        except NotifyError as error:
            raise GuardError(error.message, hint=error.hint) from error
        self._headers = {"Content-Type": FORMATS[format], "User-Agent": "Buckler"}
        for key, value in (headers or {}).items():
            if not isinstance(key, str) or not _TOKEN.fullmatch(key):
                raise GuardError(f"{key!r} is no name of a header", hint="RFC 9110, 5.6.2")
            self._headers[key] = _secret(key, value)
        self._shape = shape_of(shape)
        self._format = format
        self._timeout = positive(timeout, "timeout")
        self._context = context
        self._failed: tuple[bytes, str] = (b"", "")

    @property
    def name(self) -> str:
        """``http`` and the host; paths are often secrets."""
        return f"http {self._to.shown}"

    def __repr__(self) -> str:
        return f"<HttpSink {self._to.shown}>"

    def open(self) -> None:
        """Each batch has a connection of its own."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Send one batch once.

        Raises:
            DeliveryError: It was not taken.
        """
        lines = [line(self._shape, record) for record in records]
        text = "[" + ",".join(lines) + "]" if self._format == "array" else "\n".join(lines) + "\n"
        body = text.encode("ascii")
        known, batch = self._failed
        if known != body:
            batch = f"msg_{uuid.uuid4().hex}"
        self._failed = (body, batch)
        headers = {**self._headers, "webhook-id": batch}
        if self._keys:
            now = int(time.time())
            headers["webhook-timestamp"] = str(now)
            headers["webhook-signature"] = sign(self._keys, batch, now, body)
        answer = post(self._to, body, headers, timeout=self._timeout, context=self._context)
        check(answer, self._to.shown)
        self._failed = (b"", "")

    def close(self) -> None:
        """Nothing is open."""


def check(answer: Answer, where: str) -> None:
    """Whether an answer says that the records were taken.

    Args:
        answer: Of the receiver.
        where: The receiver, as it may be shown.

    Raises:
        DeliveryError: They were not; what is wrong with the records themselves is not sent again.
    """
    if not 200 <= answer.status < 300:
        raise DeliveryError(
            f"{where} answered {answer.status}",
            retry=answer.status in AGAIN or answer.status >= 500,
            after=answer.retry_after,
        )


def _secret(key: str, value: str) -> str:
    """A header's value; the error does not repeat it.

    Raises:
        GuardError: It cannot stand in a header.
    """
    try:
        return header_value(value, key).decode()
    except GuardError:
        raise GuardError(f"the value of {key} cannot stand in a header") from None
