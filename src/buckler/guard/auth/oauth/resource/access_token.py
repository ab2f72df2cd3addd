"""An access token that counts, as handlers and checks see it, whichever way it was read.

Threat: a decision by something that the issuer may give to somebody else later, an address or a name (CWE-639; ASVS 5.0
V10.3.2, V10.3.3): a person is issuer and subject together. A client with the id of a person is not that person (RFC 9068, 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from buckler.guard.auth.oauth.errors import OAuthError

Scheme = Literal["Bearer", "DPoP"]
_KNOWN = frozenset(("jkt", "x5t#S256"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What an access token says.

    Attributes:
        issuer: ``iss``.
        subject: ``sub``: the account there, or the client where nobody is behind it; empty where it does not say.
        client: ``client_id``; empty where it does not say.
        scopes: Of it; empty where it has none.
        audience: ``aud``.
        expires: ``exp``, seconds since 1970.
        id: ``jti``; empty where it does not say.
        acr: How the person was authenticated (OpenID Connect Core, 2); empty where it does not say.
        authenticated: ``auth_time``, seconds since 1970; 0 where it does not say.
        thumbprint: Of the key that it is bound to by DPoP (``cnf.jkt``); empty where it is not.
        certificate: Of the certificate that it is bound to (``cnf.x5t#S256``); empty where it is not.
        values: Every claim by its name, read-only.
    """

    issuer: str
    subject: str
    client: str = ""
    scopes: frozenset[str] = frozenset()
    audience: tuple[str, ...] = ()
    expires: float
    id: str = ""
    acr: str = ""
    authenticated: float = 0.0
    thumbprint: str = ""
    certificate: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def scheme(self) -> Scheme:
        """The scheme of ``Authorization`` by which it counts (RFC 9449, 7.1; RFC 6750, 2.1)."""
        return "DPoP" if self.thumbprint else "Bearer"

    @property
    def for_itself(self) -> bool:
        """Whether its client acts for itself, and nobody is behind it (RFC 9068, 2.2)."""
        return self.subject in ("", self.client)

    @property
    def user(self) -> tuple[str, str]:
        """Issuer and subject: what stays one person's.

        Of a client for itself no person's, whatever its id: it is the issuer's name with a word that no address has, and the
        client (RFC 9068, 5).
        """
        if self.for_itself:
            return f"{self.issuer} client", self.client
        return self.issuer, self.subject

    def may(self, scope: str) -> bool:
        """Whether it has a scope."""
        return scope in self.scopes


def made(
    values: Mapping[str, Any],
    *,
    issuer: str,
    audience: tuple[str, ...],
    expires: float,
    scope_claim: str = "scope",
) -> AccessToken:
    """The token of claims whose issuer, audience and times were judged.

    Raises:
        OAuthError: ``invalid_token``: it is bound to what nobody here can look at, or a claim is of the wrong kind.
    """
    thumbprint, certificate = _bound(values.get("cnf"))
    when = values.get("auth_time", 0)
    if type(when) not in (int, float):
        raise refused("claim", "auth_time is no date")
    return AccessToken(
        issuer=issuer,
        subject=_text(values, "sub"),
        client=_text(values, "client_id") or _text(values, "azp"),
        scopes=_scopes(values.get(scope_claim)),
        audience=audience,
        expires=expires,
        id=_text(values, "jti"),
        acr=_text(values, "acr"),
        authenticated=float(when),
        thumbprint=thumbprint,
        certificate=certificate,
        values=values,
    )


def refused(reason: str, message: str) -> OAuthError:
    """The error of a token that does not count (RFC 6750, 3.1); the message is for the log."""
    return OAuthError("invalid_token", message, status=401, reason=reason)


def unavailable(reason: str, message: str) -> OAuthError:
    """The error where nobody knows whether a token counts (CWE-636)."""
    return OAuthError("temporarily_unavailable", message, status=503, reason=reason)


def _bound(stated: Any) -> tuple[str, str]:
    """The key and the certificate that a token is bound to (RFC 7800, 3.1)."""
    if stated is None:
        return "", ""
    if not isinstance(stated, Mapping) or not stated or not _KNOWN.issuperset(stated):
        raise refused("confirmation", "the token is bound to what cannot be looked at here")
    found = [stated.get(name, "") for name in ("jkt", "x5t#S256")]
    if not all(isinstance(one, str) for one in found) or not all(stated.values()):
        raise refused("confirmation", "cnf of the token is malformed")
    return found[0], found[1]


def _scopes(stated: Any) -> frozenset[str]:
    if isinstance(stated, str):
        return frozenset(stated.split(" ")) - {""}
    if isinstance(stated, Iterable) and not isinstance(stated, Mapping):
        listed = tuple(stated)
        if all(isinstance(one, str) for one in listed):
            return frozenset(listed)
    if stated is None:
        return frozenset()
    raise refused("claim", "the scopes of the token are malformed")


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 1_000:
        raise refused("claim", f"{name} is no text of the length that identifiers have")
    return value
