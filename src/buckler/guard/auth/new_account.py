"""Makes accounts from the application's own code: the first administrator, a program, people of another system.

Threat: an account that is put into the table by hand, under a name that nobody finds, with a password that nobody
would be allowed to choose or with one that is no hash (CWE-521, CWE-256).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from buckler.guard.access.roles import role_name
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import NameRefusedError
from buckler.guard.auth.names import normalise
from buckler.guard.options import GuardError, texts
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

ID: Final = 16


async def add_account(
    identities: Identities,
    name: str,
    *,
    password: str | None,
    roles: Iterable[str],
    verified: bool,
    by: str,
) -> User:
    """As :meth:`~buckler.guard.auth.identities.Identities.add_account` says."""
    await identities.ready()
    wanted = normalise(name)
    given = texts(roles, "roles", "clerk")
    known = await identities.roles.current()
    for role in given:
        if role_name(role) not in known:
            raise GuardError(
                f"there is no role {role!r}", hint="put_role(...), or Guard(roles=...)"
            )
    now = identities.clock()
    made = await identities.stores.users.add(
        User(
            id=secrets.token_hex(ID),
            name=wanted,
            password=None if password is None else await _hash(identities, wanted, password),
            verified=verified,
            created=now,
            valid_from=now,
        )
    )
    if made is None:
        raise NameRefusedError("taken", "There is an account of this name.")
    identities.told(EventKind.ACCOUNT_CHANGED, "created", "Account created", made.id, by)
    for role in given:
        await identities.assign(made.id, role, by=by)
    return made


async def _hash(identities: Identities, name: str, password: str) -> str:
    chosen = await identities.password_policy.judge(
        password, name=name, second_factor=identities.policy.second_factor
    )
    return await identities.passwords.hash(chosen)
