"""What an administrator may do to roles and accounts: never more than they have themselves.

Threat: rights that somebody gives to themselves, by a role, by a pattern that will stand for more one day, or by
taking back a role that narrows another one (CWE-269); an account above oneself that is shut out (CWE-285); an
application whose last administrator is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from buckler.guard.access.permissions import allows
from buckler.guard.access.roles import grants
from buckler.guard.auth.principal import Principal
from buckler.guard.stores.records import Role

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

Book = Mapping[str, Role]


async def check_role(identities: Identities, me: Principal, name: str, *after: Book) -> None:
    """Look whether somebody has all that a role gives, as it stands and as it would stand.

    Args:
        identities: Of the application.
        me: Who wants to give, take or change it.
        name: Of the role.
        after: All roles as they would stand.

    Raises:
        HTTPException: 403, they have not.
    """
    now = await identities.roles.current()
    mine = grants(now, me.roles)
    for book in (now, *after):
        if not all(_has(me, mine, one) for one in grants(book, (name,))):
            raise HTTPException(403)


async def check_remains(
    identities: Identities, me: Principal, after: Book, *, without: str = ""
) -> None:
    """Look whether somebody could undo a change of roles that they make.

    Args:
        identities: Of the application.
        me: Who makes it.
        after: All roles as they would stand.
        without: Role that nobody would have then.

    Raises:
        HTTPException: 409, they could not: the change takes the right to it from them.
    """
    names = await identities.stores.roles.of(me.id) - {without}
    if "roles:manage" not in identities.roles.rights_in(after, names).permissions:
        raise HTTPException(409, "own account")


async def check_account(identities: Identities, me: Principal, user_id: str) -> None:
    """Look whether an account administers nothing that somebody does not.

    Raises:
        HTTPException: 403, it does.
    """
    found = await identities.roles.rights(await identities.stores.roles.of(user_id))
    if not found.permissions.intersection(identities.administrative) <= me.permissions:
        raise HTTPException(403)


def _has(me: Principal, mine: Iterable[str], wanted: str) -> bool:
    """A pattern is had by whoever has it or a wider one: what it stands for today is less than it will be."""
    if "*" not in wanted:
        return me.may(wanted)
    scopes = mine if me.scopes is None else me.scopes
    return any(allows(one, wanted) for one in mine) and any(allows(one, wanted) for one in scopes)
