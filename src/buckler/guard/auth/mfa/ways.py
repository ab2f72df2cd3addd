"""Which second factors an account has: known without any of the packages that check them."""

from __future__ import annotations

from buckler.guard.stores.interface import Factors


async def ways_of(store: Factors, user_id: str) -> frozenset[str]:
    """``totp``, ``passkey``, and ``recovery`` where one of these is there to be recovered from.

    Args:
        store: Of the factors.
        user_id: Whose.
    """
    found = set()
    factor = await store.totp(user_id)
    if factor is not None and factor.confirmed:
        found.add("totp")
    if await store.passkeys(user_id):
        found.add("passkey")
    if found and await store.codes_left(user_id):
        found.add("recovery")
    return frozenset(found)
