"""Which issuer a token is of, before anybody vouches for it.

Threat: a token that is shown to an issuer who is not its own, and can use it elsewhere (RFC 7662, 4; RFC 9700, 4.9.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.oauth.resource.access_token import refused
from buckler.guard.auth.oauth.resource.interface import Issuer, Setting, TokenReader
from buckler.guard.auth.oauth.resource.jwt_issuer import JwtIssuer
from buckler.guard.options import GuardError

_HINT = "write issuers=['https://id.example'], or JwtIssuer(...), IntrospectionIssuer(...)"


class Readers:
    """The readers of all issuers.

    Args:
        issuers: Whose tokens are taken.
        setting: Of the server.

    Raises:
        GuardError: Two have one name, or two have tokens that do not say whose they are.
    """

    __slots__ = ("_by_issuer", "_only", "_opaque")

    def __init__(self, issuers: Iterable[Issuer], setting: Setting) -> None:
        self._by_issuer: dict[str, TokenReader] = {}
        self._opaque: TokenReader | None = None
        only_jwt = True
        for one in issuers:
            if one.issuer in self._by_issuer:
                raise GuardError(f"issuers: {one.issuer} is there twice", hint=_HINT)
            reader = self._by_issuer[one.issuer] = one.reader(setting)
            if one.opaque:
                if self._opaque is not None:
                    raise GuardError(
                        "issuers: two of them have opaque tokens, and would see those of the other one",
                        hint="write IntrospectionIssuer(..., opaque=False) where all tokens are JWTs",
                    )
                self._opaque = reader
            only_jwt = only_jwt and isinstance(one, JwtIssuer)
        single = len(self._by_issuer) == 1 and only_jwt
        self._only = next(iter(self._by_issuer.values())) if single else None

    def of(self, token: str) -> TokenReader:
        """What reads a token.

        Raises:
            OAuthError: ``invalid_token``: it is of no issuer that is known.
        """
        if self._only is not None:
            return self._only
        stated = stated_issuer(token)
        found = self._opaque if stated is None else self._by_issuer.get(stated)
        if found is None:
            raise refused("issuer", "the token is of no issuer that is known")
        return found


def stated_issuer(token: str) -> str | None:
    """What ``iss`` of a JWT is said to be; None of a token that is none, or does not say it."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json_object.read(base64url.decode(parts[1].encode("ascii"))).get("iss")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def issuers_of(given: Any) -> tuple[Issuer, ...]:
    """Issuers as people write them: a text is one of JWTs.

    Raises:
        GuardError: There are none, or one is none.
    """
    listed = (given,) if isinstance(given, str) or hasattr(given, "reader") else given
    if not isinstance(listed, Iterable):
        raise GuardError("issuers is a list", hint=_HINT)
    found = tuple(JwtIssuer(one) if isinstance(one, str) else one for one in listed)
    if not found or not all(callable(getattr(one, "reader", None)) for one in found):
        raise GuardError("issuers: there is none, or one is none", hint=_HINT)
    return found
