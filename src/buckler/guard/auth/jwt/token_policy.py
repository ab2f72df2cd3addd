"""What a token has to say before anybody looks at what it allows.

Threat: a token made for somebody else, for another purpose or another time (CWE-345, CWE-613; RFC 8725, 3.8 to 3.12;
RFC 9068, 4; ASVS 5.0 V9.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from buckler.guard.options import GuardError, positive, size, texts

MAX_LEEWAY: Final = 60.0
DEFAULT_SIZE: Final = 8 * 1024
MOST: Final = 64 * 1024


class TokenPolicy:
    """One policy, for those who issue tokens and those who verify them.

    ``iss``, ``aud`` and ``exp`` are always required, ``nbf`` and ``iat`` always honoured.

    Args:
        issuer: What ``iss`` has to be, character by character.
        audience: What ``aud`` has to name, or several of which it has to name one.
        typ: What the header's ``typ`` has to be: ``at+jwt`` for access tokens (RFC 9068), another word for each
            other purpose, so that no token counts for one that it was not made for (RFC 8725, 3.11).
        leeway: Seconds by which clocks may differ, 60 at most.
        max_age: Seconds after ``iat`` at which a token counts no more, whatever ``exp`` says; ``iat`` is required then.
        required: Further claims that have to be there.
        max_size: Of a token; a longer one is refused before anything is decoded. 64 KiB at most.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("audience", "issuer", "leeway", "max_age", "max_size", "required", "typ")

    def __init__(
        self,
        issuer: str,
        audience: str | Iterable[str],
        *,
        typ: str = "at+jwt",
        leeway: float = 0.0,
        max_age: float | None = None,
        required: Iterable[str] = ("sub",),
        max_size: int | str = DEFAULT_SIZE,
    ) -> None:
        self.issuer = _text(issuer, "issuer", "https://shop.example")
        listed = (audience,) if isinstance(audience, str) else texts(audience, "audience", "shop")
        self.audience = tuple(_text(one, "audience", "shop") for one in listed)
        if not self.audience:
            raise GuardError("audience is empty", hint="write audience='shop'")
        self.typ = typ_of(_text(typ, "typ", "at+jwt"))
        number = isinstance(leeway, int | float) and not isinstance(leeway, bool)
        if not number or not 0 <= leeway <= MAX_LEEWAY:
            raise GuardError(
                f"leeway is 0 to {MAX_LEEWAY:g} seconds, not {leeway!r}", hint="write leeway=10"
            )
        self.leeway = float(leeway)
        self.max_age = None if max_age is None else float(positive(max_age, "max_age"))
        self.required = frozenset(texts(required, "required", "sub"))
        self.max_size = size(max_size, "max_size")
        if not 0 < self.max_size <= MOST:
            raise GuardError("max_size is 1 byte to 64 KiB", hint="write max_size='8 KiB'")


def typ_of(value: str) -> str:
    """A type as it is compared: without ``application/``, in lower case (RFC 7515, 4.1.9)."""
    lowered = value.lower()
    short = lowered.removeprefix("application/")
    return lowered if "/" in short else short


def _text(value: object, name: str, example: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise GuardError(f"{name} is a text, not {value!r:.60}", hint=f"write {name}={example!r}")
    return value
