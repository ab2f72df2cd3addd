"""Codes that people type: of an authenticator app, and recovery codes; checked within bounds.

Threat: guessing six digits (CWE-307; ASVS 5.0 V6.3.1, V6.6.3), the same code twice (CWE-294; V6.5.1), a factor that
is replaced behind its owner's back. Guesses are counted by account in the store, so that all workers know of them; the
wait grows up to an hour, which leaves 24 guesses a day at one in 300,000. Recovery codes cannot be guessed and do
not wait: who guesses on purpose keeps no owner out (CWE-645).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from buckler.guard.audit.events import EventKind, Severity
from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.lockout import Attempt, Lockout
from buckler.guard.auth.mfa import recovery, totp
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.mfa.telling import Telling
from buckler.guard.stores.interface import Factors
from buckler.guard.stores.records import TotpFactor, User

LONGEST: Final = 64
"""Characters that are typed for a code, blanks and hyphens included."""


class CodeFactors:
    """Sets up and checks codes.

    Args:
        store: Where they are kept.
        sealer: Encrypts the secrets of authenticators.
        lockout: Counts guesses; by account alone.
        tell: Tells what happened.
        issuer: What the application calls itself.
        clock: Seconds since 1970.
    """

    __slots__ = ("_clock", "_decoy", "_issuer", "_lockout", "_sealer", "_store", "_tell")

    def __init__(
        self,
        store: Factors,
        sealer: Sealer,
        lockout: Lockout,
        tell: Telling,
        *,
        issuer: str,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._lockout = lockout
        self._tell = tell
        self._issuer = issuer
        self._clock = clock
        self._decoy = totp.new_secret()

    async def begin(self, user: User) -> totp.TotpSetup:
        """A new secret for an authenticator app, in place of one that was never confirmed.

        Raises:
            FactorError: There is a confirmed one (``exists``).
        """
        secret = totp.new_secret()
        sealed = self._sealer.seal(secret, user.id)
        if not await self._store.put_totp(TotpFactor(user_id=user.id, secret=sealed)):
            raise FactorError("exists", "the account has an authenticator app already")
        return totp.setup_of(secret, self._issuer, user.name)

    async def confirm(self, user: User, code: str) -> None:
        """Let an authenticator app count, since it shows the right code.

        Raises:
            FactorError: ``not_begun``, ``exists``, ``code``, or ``changed`` where it was begun again meanwhile.
        """
        factor = await self._store.totp(user.id)
        if factor is None:
            raise FactorError("not_begun", "no authenticator app is being set up")
        if factor.confirmed:
            raise FactorError("exists", "the account has an authenticator app already")
        typed = totp.code_of(code[:LONGEST]) or ""
        secret = self._sealer.open(factor.secret, user.id).value
        if not await self._take(user.id, totp.matching(secret, typed, self._clock())):
            raise FactorError("code", "the code is not that of the new authenticator app")
        if not await self._store.change_totp(
            user.id, factor.secret, instead_of=factor.secret, confirmed=True
        ):
            raise FactorError("changed", "the authenticator app was set up again meanwhile")
        self._tell(
            EventKind.CREDENTIAL_CHANGED, "totp_added", "An authenticator app was added", user.id
        )

    async def issue(self, user_id: str, *, by: str = "") -> tuple[str, ...]:
        """New recovery codes in place of all earlier ones; nobody can show them again."""
        made = recovery.new_codes()
        await self._store.put_codes(user_id, [recovery.digest(one, user_id) for one in made])
        self._tell(
            EventKind.CREDENTIAL_CHANGED, "codes_made", "Recovery codes were made", user_id, by=by
        )
        return made

    async def verify(self, user_id: str, code: str, *, client: str = "") -> str:
        """Which factor a code is of; it counts once.

        Args:
            user_id: Whose it should be.
            code: As it was typed.
            client: Address that it comes from, for the log.

        Returns:
            ``totp`` or ``recovery``.

        Raises:
            FactorError: ``code``, ``code_used``, ``no_factor``, ``unreadable``, ``locked_factor``; the caller is
                told the same whatever it is.
        """
        attempt = await self._lockout.begin(lockout_name(user_id))
        typed = code if len(code) <= LONGEST else ""
        recovering = recovery.code_of(typed)
        if recovering is not None:
            await self._recover(user_id, recovering, client)
            way = "recovery"
        else:
            await self._authenticate(user_id, typed, attempt, client)
            way = "totp"
        await self._lockout.succeeded(attempt)
        self._tell(
            EventKind.SIGN_IN_SUCCEEDED, way, "A second factor was shown", user_id, client=client
        )
        return way

    async def forget_guesses(self, user_id: str) -> None:
        """End the wait of an account."""
        await self._lockout.clear(lockout_name(user_id))

    async def _recover(self, user_id: str, code: str, client: str) -> None:
        if not await self._store.take_code(user_id, recovery.digest(code, user_id)):
            self._refuse("code", user_id, client)
        self._tell(
            EventKind.CREDENTIAL_CHANGED,
            "code_used",
            "A recovery code was used up",
            user_id,
            client=client,
            severity=Severity.WARNING,
            left=await self._store.codes_left(user_id),
        )

    async def _authenticate(self, user_id: str, typed: str, attempt: Attempt, client: str) -> None:
        """Every refusal has read the secret and compared all steps, whether there is one or not."""
        factor = await self._store.totp(user_id)
        there = factor is not None and factor.confirmed
        secret, outdated = self._decoy, False
        if factor is not None and there:
            try:
                opened = self._sealer.open(factor.secret, user_id)
            except FactorError as error:
                self._refuse(error.reason, user_id, client, severity=Severity.ERROR)
            secret, outdated = opened.value, opened.outdated
        steps = totp.matching(secret, totp.code_of(typed) or "", self._clock())
        if attempt.locked:
            self._refuse("locked_factor", user_id, client)
        if factor is None or not there:
            self._refuse("no_factor", user_id, client)
        if not await self._take(user_id, steps):
            self._refuse("code_used" if steps else "code", user_id, client)
        if outdated:
            again = self._sealer.seal(secret, user_id)
            await self._store.change_totp(user_id, again, instead_of=factor.secret, confirmed=True)

    async def _take(self, user_id: str, steps: list[int]) -> bool:
        """Use up the first of the steps that was not used yet."""
        for step in steps:
            if await self._store.use_step(user_id, step):
                return True
        return False

    def _refuse(
        self, reason: str, user_id: str, client: str, *, severity: Severity | None = None
    ) -> NoReturn:
        locked = reason == "locked_factor"
        self._tell(
            EventKind.SIGN_IN_LOCKED if locked else EventKind.SIGN_IN_FAILED,
            reason,
            "A second factor was refused",
            user_id,
            client=client,
            severity=severity,
        )
        raise FactorError(reason, "the code does not count")


def lockout_name(user_id: str) -> str:
    """Under which guesses at an account's factors are counted: a name that no account can have."""
    return f"\0factor {user_id}"
