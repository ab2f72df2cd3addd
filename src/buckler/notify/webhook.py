"""Webhooks after the Standard Webhooks scheme: signed, so that a receiver can tell them from forgeries.

Threat: anybody who knows a receiver's URL can send it alarms (CWE-345), or send an old one again
(CWE-294). Source: Standard Webhooks 1.0, "Signature scheme" and "Webhook headers".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Sequence

from buckler.notify.dial import Resolve
from buckler.notify.interface import DeliveryError, Notification, NotifyError
from buckler.notify.post import Answer, endpoint, post

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret that the scheme allows."""
GONE = 410


def key_of(secret: str) -> bytes:
    """The bytes of a secret such as ``whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw``.

    Raises:
        NotifyError: It is none. The message does not repeat it.
    """
    try:
        text = secret.removeprefix(PREFIX).encode("ascii")
        key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error) as error:
        raise NotifyError("a webhook secret must be whsec_ and base64") from error
    if not SHORTEST <= len(key) <= LONGEST:
        raise NotifyError(
            f"a webhook secret must have {SHORTEST} to {LONGEST} bytes, not {len(key)}",
            hint='make one: python -c "import base64, secrets; '
            "print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\"",
        )
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one ``v1`` signature for each key, with spaces between."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        for key in keys
    )


class Webhook:
    """Posts notifications as signed JSON: ``{"type", "timestamp", "data"}``.

    Args:
        url: ``https``; ``http`` on this machine's own addresses.
        secrets: One ``whsec_…``, or several while one takes the place of another: every one signs.
        timeout: Seconds for one try.
        context: For TLS, e.g. with a CA of your own; the default verifies name and chain.
        allow_http: Whether ``http`` may leave this machine.
        resolve: Gives the addresses that may be called; else the system's resolver.

    Raises:
        NotifyError: The URL or a secret is none.
    """

    def __init__(
        self,
        url: str,
        secrets: str | Sequence[str],
        *,
        timeout: float = 10,
        context: ssl.SSLContext | None = None,
        allow_http: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        self._to = endpoint(url, allow_http=allow_http)
        given = [secrets] if isinstance(secrets, str) else list(secrets)
        if not given:
            raise NotifyError("a webhook needs a secret")
        if not timeout > 0:
            raise NotifyError("timeout must be above zero")
        self._keys = tuple(key_of(secret) for secret in given)
        self._timeout = timeout
        self._context = context
        self._resolve = resolve

    @property
    def name(self) -> str:
        """``webhook`` and the host; paths are often secrets."""
        return f"webhook {self._to.shown}"

    def __repr__(self) -> str:
        return f"<Webhook {self._to.shown}>"

    def send(self, notification: Notification) -> None:
        """Post it once.

        Raises:
            DeliveryError: No answer, or one that is not 2xx. Redirects are not followed.
        """
        body = body_of(notification)
        # The time of the try, not of the event: receivers refuse what is older than minutes.
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Buckler",
            "webhook-id": notification.id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(self._keys, notification.id, now, body),
        }
        answer = post(
            self._to,
            body,
            headers,
            timeout=self._timeout,
            context=self._context,
            resolve=self._resolve,
        )
        check(answer, self._to.shown)


def body_of(notification: Notification) -> bytes:
    """What is sent; made of ASCII alone, so that no receiver changes its bytes."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(notification.time))
    data = {
        "title": notification.title,
        "text": notification.text,
        "level": notification.level,
        "fields": dict(notification.fields),
    }
    whole = {"type": notification.kind, "timestamp": stamp, "data": data}
    return json.dumps(whole, separators=(",", ":")).encode("ascii")


def check(answer: Answer, where: str) -> None:
    """Whether an answer says that it arrived.

    Raises:
        DeliveryError: It does not; 410 means never to try again.
    """
    if 200 <= answer.status < 300:
        return
    raise DeliveryError(
        f"{where} answered {answer.status}",
        retry=answer.status != GONE,
        after=answer.retry_after,
    )
