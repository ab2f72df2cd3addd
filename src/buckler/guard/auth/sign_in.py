"""Signs in by name and password, and says no more than yes or no.

Threat: guessing (CWE-307), and an answer from which can be read whether an account exists, is disabled, has a
password or has to wait (CWE-204, CWE-208; ASVS 5.0 V6.3.1, V6.3.8). All of these look up the account, count the
attempt and calculate one hash.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final, NoReturn

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.errors import NameRefusedError, PasswordError
from buckler.guard.auth.lockout import Attempt, Lockout
from buckler.guard.auth.names import normalise as normalise
from buckler.guard.auth.password.hashing import Hasher, Seat
from buckler.guard.options import check_listener
from buckler.guard.stores.interface import Users
from buckler.guard.stores.records import User

SHOWN: Final = 16
"""Digits of a name's digest in events: enough to see that it is the same one."""


class PasswordSignIn:
    """Signs in by name and password.

    Args:
        users: Accounts.
        passwords: Checks hashes.
        lockout: Counts failures.
        tell: Gets an event for each sign-in.
        clock: Seconds since 1970, for events.

    Raises:
        GuardError: ``tell`` cannot be told.
    """

    __slots__ = ("_clock", "_lockout", "_passwords", "_tell", "_users")

    def __init__(
        self,
        users: Users,
        passwords: Hasher,
        lockout: Lockout,
        tell: Listener,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_listener(tell, "tell")
        self._users = users
        self._passwords = passwords
        self._lockout = lockout
        self._tell = Teller(tell)
        self._clock = clock

    async def sign_in(
        self, name: str, password: str, *, client: str = "", device: str = ""
    ) -> User:
        """The account that a name and a password belong to.

        A hash in an older format, or one that is cheaper to guess than new ones, is replaced.

        Args:
            name: As it was typed.
            password: As it was typed.
            client: Address that it comes from.
            device: Proof of an earlier sign-in from there; :meth:`Lockout.device` makes a new one afterwards.

        Raises:
            PasswordError: They do not, or may not be tried now; the caller is told the same whatever the
                reason: ``unknown``, ``password``, ``disabled``, ``no_password``, ``changed``, ``locked_account``,
                ``locked_device``, ``locked_address``, or what is wrong with the stored hash.
            TooBusyError: Too many wait; 503 with ``Retry-After``.
        """
        try:
            wanted = normalise(name)
        except NameRefusedError:
            # Nobody has such a name; all the same it takes the way that every other one takes. None begins
            # with a blank, and unlike what was typed it is a text that every database takes.
            wanted = " " + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        # The place comes first: what is turned away since too many wait was no guess, and is not counted as one.
        with self._passwords.seat() as passwords:
            attempt = await self._lockout.begin(wanted, client=client, device=device)
            user = await self._users.by_name(wanted)
            usable = user is not None and not user.disabled and not attempt.locked
            verification = await passwords.verify(
                password, user.password if user is not None and usable else None
            )
            settled = None
            if user is not None and verification.ok:
                settled = await self._settled(passwords, user, password, verification.replacement)
        if user is None or not verification.ok:
            await self._refuse(attempt, user, client, _reason(attempt, user, verification.reason))
        if settled is None:
            await self._refuse(attempt, user, client, "changed")
        await self._lockout.succeeded(attempt)
        self._say(EventKind.SIGN_IN_SUCCEEDED, "password", attempt, settled, client)
        return settled

    async def _settled(
        self, passwords: Seat, user: User, password: str, replacement: str | None
    ) -> User | None:
        """The account as it stands after the check, with its new hash; None where it was changed meanwhile.

        A check takes a quarter of a second, in which the password may have been changed, or the account
        disabled, against the very one who is signing in.
        """
        if replacement is not None:
            await self._users.set_password(user.id, replacement, instead_of=user.password)
        now = await self._users.get(user.id)
        if now is None or now.disabled:
            return None
        if now.password in (user.password, replacement):
            return now
        again = await passwords.verify(password, now.password)
        return now if again.ok else None

    async def _refuse(
        self, attempt: Attempt, user: User | None, client: str, reason: str
    ) -> NoReturn:
        await self._lockout.failed(attempt)
        kind = EventKind.SIGN_IN_LOCKED if attempt.locked else EventKind.SIGN_IN_FAILED
        self._say(kind, reason, attempt, user, client)
        raise PasswordError(reason, "the name and the password do not belong together")

    def _say(
        self, kind: EventKind, reason: str, attempt: Attempt, user: User | None, client: str
    ) -> None:
        self._tell(
            SecurityEvent(
                kind=kind,
                reason=reason,
                time=self._clock(),
                client=client,
                principal="" if user is None else user.id,
                # Never the name itself: people type their password into the wrong field.
                detail={"account": hashed(attempt.name), "known_device": attempt.known},
            )
        )


def hashed(name: str) -> str:
    """What events say of a name that may belong to nobody."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:SHOWN]


def _reason(attempt: Attempt, user: User | None, found: str) -> str:
    if attempt.locked:
        return f"locked_{attempt.locked}"
    if user is None:
        return "unknown"
    return "disabled" if user.disabled else found
