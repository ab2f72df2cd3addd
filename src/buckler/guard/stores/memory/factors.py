"""Second factors in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from buckler.guard.stores.records import Passkey, TotpFactor


class MemoryFactors:
    """Second factors; see :class:`~buckler.guard.stores.interface.Factors`."""

    __slots__ = ("_codes", "_passkeys", "_totp")

    def __init__(self) -> None:
        self._totp: dict[str, TotpFactor] = {}
        self._codes: dict[str, set[str]] = {}
        self._passkeys: dict[str, Passkey] = {}

    async def totp(self, user_id: str) -> TotpFactor | None:
        """The shared secret of an account, or None."""
        return self._totp.get(user_id)

    async def put_totp(self, factor: TotpFactor) -> bool:
        """Keep it, in place of one that is not confirmed; False where a confirmed one is there."""
        found = self._totp.get(factor.user_id)
        if found is not None and found.confirmed:
            return False
        self._totp[factor.user_id] = factor
        return True

    async def change_totp(
        self, user_id: str, secret: str, *, instead_of: str, confirmed: bool
    ) -> bool:
        """Set secret and confirmation if the secret still is ``instead_of``, and leave the step; else False."""
        found = self._totp.get(user_id)
        if found is None or found.secret != instead_of:
            return False
        self._totp[user_id] = replace(found, secret=secret, confirmed=confirmed)
        return True

    async def use_step(self, user_id: str, step: int) -> bool:
        """Take a time step, if it is later than the last one taken; to one caller alone."""
        factor = self._totp.get(user_id)
        if factor is None or factor.step >= step:
            return False
        self._totp[user_id] = replace(factor, step=step)
        return True

    async def drop_totp(self, user_id: str) -> bool:
        """Remove it."""
        return self._totp.pop(user_id, None) is not None

    async def put_codes(self, user_id: str, digests: Sequence[str]) -> None:
        """Keep recovery codes in place of all earlier ones."""
        self._codes[user_id] = set(digests)

    async def take_code(self, user_id: str, digest: str) -> bool:
        """Take a recovery code; to one caller alone."""
        codes = self._codes.get(user_id, set())
        if digest not in codes:
            return False
        codes.discard(digest)
        return True

    async def codes_left(self, user_id: str) -> int:
        """How many recovery codes are left."""
        return len(self._codes.get(user_id, ()))

    async def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a new one; False where its id is taken."""
        if passkey.id in self._passkeys:
            return False
        self._passkeys[passkey.id] = passkey
        return True

    async def passkey(self, passkey_id: str) -> Passkey | None:
        """The one with that credential id, or None."""
        return self._passkeys.get(passkey_id)

    async def passkeys(self, user_id: str) -> Sequence[Passkey]:
        """Those of an account, newest first."""
        found = [one for one in self._passkeys.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: (-one.created, one.id))

    async def use_passkey(
        self, passkey_id: str, *, before: int, sign_count: int, used: float
    ) -> bool:
        """Set its counter if it still is ``before``; False where it is not."""
        passkey = self._passkeys.get(passkey_id)
        if passkey is None or passkey.sign_count != before:
            return False
        self._passkeys[passkey_id] = replace(passkey, sign_count=sign_count, used=used)
        return True

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""
        passkey = self._passkeys.get(passkey_id)
        if passkey is None or passkey.user_id != user_id:
            return False
        del self._passkeys[passkey_id]
        return True

    def forget(self, user_id: str) -> None:
        """Remove all of an account's."""
        self._totp.pop(user_id, None)
        self._codes.pop(user_id, None)
        for passkey_id in [one.id for one in self._passkeys.values() if one.user_id == user_id]:
            del self._passkeys[passkey_id]
