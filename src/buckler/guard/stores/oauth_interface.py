"""What a store of an authorization server has to do. What has to happen at once is one method, and one statement.

Threat: two workers that redeem one code, rotate one refresh token or take one answer twice (RFC 9700, 4.2.4 and 4.14;
CWE-362; ASVS 5.0 V10.4.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from buckler.guard.stores.oauth_records import (
    ClientRow,
    Code,
    Consent,
    DeviceRequest,
    Grant,
    GrantToken,
    OpaqueToken,
    PendingRequest,
    ServerKey,
)


class OAuthClients(Protocol):
    """Clients that were registered at run time."""

    async def get(self, client_id: str) -> ClientRow | None:
        """The one, or None."""

    async def put(self, client: ClientRow) -> None:
        """Register one, or change its metadata."""

    async def add(self, client: ClientRow) -> bool:
        """Register a new one; False where its id is taken."""

    async def add_unused(self, client: ClientRow, now: float, *, most: int) -> bool:
        """Register a new one that has an ``unused_until``, if fewer than ``most`` wait for their first use.

        In one statement; where several come at once, a database may keep as many more as there are of them.
        """

    async def use(self, client_id: str) -> None:
        """It stays: somebody agreed to it."""

    async def drop(self, client_id: str) -> bool:
        """Remove one, and all that was granted to it; False where there is none."""

    async def page(self, after: str = "", limit: int = 100) -> Sequence[ClientRow]:
        """Those by id, behind ``after`` alone."""


class OAuthGrants(Protocol):
    """Grants, and the codes and refresh tokens that stand for them."""

    async def begin(self, grant: Grant, code: Code | None = None) -> None:
        """Keep a new grant, with its code where there is one, in one transaction."""

    async def get(self, grant_id: str) -> Grant | None:
        """The one, or None."""

    async def code(self, digest: str) -> tuple[Code, Grant] | None:
        """A code and its grant, used or not; None for one that was never issued."""

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use a code up, and keep the first refresh token that comes of it, in one transaction.

        Returns:
            Whether this caller did: one alone does, and none where the code has expired or the grant is revoked.
        """

    async def refresh_token(self, digest: str) -> tuple[GrantToken, Grant] | None:
        """A refresh token and its grant, or None for one that was never issued."""

    async def advance(self, grant_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the grant is not revoked (compare and set)."""

    async def issue(self, token: GrantToken) -> None:
        """Keep a further refresh token.

        Raises:
            StoreError: Its grant is gone.
        """

    async def revoke(self, grant_id: str, now: float) -> bool:
        """Revoke a grant; False where it was already, or is none."""

    async def of(self, user_id: str) -> Sequence[Grant]:
        """Those of an account that are not revoked, newest first."""

    async def of_session(self, session: str) -> Sequence[Grant]:
        """Those of a session, revoked ones too."""

    async def revoke_all(self, user_id: str, now: float, *, client_id: str = "") -> int:
        """Revoke all of an account's, or those for one client."""


class OpaqueTokens(Protocol):
    """Access tokens that say nothing by themselves."""

    async def add(self, token: OpaqueToken) -> None:
        """Keep a new one."""

    async def find(self, digest: str) -> tuple[OpaqueToken, Grant | None] | None:
        """The token and its grant; None for one that is not there."""

    async def drop(self, digest: str) -> bool:
        """Remove one; False where there is none."""


class PendingRequests(Protocol):
    """Authorization requests that wait."""

    async def add(self, request: PendingRequest) -> None:
        """Keep a new one."""

    async def find(self, digest: str, kind: str) -> PendingRequest | None:
        """The one, or None; it stays."""

    async def take(self, digest: str, kind: str, now: float) -> PendingRequest | None:
        """Remove and give it, if it has not expired; to one caller alone."""


class DeviceRequests(Protocol):
    """Devices that wait."""

    async def add(self, request: DeviceRequest) -> bool:
        """Keep a new one; False where its user code is taken."""

    async def find(self, digest: str) -> DeviceRequest | None:
        """The one with that device code, or None."""

    async def by_user_code(self, user_code: str) -> DeviceRequest | None:
        """The one with that user code, or None."""

    async def polled(self, digest: str, *, before: float, now: float, interval: float) -> bool:
        """It asked, if it last did so ``before``; False where another request was faster."""

    async def decide(self, digest: str, status: str, grant: Grant | None = None) -> bool:
        """Approve or deny one that is pending, and keep the grant of an approval, in one transaction; to one caller alone."""

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use an approved one up, and keep its first refresh token, in one transaction; to one caller alone."""


class OAuthConsents(Protocol):
    """What people agreed to for good."""

    async def get(self, user_id: str, client_id: str) -> Consent | None:
        """What somebody agreed to for a client, or None."""

    async def put(self, consent: Consent) -> None:
        """Keep it in place of an earlier one."""

    async def drop(self, user_id: str, client_id: str) -> bool:
        """Take it back; False where there is none."""

    async def of(self, user_id: str) -> Sequence[Consent]:
        """All of an account's."""


class Replays(Protocol):
    """What counts once: ``jti`` of assertions and proofs."""

    async def first(self, key: str, until: float) -> bool:
        """Whether a key comes for the first time; True to one caller alone until then (seconds since 1970).

        Raises:
            StoreError: Nobody knows.
        """


class ServerKeys(Protocol):
    """Keys that sign."""

    async def all(self) -> Sequence[ServerKey]:
        """All that are kept."""

    async def add(self, key: ServerKey) -> bool:
        """Keep one; False where another worker made that of its period."""

    async def drop(self, key_id: str) -> bool:
        """Remove one; False where there is none."""

    async def end(self, key_id: str, at: float) -> bool:
        """Let one sign and verify no more from then on; False where there is none."""


class OAuthStores(Protocol):
    """All of them; ``stores.oauth``."""

    @property
    def clients(self) -> OAuthClients:
        """Clients that were registered at run time."""

    @property
    def grants(self) -> OAuthGrants:
        """Grants, codes and refresh tokens."""

    @property
    def opaque(self) -> OpaqueTokens:
        """Access tokens that say nothing by themselves."""

    @property
    def pending(self) -> PendingRequests:
        """Authorization requests that wait."""

    @property
    def devices(self) -> DeviceRequests:
        """Devices that wait."""

    @property
    def consents(self) -> OAuthConsents:
        """What people agreed to."""

    @property
    def replays(self) -> Replays:
        """What counts once."""

    @property
    def keys(self) -> ServerKeys:
        """Keys that sign."""

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind."""
