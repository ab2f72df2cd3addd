"""Sign-up, verification of the address, reset and change of the password.

Threat: forms that tell who has an account (CWE-204; ASVS 5.0 V6.3.8), an account that somebody else prepared with
the owner's address (CWE-283), a reset that leaves the thief signed in (CWE-613; ASVS 5.0 V7.4.3), a mailbox that
is flooded (CWE-799). The answers are the same whatever there is; what differs goes to the owner by mail, behind
the answer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.errors import PasswordError, PasswordPolicyError, TokenError
from buckler.guard.auth.lockout import Lockout
from buckler.guard.auth.mail import Deliver, Mail, MailKind, Outbox, check_deliver
from buckler.guard.auth.names import normalise
from buckler.guard.auth.one_time import Links, OneTime
from buckler.guard.auth.password.hashing import Hasher
from buckler.guard.auth.password.policy import PasswordPolicy
from buckler.guard.auth.sign_in import hashed
from buckler.guard.options import check_listener, count, instance, positive
from buckler.guard.stores.interface import FailedAttempts, OneTimeTokens, Users
from buckler.guard.stores.records import OneTimeToken, User

VERIFY: Final = "verify"
RESET: Final = "reset"
HOUR: Final = 3600.0
ID: Final = 16
"""Bytes of an account's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTimes:
    """How long things count, and how much is sent.

    Attributes:
        verify: Seconds that a link to confirm an address counts.
        reset: Seconds that a link to a new password counts.
        mails: Mails of one kind to one account in an hour.

    Raises:
        GuardError: An attribute is none.
    """

    verify: float = 86_400.0
    reset: float = 1_800.0
    mails: int = 3

    def __post_init__(self) -> None:
        positive(self.verify, "verify")
        positive(self.reset, "reset")
        count(self.mails, "mails")


class Accounts:
    """What the owner of an account does with it.

    Args:
        users: Accounts.
        tokens: Of one use.
        attempts: Counts mails.
        passwords: Makes and checks hashes.
        lockout: Ends the wait of whoever reset their password.
        links: For mails.
        deliver: Sends one mail; called behind the answer.
        tell: Gets events.
        policy: Of new passwords.
        times: How long things count.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = (
        "_attempts",
        "_clock",
        "_deliver",
        "_links",
        "_lockout",
        "_one_time",
        "_passwords",
        "_policy",
        "_tell",
        "_times",
        "_users",
        "outbox",
    )

    def __init__(
        self,
        users: Users,
        tokens: OneTimeTokens,
        attempts: FailedAttempts,
        *,
        passwords: Hasher,
        lockout: Lockout,
        links: Links,
        deliver: Deliver,
        tell: Listener,
        policy: PasswordPolicy | None = None,
        times: AccountTimes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        instance(lockout, "lockout", Lockout, optional=False)
        instance(links, "links", Links, optional=False)
        instance(policy, "policy", PasswordPolicy)
        instance(times, "times", AccountTimes)
        check_deliver(deliver)
        check_listener(tell, "tell")
        self._users = users
        self._one_time = OneTime(tokens, clock=clock)
        self._attempts = attempts
        self._passwords = passwords
        self._lockout = lockout
        self._links = links
        self._deliver = deliver
        self._tell = Teller(tell)
        self._policy = policy or PasswordPolicy()
        self._times = times or AccountTimes()
        self._clock = clock
        self.outbox = Outbox(self._tell)

    async def sign_up(self, name: str, password: str, *, second_factor: bool = False) -> None:
        """Make an account, or tell the owner of the one that has that name; the caller cannot know which.

        Args:
            name: As it was typed.
            password: As it was typed.
            second_factor: Whether the account cannot be entered without one.

        Raises:
            NameRefusedError: Nobody can have such a name.
            PasswordPolicyError: The password may not be taken.
            TooBusyError: Too many wait.
        """
        wanted = normalise(name)
        chosen = await self._policy.judge(password, name=wanted, second_factor=second_factor)
        now = self._clock()
        made = await self._users.add(
            User(
                id=secrets.token_hex(ID),
                name=wanted,
                password=await self._passwords.hash(chosen),
                created=now,
                valid_from=now,
            )
        )
        if made is not None:
            self._say(EventKind.ACCOUNT_CHANGED, "created", made)
        self.outbox.put(lambda: self._greet(wanted, made))

    async def request_verification(self, name: str) -> None:
        """Send the link that confirms an address once more, if there is such an account and it needs one.

        Raises:
            NameRefusedError: Nobody can have such a name.
        """
        wanted = normalise(name)
        self.outbox.put(lambda: self._ask_again(wanted))

    async def verify(self, token: str) -> User:
        """Take the token of a link that confirms an address.

        Raises:
            TokenError: It does not count, or the account has another name by now.
        """
        taken = await self._one_time.take(token, VERIFY)
        user = await self._owner(taken)
        if user.name != taken.data.get("name"):
            raise TokenError("renamed", "the account has another name by now")
        await self._users.set_state(user.id, verified=True)
        await self._one_time.drop(VERIFY, user.id)
        self._say(EventKind.ACCOUNT_CHANGED, "verified", user)
        return await self._owner(taken)

    async def request_reset(self, name: str) -> None:
        """Send a link to a new password, if there is such an account.

        Whether there is one is looked up behind the answer, also while the account has to wait.

        Raises:
            NameRefusedError: Nobody can have such a name.
        """
        wanted = normalise(name)
        self.outbox.put(lambda: self._send_reset(wanted, MailKind.RESET))

    async def reset(self, token: str, password: str, *, second_factor: bool = False) -> User:
        """Set a new password by the token of a link; whatever was signed in before is signed out.

        The address counts as verified: that is where the link went.

        Raises:
            TokenError: The token does not count.
            PasswordPolicyError: The password may not be taken; the token goes on counting.
            TooBusyError: Too many wait; the token goes on counting.
        """
        taken = await self._one_time.take(token, RESET)
        user = await self._owner(taken)
        if user.name != taken.data.get("name"):
            raise TokenError("renamed", "the account has another name by now")
        from anyio import CancelScope

        done = False
        try:
            await self._set(user, password, second_factor=second_factor, reason="reset")
            done = True
        finally:
            if not done:
                with CancelScope(shield=True):
                    await self._one_time.give_back(taken)
        await self._users.set_state(user.id, verified=True)
        await self._lockout.clear(user.name)
        return await self._owner(taken)

    async def change_password(
        self,
        user: User,
        current: str,
        password: str,
        *,
        second_factor: bool = False,
        client: str = "",
        device: str = "",
    ) -> User:
        """Set a new password by the one that there is; whatever was signed in before is signed out.

        So is the caller: give them a new session or token for what is returned.

        Args:
            user: Who is signed in.
            current: Their password.
            password: The new one.
            second_factor: Whether the account cannot be entered without one.
            client: Address that the request comes from.
            device: Proof of an earlier sign-in from there.

        Raises:
            PasswordError: The current one is wrong, or too many wrong ones came: as at sign-in.
            PasswordPolicyError: The new one may not be taken, or is the old one (``same``).
            TooBusyError: Too many wait.
        """
        with self._passwords.seat() as passwords:
            attempt = await self._lockout.begin(user.name, client=client, device=device)
            usable = None if attempt.locked or user.disabled else user.password
            verification = await passwords.verify(current, usable)
        if not verification.ok:
            await self._lockout.failed(attempt)
            reason = f"locked_{attempt.locked}" if attempt.locked else verification.reason
            self._say(EventKind.SIGN_IN_FAILED, reason, user)
            raise PasswordError(reason, "the current password is wrong")
        await self._lockout.succeeded(attempt)
        if current == password:
            raise PasswordPolicyError("same", "The new password is the one that you have.")
        await self._set(user, password, second_factor=second_factor, reason="changed")
        return await self._users.get(user.id) or user

    async def _set(self, user: User, password: str, *, second_factor: bool, reason: str) -> None:
        """Store a new password, end what was issued before, and tell the owner."""
        chosen = await self._policy.judge(password, name=user.name, second_factor=second_factor)
        new = await self._passwords.hash(chosen)
        # Before and after: a store that fails in between must not leave whoever has the old one signed in.
        await self._users.set_state(user.id, valid_from=self._clock())
        if not await self._users.set_password(user.id, new, instead_of=user.password):
            raise PasswordError("changed", "the password was changed by somebody else meanwhile")
        await self._users.set_state(user.id, valid_from=self._clock())
        await self._one_time.drop(RESET, user.id)
        self._say(EventKind.CREDENTIAL_CHANGED, f"password_{reason}", user)
        mail = Mail(kind=MailKind.PASSWORD_CHANGED, to=user.name, user_id=user.id)
        self.outbox.put(lambda: self._deliver(mail))

    async def _owner(self, taken: OneTimeToken) -> User:
        user = await self._users.get(taken.subject)
        if user is None or user.disabled:
            raise TokenError("account", "the account is gone or disabled")
        return user

    async def _greet(self, name: str, made: User | None) -> None:
        if made is None:
            await self._send_reset(name, MailKind.NAME_TAKEN)
        else:
            await self._send_verification(made)

    async def _ask_again(self, name: str) -> None:
        user = await self._users.by_name(name)
        if user is not None and not user.disabled and not user.verified:
            await self._send_verification(user)

    async def _send_verification(self, user: User) -> None:
        if not await self._may_send(MailKind.VERIFY, user):
            return
        token = await self._one_time.issue(
            VERIFY, user.id, ttl=self._times.verify, data={"name": user.name}
        )
        link = self._links.verify(token)
        await self._deliver(
            Mail(kind=MailKind.VERIFY, to=user.name, user_id=user.id, link=link, token=token)
        )

    async def _send_reset(self, name: str, kind: MailKind) -> None:
        user = await self._users.by_name(name)
        if user is None or user.disabled or not await self._may_send(kind, user):
            return
        # Earlier ones go on counting: else anybody could end the one that the owner is about to use.
        token = await self._one_time.issue(
            RESET, user.id, ttl=self._times.reset, data={"name": user.name}
        )
        link = self._links.reset(token)
        await self._deliver(Mail(kind=kind, to=user.name, user_id=user.id, link=link, token=token))

    async def _may_send(self, kind: MailKind, user: User) -> bool:
        """Whether one more mail is within bounds. What is not sent is not counted, or it would never end."""
        key, now = f"mail:{kind}:{hashed(user.id)}", self._clock()
        found = await self._attempts.get(key)
        full = found is not None and found.count >= self._times.mails and now - found.last < HOUR
        # Of those that found room at the same time no more than there was have it.
        if full or (await self._attempts.fail(key, now, window=HOUR)).count > self._times.mails:
            self._say(EventKind.LIMIT_EXCEEDED, f"mail_{kind}", user)
            return False
        return True

    def _say(self, kind: EventKind, reason: str, user: User) -> None:
        self._tell(SecurityEvent(kind=kind, reason=reason, time=self._clock(), principal=user.id))
