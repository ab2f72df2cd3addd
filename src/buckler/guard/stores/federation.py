"""What is kept of accounts at other providers: who somebody is there, their tokens, the sessions begun there.

Threat: an account that is found by an e-mail address, which a provider may give to somebody else (CWE-287,
CWE-290): what identifies is issuer and subject. Tokens are encrypted by whoever gives them here (CWE-312), and two
workers that refresh one token at once would lose it where refresh tokens rotate: a lease is one statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIdentity:
    """Who the owner of an account is at a provider; issuer and subject together are unique.

    Attributes:
        issuer: As the ID token says it.
        subject: ``sub``.
        user_id: The account.
        provider: Name of the provider here.
        email: As the provider last said it, for the owner's list; identifies nobody.
        proven: Whether the account's address was verified when this was linked, or it has none.
        created: When it was linked.
        used: When it last signed in.
    """

    issuer: str
    subject: str
    user_id: str
    provider: str
    email: str = ""
    proven: bool = False
    created: float = 0.0
    used: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalToken:
    """The tokens that a provider gave for an account.

    Attributes:
        user_id: Whose.
        provider: Name of the provider here; one each.
        version: Another one at each change.
        sealed: The tokens, encrypted.
        expires: When the access token does.
        leased: Until when somebody is refreshing it; 0 for nobody.
    """

    user_id: str
    provider: str
    version: str
    sealed: str
    expires: float
    leased: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSession:
    """Which session here was begun by which session there.

    Attributes:
        session_id: Of ours.
        user_id: Whose.
        provider: Name of the provider here.
        issuer: Of the ID token.
        subject: ``sub``.
        sid: Id of the session there; empty where it says none.
        sealed: The ID token, encrypted; what ends the session there.
        expires: When ours ends.
    """

    session_id: str
    user_id: str
    provider: str
    issuer: str
    subject: str
    sid: str
    sealed: str
    expires: float


class ExternalIdentities(Protocol):
    """Who accounts are at providers."""

    async def find(self, issuer: str, subject: str) -> ExternalIdentity | None:
        """The one of that issuer and subject, or None."""

    async def of(self, user_id: str) -> Sequence[ExternalIdentity]:
        """Those of an account, oldest first."""

    async def add(self, identity: ExternalIdentity) -> bool:
        """Keep a new one; False where issuer and subject are taken, by whichever account."""

    async def touch(self, issuer: str, subject: str, used: float, email: str) -> None:
        """It signed in."""

    async def drop(self, user_id: str, provider: str, *, keep_one: bool) -> bool:
        """Remove those of an account at one provider; False where there is none.

        Args:
            user_id: Whose.
            provider: Name of the provider here.
            keep_one: Remove nothing where no identity at another provider would be left; atomic.
        """


class ExternalTokens(Protocol):
    """Tokens of providers."""

    async def find(self, user_id: str, provider: str) -> ExternalToken | None:
        """Those of an account, or None."""

    async def put(self, token: ExternalToken) -> None:
        """Keep them, in place of any."""

    async def lease(
        self, user_id: str, provider: str, *, version: str, now: float, until: float
    ) -> bool:
        """Let one caller alone refresh them until then, if the version still is that and nobody has a lease."""

    async def replace(self, token: ExternalToken, *, version: str) -> bool:
        """Set tokens and version if the version still is ``version``; False where it is not."""

    async def drop(self, user_id: str, provider: str, *, version: str = "") -> bool:
        """Remove them, if the version is that; else any. False where nothing was removed."""


class ExternalSessions(Protocol):
    """Sessions that were begun at providers."""

    async def add(self, session: ExternalSession) -> None:
        """Keep it, in place of what the same session was begun by before."""

    async def find(self, session_id: str) -> ExternalSession | None:
        """What one of our sessions was begun by, or None."""

    async def take(
        self, issuer: str, *, sid: str = "", subject: str = ""
    ) -> Sequence[ExternalSession]:
        """Remove and give those of an issuer with that ``sid`` and that subject; an empty one is any, not both.

        A caller that names neither gets none.
        """

    async def of(self, user_id: str, provider: str) -> Sequence[ExternalSession]:
        """Those of an account at one provider."""

    async def drop(self, session_id: str) -> bool:
        """Remove one; False where there is none."""
