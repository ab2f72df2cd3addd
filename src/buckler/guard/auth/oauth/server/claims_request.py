"""The ``claims`` parameter: claims that are asked for by name (OpenID Connect Core 1.0, 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.oauth.errors import OAuthError

MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """Names of claims, each with what is asked of it.

    Attributes:
        userinfo: For the answer of the userinfo endpoint.
        id_token: For the ID token.
        text: The parameter, as it is kept.
    """

    userinfo: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id_token: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    text: str = ""

    @classmethod
    def read(cls, text: str | None) -> ClaimsRequest:
        """What a parameter says.

        Raises:
            OAuthError: ``invalid_request``: it is no JSON object, or asks for too much.
        """
        if not text:
            return NONE
        try:
            found = json_object.read(text.encode("utf-8"))
            userinfo, id_token = _asked(found, "userinfo"), _asked(found, "id_token")
        except (ValueError, RecursionError) as error:
            raise OAuthError("invalid_request", "claims is malformed", reason="claims") from error
        return cls(userinfo=userinfo, id_token=id_token, text=text)

    def wanted(self, claim: str) -> tuple[Any, ...]:
        """Values of a claim of the ID token that alone will do, where it is essential; else none."""
        asked = self.id_token.get(claim, {})
        if asked.get("essential") is not True:
            return ()
        value, values = asked.get("value"), asked.get("values", ())
        return (value,) if value is not None else tuple(values)


NONE: Final = ClaimsRequest()


def _asked(found: Mapping[str, Any], where: str) -> dict[str, Mapping[str, Any]]:
    wanted = found.get(where)
    if wanted is None:
        return {}
    if not isinstance(wanted, Mapping) or len(wanted) > MOST:
        raise ValueError(where)
    asked: dict[str, Mapping[str, Any]] = {}
    for name, value in wanted.items():
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(name)
        details = dict(value or {})
        if type(details.get("values", ())) is not tuple:
            raise ValueError(name)
        asked[name] = details
    return asked
