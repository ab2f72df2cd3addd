"""What of identities is set weaker than the defaults, told at the start."""

from __future__ import annotations

from collections.abc import Iterator

from buckler.guard.auth.policy import AuthPolicy
from buckler.guard.options import Weakness
from buckler.guard.stores.interface import Stores


def of_identities(policy: AuthPolicy, stores: Stores) -> Iterator[Weakness]:
    """What is set weaker than the defaults.

    Args:
        policy: How people and programs come in.
        stores: Where all of it is kept.
    """
    if policy.basic_over_http:
        yield ("basic_over_http", "basic_over_http=True: passwords go over plain http")
    if policy.key_lifetime is None:
        yield ("keys_without_end", "key_lifetime=None: API keys never end; name a time")
    if type(stores).__name__ == "MemoryStores":
        yield (
            "identities_in_memory",
            "MemoryStores: accounts and sessions are gone with the process; name a database",
        )
