"""What a store of identities has to do: one Protocol for each kind of thing, and all of them as one.

Whoever keeps something elsewhere implements that one Protocol. What has to happen at once in the face of
other workers (a single use, a rotation, a count) is one method here, so that a store can do it in one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from buckler.guard.stores.federation import (
    ExternalIdentities,
    ExternalSessions,
    ExternalTokens,
)
from buckler.guard.stores.oauth_interface import OAuthStores
from buckler.guard.stores.records import (
    ApiKey,
    Attempts,
    OneTimeToken,
    Passkey,
    RefreshFamily,
    RefreshToken,
    Role,
    Session,
    Standing,
    TotpFactor,
    User,
)


class Users(Protocol):
    """Accounts."""

    async def get(self, user_id: str) -> User | None:
        """The account, or None."""

    async def by_name(self, name: str) -> User | None:
        """The account with that (normalised) name, or None."""

    async def add(self, user: User) -> User | None:
        """Keep a new account, and give it as it is kept; None where its name or id is taken.

        Its id may be another one than was asked for: a table of the application's own may number its rows.
        """

    async def rename(self, user_id: str, name: str) -> bool:
        """Give it another name; False where it is taken or there is no such account."""

    async def set_password(self, user_id: str, password: str, *, instead_of: str | None) -> bool:
        """Store a new hash if the stored one still is ``instead_of``; False where it is not."""

    async def set_state(
        self,
        user_id: str,
        *,
        verified: bool | None = None,
        disabled: bool | None = None,
        valid_from: float | None = None,
    ) -> bool:
        """Change what is not None; False where there is no such account."""

    async def page(self, after: str = "", limit: int = 100) -> Sequence[User]:
        """Accounts by name, those behind ``after`` alone."""

    async def remove(self, user_id: str) -> bool:
        """Remove the account; what else belongs to it is for :meth:`Stores.forget`."""


class Roles(Protocol):
    """Roles, and who has them. Every change raises the epoch in the same transaction."""

    async def epoch(self) -> int:
        """Number of the last change."""

    async def all(self) -> Sequence[Role]:
        """Every role that was put at run time."""

    async def put(self, role: Role) -> None:
        """Make or change a role."""

    async def drop(self, name: str) -> bool:
        """Remove a role, its assignments with it."""

    async def of(self, user_id: str) -> frozenset[str]:
        """Names of the roles that an account has."""

    async def assign(self, user_id: str, role: str) -> bool:
        """Give an account a role; False where it has it."""

    async def withdraw(self, user_id: str, role: str) -> bool:
        """Take a role from an account; False where it has it not."""

    async def holders(self, role: str) -> Sequence[str]:
        """Ids of the accounts that have a role."""


class Sessions(Protocol):
    """Sessions of browsers."""

    async def add(self, session: Session) -> None:
        """Keep a new one."""

    async def find(self, digest: str) -> Session | None:
        """The one with that cookie, or None."""

    async def touch(self, digest: str, used: float) -> None:
        """It was used."""

    async def rotate(self, digest: str, to: Session) -> bool:
        """Put ``to`` in its place, in one step; False where it is gone."""

    async def of(self, user_id: str) -> Sequence[Session]:
        """Those of an account, newest first."""

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""

    async def revoke_all(self, user_id: str, *, but: str = "") -> int:
        """End all of an account's but the one with this id."""


class RefreshTokens(Protocol):
    """Families of refresh tokens."""

    async def begin(self, family: RefreshFamily, first: RefreshToken) -> None:
        """Keep a new family with its first token."""

    async def find(self, digest: str) -> tuple[RefreshToken, RefreshFamily] | None:
        """The token and its family, or None for a digest that was never issued."""

    async def advance(self, family_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the family is not revoked (compare and set)."""

    async def issue(self, token: RefreshToken) -> None:
        """Keep a further token."""

    async def revoke(self, family_id: str, now: float) -> bool:
        """Revoke a family; False where it was already, or is none."""

    async def of(self, user_id: str) -> Sequence[RefreshFamily]:
        """Those of an account that are not revoked, newest first."""

    async def revoke_all(self, user_id: str, now: float, *, but: str = "") -> int:
        """Revoke all of an account's but the one with this id."""


class ApiKeys(Protocol):
    """Keys for programs."""

    async def add(self, key: ApiKey) -> None:
        """Keep a new one."""

    async def find(self, digest: str) -> ApiKey | None:
        """The one with that digest, or None."""

    async def touch(self, key_id: str, used: float) -> None:
        """It was used."""

    async def of(self, user_id: str) -> Sequence[ApiKey]:
        """Those of an account, newest first."""

    async def expire(self, user_id: str, key_id: str, at: float) -> bool:
        """Let one of an account's end then, if that is earlier; False where it is not theirs."""

    async def revoke(self, user_id: str, key_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""


class OneTimeTokens(Protocol):
    """Tokens that count once."""

    async def add(self, token: OneTimeToken) -> None:
        """Keep a new one."""

    async def take(self, digest: str, purpose: str, now: float) -> OneTimeToken | None:
        """Remove and give it, if it is for that purpose and has not expired; to one caller alone."""

    async def drop(self, purpose: str, subject: str) -> int:
        """Remove all for a purpose and a subject."""


class FailedAttempts(Protocol):
    """Counts of failed attempts."""

    async def get(self, key: str) -> Attempts | None:
        """What is counted for a key, or None."""

    async def fail(self, key: str, now: float, *, window: float) -> Attempts:
        """Count one more, from one again where none came for ``window`` seconds; atomic."""

    async def clear(self, key: str) -> None:
        """Count from zero."""


class Revocations(Protocol):
    """Tokens that count no more though they have not expired."""

    async def revoke(self, token_id: str, until: float) -> bool:
        """Revoke the token with that ``jti`` (or all of a ``sid``) until it expires; False where it was."""

    async def revoked(self, *token_ids: str) -> bool:
        """Whether one of them is revoked."""


class Factors(Protocol):
    """Second factors."""

    async def totp(self, user_id: str) -> TotpFactor | None:
        """The shared secret of an account, or None."""

    async def put_totp(self, factor: TotpFactor) -> bool:
        """Keep it, in place of one that is not confirmed; False where a confirmed one is there."""

    async def change_totp(
        self, user_id: str, secret: str, *, instead_of: str, confirmed: bool
    ) -> bool:
        """Set secret and confirmation if the secret still is ``instead_of``, and leave the step; else False."""

    async def use_step(self, user_id: str, step: int) -> bool:
        """Take a time step, if it is later than the last one taken; to one caller alone."""

    async def drop_totp(self, user_id: str) -> bool:
        """Remove it."""

    async def put_codes(self, user_id: str, digests: Sequence[str]) -> None:
        """Keep recovery codes in place of all earlier ones."""

    async def take_code(self, user_id: str, digest: str) -> bool:
        """Take a recovery code; to one caller alone."""

    async def codes_left(self, user_id: str) -> int:
        """How many recovery codes are left."""

    async def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a new one; False where its id is taken."""

    async def passkey(self, passkey_id: str) -> Passkey | None:
        """The one with that credential id, or None."""

    async def passkeys(self, user_id: str) -> Sequence[Passkey]:
        """Those of an account, newest first."""

    async def use_passkey(
        self, passkey_id: str, *, before: int, sign_count: int, used: float
    ) -> bool:
        """Set its counter if it still is ``before``; False where it is not."""

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""


class Stores(Protocol):
    """All of them."""

    @property
    def users(self) -> Users:
        """Accounts."""

    @property
    def roles(self) -> Roles:
        """Roles and who has them."""

    @property
    def sessions(self) -> Sessions:
        """Sessions of browsers."""

    @property
    def refresh(self) -> RefreshTokens:
        """Families of refresh tokens."""

    @property
    def keys(self) -> ApiKeys:
        """Keys for programs."""

    @property
    def one_time(self) -> OneTimeTokens:
        """Tokens that count once."""

    @property
    def attempts(self) -> FailedAttempts:
        """Counts of failed attempts."""

    @property
    def revocations(self) -> Revocations:
        """Revoked tokens."""

    @property
    def factors(self) -> Factors:
        """Second factors."""

    @property
    def oauth(self) -> OAuthStores:
        """What an authorization server keeps."""

    @property
    def external_identities(self) -> ExternalIdentities:
        """Who accounts are at other providers."""

    @property
    def external_tokens(self) -> ExternalTokens:
        """Tokens of other providers."""

    @property
    def external_sessions(self) -> ExternalSessions:
        """Sessions that were begun at other providers."""

    async def standing(self, user_id: str, *token_ids: str) -> Standing | None:
        """What has to be known of a principal at every request, in one round trip; None for no account.

        Args:
            user_id: Whose.
            token_ids: ``jti`` and ``sid`` of the token that came, to be looked up among the revoked.
        """

    async def forget(self, user_id: str) -> None:
        """Remove an account and all that belongs to it, in one transaction."""

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind."""

    async def open(self) -> None:
        """Make ready: at the start of the application."""

    async def close(self) -> None:
        """Give connections back: at its end."""
