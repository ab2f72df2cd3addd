"""Administration of accounts and roles.

Threat: an administrator's routes that anybody finds (OWASP API5), rights that somebody gives to themselves without
a trace (CWE-269), an application whose last administrator is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator
from starlette.exceptions import HTTPException

from buckler.guard.access.dependencies import requires
from buckler.guard.auth.identities import PERMISSIONS
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.models import (
    Done,
    Id,
    RoleBody,
    RoleChange,
    RoleShown,
    UserShown,
    Word,
    printable,
)
from buckler.guard.auth.routes.superiors import check_account, check_remains, check_role
from buckler.guard.options import GuardError
from buckler.guard.stores.records import Role, User

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

READ, MANAGE, ROLES = PERMISSIONS
Manager = Annotated[Principal, requires(MANAGE, recent=900.0, schemes=["session", "bearer"])]
RoleManager = Annotated[Principal, requires(ROLES, recent=900.0, schemes=["session", "bearer"])]
UserId = Annotated[Id, Path()]
RoleName = Annotated[Word, AfterValidator(printable), Path()]


def router(identities: Identities) -> APIRouter:
    """The routes.

    Args:
        identities: Of the application.
    """
    routes = APIRouter(tags=["administration"])
    _users(identities, routes)
    _roles(identities, routes)
    return routes


def _users(identities: Identities, routes: APIRouter) -> None:
    @routes.get("/users", dependencies=[requires(READ)])
    async def listed(
        after: Annotated[str, Query(max_length=320)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[UserShown]:
        """Accounts by name."""
        found = await identities.stores.users.page(after, limit)
        return [await _shown(identities, one) for one in found]

    @routes.get("/users/{user_id}", dependencies=[requires(READ)])
    async def one(user_id: UserId) -> UserShown:
        """An account."""
        with answers.refusals(404):
            return await _shown(identities, await identities.user(user_id))

    @routes.post("/users/{user_id}/disable")
    async def disable(user_id: UserId, me: Manager) -> Done:
        """Let an account do nothing more, at once."""
        if user_id == me.id:
            raise HTTPException(409, "own account")
        await check_account(identities, me, user_id)
        if not await identities.disable(user_id, by=me.id):
            answers.not_found()
        return Done()

    @routes.post("/users/{user_id}/enable")
    async def enable(user_id: UserId, me: Manager) -> Done:
        """Let it sign in again."""
        await check_account(identities, me, user_id)
        if not await identities.enable(user_id, by=me.id):
            answers.not_found()
        return Done()

    @routes.post("/users/{user_id}/sign-out")
    async def sign_out(user_id: UserId, me: Manager) -> Done:
        """End every sign-in of an account."""
        with answers.refusals(404):
            await identities.user(user_id)
        await check_account(identities, me, user_id)
        await identities.sign_out_everywhere(user_id, by=me.id)
        return Done()

    @routes.put("/users/{user_id}/roles")
    async def assign(user_id: UserId, body: RoleChange, me: RoleManager) -> Done:
        """Give an account a role; nobody gives what they have not."""
        with answers.refusals(404):
            await identities.user(user_id)
        if body.role not in await identities.roles.current():
            answers.not_found()
        await check_role(identities, me, body.role)
        await identities.assign(user_id, body.role, by=me.id)
        return Done()

    @routes.delete("/users/{user_id}/roles/{role}")
    async def withdraw(user_id: UserId, role: RoleName, me: RoleManager) -> Done:
        """Take a role from an account; nobody takes what they have not."""
        if user_id == me.id:
            raise HTTPException(409, "own account")
        await check_role(identities, me, role)
        if not await identities.withdraw(user_id, role, by=me.id):
            answers.not_found()
        return Done()


def _roles(identities: Identities, routes: APIRouter) -> None:
    @routes.get("/roles", dependencies=[requires(READ)])
    async def listed() -> list[RoleShown]:
        """Every role as it stands."""
        return [_role(one) for one in (await identities.roles.current()).values()]

    @routes.put("/roles/{role}")
    async def put(role: RoleName, body: RoleBody, me: RoleManager) -> RoleShown:
        """Make or change a role; nobody puts into it what they have not."""
        wanted = Role(
            name=role,
            permissions=frozenset(body.permissions),
            inherits=frozenset(body.inherits),
        )
        unknown = sorted(
            one
            for one in body.permissions
            if "*" not in one and one not in identities.permissions()
        )
        if unknown:
            raise answers.told(
                "permissions", "unknown", f"No route and no role in code names {unknown[0]}."
            )
        try:
            after = await identities.roles.with_role(wanted)
            await check_role(identities, me, role, after)
            await check_remains(identities, me, after)
            made = await identities.put_role(
                role, body.permissions, inherits=body.inherits, by=me.id
            )
        except GuardError as error:
            raise HTTPException(422, "role") from error
        return _role(made)

    @routes.delete("/roles/{role}")
    async def drop(role: RoleName, me: RoleManager) -> Done:
        """Remove a role that was put at run time; one of the code's comes back then."""
        after = await identities.roles.without_role(role)
        await check_role(identities, me, role, after)
        await check_remains(identities, me, after, without=role)
        if not await identities.drop_role(role, by=me.id):
            answers.not_found()
        return Done()


async def _shown(identities: Identities, user: User) -> UserShown:
    return UserShown(
        id=user.id,
        name=user.name,
        verified=user.verified,
        disabled=user.disabled,
        created=user.created,
        roles=sorted(await identities.stores.roles.of(user.id)),
    )


def _role(role: Role) -> RoleShown:
    return RoleShown(
        name=role.name, permissions=sorted(role.permissions), inherits=sorted(role.inherits)
    )
