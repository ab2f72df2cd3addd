"""Passkeys of accounts: challenges that count once, counters that only grow.

Threat: an answer that is replayed (CWE-294), a passkey that somebody adds to another account (CWE-287), an
authenticator that was copied (WebAuthn Level 3, 6.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from buckler.guard.audit.events import EventKind, Severity
from buckler.guard.auth.errors import CredentialError, FactorError
from buckler.guard.auth.mfa import webauthn_response as responses
from buckler.guard.auth.mfa.passkey import TIMEOUT, Ceremonies, PasskeyOptions, new_challenge
from buckler.guard.auth.mfa.telling import Telling
from buckler.guard.auth.one_time import OneTime
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import OneTimeToken, Passkey, User

REGISTER: Final = "passkey.register"
SIGN_IN: Final = "passkey.sign_in"
MOST: Final = 20
"""Passkeys of one account."""
LONGEST_NAME: Final = 100
_TRIES: Final = 8


class PasskeyFactors:
    """Registers and checks passkeys.

    Args:
        stores: Where accounts, passkeys and challenges are kept.
        ceremonies: Asks browsers and judges answers.
        tell: Tells what happened.
        clock: Seconds since 1970.
    """

    __slots__ = ("_ceremonies", "_clock", "_one_time", "_store", "_tell", "_users")

    def __init__(
        self, stores: Stores, ceremonies: Ceremonies, tell: Telling, clock: Callable[[], float]
    ) -> None:
        self._store = stores.factors
        self._users = stores.users
        self._one_time = OneTime(stores.one_time, clock=clock)
        self._ceremonies = ceremonies
        self._tell = tell
        self._clock = clock

    async def begin(self, user: User) -> PasskeyOptions:
        """What asks the owner's browser for a new passkey.

        Raises:
            FactorError: The account has as many as it may (``too_many``).
        """
        known = await self._store.passkeys(user.id)
        if len(known) >= MOST:
            raise FactorError("too_many", f"an account has {MOST} passkeys at most")
        challenge = new_challenge()
        options = self._ceremonies.creation_options(user, challenge, known)
        return await self._asked(REGISTER, user.id, challenge, options)

    async def add(self, user: User, ticket: str, response: Mapping[str, Any], name: str) -> Passkey:
        """Keep the passkey that a browser made.

        Raises:
            CredentialError: The ticket or the answer does not count, the name is none (``name``), or the passkey
                is known (``taken``).
        """
        try:
            made = await self._made(user, ticket, response, name)
        except CredentialError as error:
            self._tell(
                EventKind.INPUT_REFUSED,
                f"passkey_{error.reason}",
                "A new passkey was refused",
                user.id,
            )
            raise
        return made

    async def begin_sign_in(self, user_id: str | None) -> PasskeyOptions:
        """What asks a browser to use a passkey: one of an account's, or any that it has for this site.

        Raises:
            FactorError: The account has none (``no_factor``).
        """
        known = [] if user_id is None else await self._store.passkeys(user_id)
        if user_id is not None and not known:
            raise FactorError("no_factor", "the account has no passkey")
        challenge = new_challenge()
        options = self._ceremonies.request_options(challenge, known)
        return await self._asked(SIGN_IN, user_id or "", challenge, options)

    async def finish_sign_in(
        self, ticket: str, response: Mapping[str, Any], *, client: str = ""
    ) -> str:
        """Whose passkey signed the challenge.

        Raises:
            CredentialError: None did; the caller is told the same whatever it is.
        """
        owner = ""
        try:
            taken = await self._one_time.take(ticket, SIGN_IN)
            passkey = await self._known(responses.credential_id(response))
            owner = passkey.user_id
            await self._check_owner(taken, owner)
            count = self._ceremonies.used(
                response, taken.data["challenge"], passkey, named=bool(taken.subject)
            )
            await self._count(passkey, count)
        except CredentialError as error:
            self._tell(
                EventKind.SIGN_IN_FAILED,
                f"passkey_{error.reason}",
                "A passkey was refused",
                owner,
                client=client,
                severity=Severity.ALERT if error.reason == "cloned" else None,
            )
            raise
        self._tell(
            EventKind.SIGN_IN_SUCCEEDED, "passkey", "A passkey was shown", owner, client=client
        )
        return owner

    async def forget_challenges(self, user_id: str) -> None:
        """Let no challenge that was sent for an account count any more."""
        for purpose in (REGISTER, SIGN_IN):
            await self._one_time.drop(purpose, user_id)

    async def _asked(
        self, purpose: str, subject: str, challenge: str, options: dict[str, Any]
    ) -> PasskeyOptions:
        ticket = await self._one_time.issue(
            purpose, subject, ttl=TIMEOUT, data={"challenge": challenge}
        )
        return PasskeyOptions(options=options, ticket=ticket)

    async def _made(
        self, user: User, ticket: str, response: Mapping[str, Any], name: str
    ) -> Passkey:
        taken = await self._one_time.take(ticket, REGISTER)
        if taken.subject != user.id:
            raise FactorError("other_account", "a ticket for a passkey is somebody else's")
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise FactorError("name", "the name of a passkey is empty, too long or not printable")
        found = self._ceremonies.registered(response, taken.data["challenge"])
        passkey = Passkey(
            id=found.id,
            user_id=user.id,
            public_key=found.public_key,
            sign_count=found.sign_count,
            name=name,
            transports=found.transports,
            created=self._clock(),
        )
        if not await self._store.add_passkey(passkey):
            raise FactorError("taken", "the passkey is registered already")
        self._tell(
            EventKind.CREDENTIAL_CHANGED,
            "passkey_added",
            "A passkey was added",
            user.id,
            synced=found.synced,
            backed_up=found.backed_up,
        )
        return passkey

    async def _known(self, passkey_id: str) -> Passkey:
        found = await self._store.passkey(passkey_id)
        if found is None:
            raise FactorError("unknown", "the passkey is not known")
        return found

    async def _check_owner(self, taken: OneTimeToken, owner: str) -> None:
        if taken.subject and taken.subject != owner:
            raise FactorError("other_account", "the passkey is of another account")
        user = await self._users.get(owner)
        if user is None or user.disabled:
            raise FactorError("disabled", "the account is gone or disabled")

    async def _count(self, passkey: Passkey, count: int) -> None:
        """Keep the counter, if it grew; authenticators that do not count always say 0.

        Of two sign-ins at once the slower one looks again: its own count may be the higher one.
        """
        for _ in range(_TRIES):
            if (count or passkey.sign_count) and count <= passkey.sign_count:
                raise FactorError("cloned", "the counter of a passkey did not grow: it was copied")
            if await self._store.use_passkey(
                passkey.id, before=passkey.sign_count, sign_count=count, used=self._clock()
            ):
                return
            passkey = await self._known(passkey.id)
        raise FactorError("busy", "the passkey is used by too many at once")
