"""The clients of a server: those that code states, and those that were registered at run time.

Threat: a client that is taken for another, or for an account, by its id (RFC 9068, 5; CWE-290).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.auth.oauth.server.client import IMPLICIT, PASSWORD, OAuthClient, new_secret
from buckler.guard.options import GuardError, Weakness, instance
from buckler.guard.stores.oauth_interface import OAuthClients
from buckler.guard.stores.oauth_records import ClientRow

_ACCOUNT: Final = re.compile(r"[0-9a-f]{32}")
"""The ids of accounts, as they are made for sign-up and from code."""


class ClientBook:
    """Finds and registers clients.

    Args:
        stated: By code; no other can have one of their ids.
        store: Of the others.
        tell: Takes security events.
        clock: Seconds since 1970.

    Raises:
        GuardError: Two have one id, or one's looks like an account's.
    """

    def __init__(
        self,
        stated: Iterable[OAuthClient],
        store: OAuthClients,
        tell: Listener,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stated: dict[str, OAuthClient] = {}
        for client in stated:
            instance(client, "clients", OAuthClient, optional=False)
            _check_id(client)
            if client.id in self._stated:
                raise GuardError(f"two clients have the id {client.id}", hint="give another id=")
            self._stated[client.id] = client
        self._store = store
        self._tell = tell
        self._clock = clock

    def stated(self) -> Sequence[OAuthClient]:
        """Those that code states."""
        return list(self._stated.values())

    async def get(self, client_id: str) -> OAuthClient | None:
        """The one of that id, if it is not disabled; or None.

        Raises:
            StoreError: The store does not answer.
        """
        found = self._stated.get(client_id)
        if found is None:
            row = await self._store.get(client_id)
            found = None if row is None else OAuthClient.read(row.id, row.data)
        return None if found is None or found.disabled else found

    async def registered(self, client_id: str) -> OAuthClient | None:
        """The one of that id that was registered at run time, disabled or not; or None."""
        row = await self._store.get(client_id)
        return None if row is None else OAuthClient.read(row.id, row.data)

    async def add(self, client: OAuthClient, *, by: str = "") -> None:
        """Register a client.

        Args:
            client: With an id that nobody has.
            by: Who does it, for the security log.

        Raises:
            GuardError: Its id is taken, or looks like an account's.
        """
        _check_id(client)
        row = ClientRow(id=client.id, data=client.data(), created=self._clock())
        if client.id in self._stated or not await self._store.add(row):
            raise GuardError(f"the client id {client.id} is taken", hint="give another id=")
        self._told("client_added", client.id, by)
        self._tell_weaknesses(client, by)

    async def add_unused(self, client: OAuthClient, *, until: float, most: int) -> bool:
        """Register a client that nobody vouches for.

        Args:
            client: With an id that nobody has.
            until: When it goes unless somebody agreed to it before; seconds since 1970.
            most: That may wait for that at once.

        Returns:
            Whether there was room.
        """
        now = self._clock()
        row = ClientRow(id=client.id, data=client.data(), created=now, unused_until=until)
        if client.id in self._stated or not await self._store.add_unused(row, now, most=most):
            return False
        self._told("client_added", client.id, "registration")
        return True

    async def use(self, client: OAuthClient) -> None:
        """Let a client stay, since somebody agrees to it."""
        if client.self_registered:
            await self._store.use(client.id)

    async def change(self, client: OAuthClient, *, by: str = "") -> None:
        """Change a client that was registered at run time.

        Raises:
            GuardError: There is none, or code states it.
        """
        if client.id in self._stated or await self._store.get(client.id) is None:
            raise GuardError(
                f"there is no client {client.id} that was registered at run time",
                hint="change it where code states it, or add() it",
            )
        await self._store.put(ClientRow(id=client.id, data=client.data(), created=self._clock()))
        self._told("client_changed", client.id, by)
        self._tell_weaknesses(client, by)

    async def renew_secret(self, client_id: str, *, keep: bool = False, by: str = "") -> str:
        """Give a client that was registered at run time another secret, told once.

        Args:
            client_id: Whose.
            keep: Whether the one before goes on counting, until this is called again.
            by: Who does it.

        Raises:
            GuardError: There is none, or it has no secret.
        """
        client = await self.registered(client_id)
        if client is None or not client.secret:
            raise GuardError(f"there is no client {client_id} with a secret", hint="see page()")
        secret = new_secret()
        before = tuple(client.secret)[:1] if keep else ()
        await self.change(replace(client, secret=(secret, *before)), by=by)
        return secret

    async def drop(self, client_id: str, *, by: str = "") -> bool:
        """Remove a client that was registered at run time, and all that was granted to it."""
        dropped = await self._store.drop(client_id)
        if dropped:
            self._told("client_dropped", client_id, by)
        return dropped

    async def page(self, after: str = "", limit: int = 100) -> Sequence[OAuthClient]:
        """Those that were registered at run time, by id."""
        rows = await self._store.page(after, limit)
        return [OAuthClient.read(row.id, row.data) for row in rows]

    def weaknesses(self) -> Iterable[Weakness]:
        """Clients that code states and that may do what ASVS 5.0 V10.4.4 forbids."""
        for client in self._stated.values():
            yield from _weaknesses_of(client)

    def _tell_weaknesses(self, client: OAuthClient, by: str) -> None:
        for reason, message in _weaknesses_of(client):
            self._told(reason, client.id, by, message)

    def _told(
        self, reason: str, client_id: str, by: str, message: str = "An OAuth client was changed"
    ) -> None:
        self._tell(
            SecurityEvent(
                kind=EventKind.CONFIGURATION,
                reason=reason,
                message=message,
                principal=by,
                time=self._clock(),
                detail={"client": client_id},
            )
        )


def _weaknesses_of(client: OAuthClient) -> Iterable[Weakness]:
    for grant in (IMPLICIT, PASSWORD):
        if client.may(grant):
            yield (
                f"oauth_{grant}",
                f"the client {client.id} may use the {grant} grant (ASVS 5.0 V10.4.4); the code grant "
                "with PKCE does the same",
            )


def is_account_id(text: str) -> bool:
    """Whether a text could be the id of an account that was made here."""
    return bool(_ACCOUNT.fullmatch(text))


def _check_id(client: OAuthClient) -> None:
    """Look whether the tokens that a client gets for itself could be an account's (RFC 9068, 5).

    Raises:
        GuardError: They could.
    """
    if is_account_id(client.id):
        raise GuardError(
            f"client {client.id}: its id looks like an account's, and is the sub of its own tokens",
            hint="an id that says who it is, e.g. id='nightly', or leave it to the server",
        )


def new_id() -> str:
    """A ``client_id`` that says nothing."""
    return secrets.token_urlsafe(16)
