"""Who somebody is at a provider, as the provider says it.

Threat: an e-mail address that counts as an identity (CWE-287, CWE-290): it can be given up and given to somebody else,
and some providers let their users write it themselves. What identifies is issuer and subject; see OpenID Connect
Core, 5.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from buckler.guard.auth.errors import NameRefusedError
from buckler.guard.auth.names import normalise

LONGEST: Final = 255
"""Characters of a subject (OpenID Connect Core, 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a provider says.

    Attributes:
        issuer: Of the ID token.
        subject: ``sub``.
        email: Normalised as names of accounts are; empty where it says none that can be one.
        email_verified: Whether it says that the address was verified.
        auth_time: When its owner signed in there, seconds since 1970; None where it does not say.
        sid: Id of the session there; empty where it says none.
    """

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    auth_time: float | None = None
    sid: str = ""

    def with_email(self, claims: Mapping[str, Any]) -> Claimed:
        """The same, with the address that claims hold, where it has none."""
        if self.email:
            return self
        email = email_of(claims.get("email"))
        said = claims.get("email_verified")
        # Some write the truth as a text (Sign in with Apple). Not by equality alone: 1 is equal to True.
        verified = said is True or (isinstance(said, str) and said == "true")
        return replace(self, email=email, email_verified=bool(email) and verified)


def email_of(value: object) -> str:
    """An address in the form in which accounts are named, or nothing."""
    if not isinstance(value, str) or value.count("@") != 1 or " " in value.strip():
        return ""
    try:
        found = normalise(value)
    except NameRefusedError:
        return ""
    # Two mailboxes whose names become one here would be one account: their case alone may differ.
    if found != (value.lower() if value.isascii() else value):
        return ""
    return found if not found.startswith("@") and not found.endswith("@") else ""
