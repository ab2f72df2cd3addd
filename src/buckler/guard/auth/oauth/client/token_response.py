"""What a token endpoint answers (RFC 6749, 5).

Threat: a token that is taken for a kind that it is not: a bearer token where one bound to a key was asked for
(RFC 9449, 5), a mistake that is taken for an answer since its status was 200.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.auth.oauth.client.errors import ProviderError
from buckler.guard.auth.oauth.client.fetch import Answer

LONGEST: Final = 32 * 1024
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_ERROR: Final = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a provider.

    Attributes:
        access_token: For its interfaces.
        dpop: Whether it is bound to a key.
        refresh_token: Empty where there is none.
        id_token: The same.
        lifetime: Seconds that the access token counts, or None where it does not say.
        scope: That was granted; empty where it does not say.
    """

    access_token: str = field(repr=False)
    dpop: bool = False
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    lifetime: float | None = None
    scope: str = ""


def read_tokens(answer: Answer, *, dpop: bool) -> Tokens:
    """The tokens of an answer.

    Args:
        answer: As it came.
        dpop: Whether bound tokens were asked for.

    Raises:
        ProviderError: It is an error of the provider's (``refused``, with its ``error``), or none that can be
            taken (``answer``, ``token_type``).
    """
    if answer.status_code >= 500:
        raise ProviderError("unreachable", f"the provider answered {answer.status_code}")
    found = answer.json()
    if answer.status_code != 200 or "error" in found:
        raise ProviderError("refused", "the provider gave no tokens", error_of(found.get("error")))
    kind = found.get("token_type")
    wanted = "dpop" if dpop else "bearer"
    if not isinstance(kind, str) or kind.lower() != wanted:
        raise ProviderError("token_type", "the provider's tokens are not of the kind asked for")
    access = _text(found.get("access_token"), "access_token")
    if not access:
        raise ProviderError("answer", "the provider's answer has no access token")
    return Tokens(
        access_token=access,
        dpop=dpop,
        refresh_token=_text(found.get("refresh_token"), "refresh_token"),
        id_token=_text(found.get("id_token"), "id_token"),
        lifetime=_seconds(found.get("expires_in")),
        scope=_scope(found.get("scope")),
    )


def error_of(value: object) -> str:
    """An error of a provider as the log may say it."""
    return value if isinstance(value, str) and _ERROR.fullmatch(value) else "other"


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST or not _VISIBLE.fullmatch(value):
        raise ProviderError("answer", f"the provider's {name} is none")
    return value


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return float(min(value, 10 * 365 * 86_400))


def _scope(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 2_000 and value.isprintable() else ""
