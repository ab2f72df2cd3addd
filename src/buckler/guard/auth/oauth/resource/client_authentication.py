"""How the server of resources shows an issuer who asks (RFC 7662, 2.1; RFC 6749, 2.3.1; RFC 7523, 2.2).

Threat: an endpoint that tells anybody whether a token counts (RFC 7662, 4), a secret in an address (CWE-598), and an
assertion that counts elsewhere or twice (draft-ietf-oauth-rfc7523bis: its audience is the issuer).
"""

from __future__ import annotations

import base64
from typing import Final, Protocol
from urllib.parse import quote_plus

from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.client_assertion import ASSERTION_TYPE, make_assertion
from buckler.guard.options import GuardError, instance

_TYPE: Final = "client-authentication+jwt"
Credentials = tuple[dict[str, str], dict[str, str]]
"""Fields of the form, and headers."""


class Authentication(Protocol):
    """One way."""

    def credentials(self, now: float) -> Credentials:
        """What a call has to have."""


class Basic:
    """``client_secret_basic``.

    Args:
        client_id: Of this server, at the issuer.
        secret: The same.
    """

    __slots__ = ("_value",)

    def __init__(self, client_id: str, secret: str) -> None:
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode("ascii")
        self._value = f"Basic {base64.b64encode(pair).decode('ascii')}"

    def credentials(self, now: float) -> Credentials:
        """What a call has to have."""
        del now
        return {}, {"authorization": self._value}


class PrivateKeyJwt:
    """``private_key_jwt``.

    Args:
        client_id: Of this server, at the issuer.
        key: Whose public part the issuer has.
        audience: The issuer.
    """

    __slots__ = ("_audience", "_client_id", "_key")

    def __init__(self, client_id: str, key: SigningKey, audience: str) -> None:
        self._client_id = client_id
        self._key = key
        self._audience = audience

    def credentials(self, now: float) -> Credentials:
        """What a call has to have."""
        assertion = make_assertion(self._client_id, self._audience, self._key, now, typ=_TYPE)
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return {"client_id": self._client_id, **form}, {}


def authentication(
    client_id: str, secret: str | None, key: SigningKey | None, issuer: str
) -> Authentication:
    """The way that options state.

    Raises:
        GuardError: They state none, or two; or the key cannot sign for anybody who has its public part.
    """
    hint = "write client_id='api', client_secret=os.environ['...'], or key=SigningKey.from_file('key.pem')"
    if not isinstance(client_id, str) or not client_id:
        raise GuardError("client_id is a text", hint=hint)
    if (secret is None) == (key is None):
        raise GuardError("either client_secret or key", hint=hint)
    if key is None:
        if not isinstance(secret, str) or not secret:
            raise GuardError("client_secret is a text", hint=hint)
        return Basic(client_id, secret)
    instance(key, "key", SigningKey, optional=False)
    if not key.private or key.kind == "oct":
        raise GuardError("key is a private key", hint=hint)
    return PrivateKeyJwt(client_id, key, issuer)
