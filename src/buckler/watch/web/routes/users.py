"""Accounts and roles, for administrators: guard's accounts, under the checks of guard's own routes.

Threat: an administrator who gives what they have not, or shuts out somebody above them (CWE-269, CWE-285).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from buckler.guard.auth.errors import CredentialError, NameRefusedError
from buckler.guard.auth.identities import PERMISSIONS
from buckler.guard.auth.routes.superiors import check_account, check_role
from buckler.watch.errors import RefusedError, StaleError, WatchError
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import Form, Sent, Viewer, viewing

router = APIRouter(prefix="/users")
READ, MANAGE, ROLES = PERMISSIONS
RECENT: Final = 900.0
MOST: Final = 100
Looking = Annotated[Viewer, viewing(READ)]
Managing = Annotated[Viewer, viewing(MANAGE, ROLES, recent=RECENT)]
OWN: Final = RefusedError("account: your own one is not changed here")


@router.get("")
async def show(viewer: Looking, after: Annotated[str, Query(max_length=320)] = "") -> Response:
    """Accounts by name, and the roles that there are."""
    return await _list(viewer, after)


@router.post("")
async def add(viewer: Managing, form: Sent) -> Response:
    """Make an account; it signs in by a link, once, and sets a password then."""
    identities = viewer.request.app.state.guard.identities
    role = form["role"]
    try:
        if role not in await identities.roles.current():
            raise RefusedError("role: there is no such role")
        await check_role(identities, viewer.principal, role)
        made = await identities.add_account(
            form["name"].strip(), roles=[role], verified=True, by=viewer.principal.id
        )
    except NameRefusedError as error:
        return await _list(viewer, "", RefusedError(f"name: {error.message}"), form)
    except RefusedError as error:
        return await _list(viewer, "", error, form)
    viewer.request.app.state.web.people.forget()
    return await _one(viewer, made.id, link=viewer.request.app.state.links.issue(made.id))


@router.get("/{user_id}")
async def one(viewer: Looking, user_id: str) -> Response:
    """One account."""
    return await _one(viewer, user_id)


@router.post("/{user_id}/link")
async def link(viewer: Managing, form: Sent, user_id: str) -> Response:
    """Make a link that signs it in once."""
    del form
    identities = await _checked(viewer, user_id)
    user = await identities.user(user_id)
    if user.disabled:
        return await _one(viewer, user_id, RefusedError("account: it is switched off"))
    return await _one(viewer, user_id, link=viewer.request.app.state.links.issue(user_id))


@router.post("/{user_id}/state")
async def state(viewer: Managing, form: Sent, user_id: str) -> Response:
    """Switch it off, or on again, or end its sign-ins."""
    identities = await _checked(viewer, user_id)
    what, me = form["what"], viewer.principal.id
    if user_id == me:
        return await _one(viewer, user_id, OWN)
    if what == "disable":
        await identities.disable(user_id, by=me)
    elif what == "enable":
        await identities.enable(user_id, by=me)
    else:
        await identities.sign_out_everywhere(user_id, by=me)
    return onward(f"/users/{user_id}", "saved")


@router.post("/{user_id}/roles")
async def roles(viewer: Managing, form: Sent, user_id: str) -> Response:
    """Give it the roles that are marked, and take the others; nobody gives or takes what they have not.

    409 where they are not those any more that the form showed.
    """
    identities = await _checked(viewer, user_id)
    if user_id == viewer.principal.id:
        return await _one(viewer, user_id, OWN)
    wanted = set(form.all("role"))
    if not wanted <= set(await identities.roles.current()):
        return await _one(viewer, user_id, RefusedError("role: there is no such role"))
    has = set(await identities.stores.roles.of(user_id))
    if set(form.all("had")) != has:
        # What another administrator gave meanwhile stands in no box of this form.
        return await _one(viewer, user_id, StaleError("account", {"roles": ", ".join(sorted(has))}))
    for role in sorted(wanted ^ has):
        await check_role(identities, viewer.principal, role)
    for role in sorted(wanted - has):
        await identities.assign(user_id, role, by=viewer.principal.id)
    for role in sorted(has - wanted):
        await identities.withdraw(user_id, role, by=viewer.principal.id)
    return onward(f"/users/{user_id}", "saved")


async def _checked(viewer: Viewer, user_id: str) -> Any:
    """Guard's identities, where the viewer is not below an account.

    Raises:
        starlette.exceptions.HTTPException: 404, there is none; 403, they are.
    """
    identities = viewer.request.app.state.guard.identities
    await _user(identities, user_id)
    await check_account(identities, viewer.principal, user_id)
    return identities


async def _user(identities: Any, user_id: str) -> Any:
    try:
        return await identities.user(user_id[:200])
    except CredentialError as error:
        raise HTTPException(404) from error


async def _list(
    viewer: Viewer, after: str, wrong: RefusedError | None = None, form: Form | None = None
) -> Response:
    identities = viewer.request.app.state.guard.identities
    users = await identities.stores.users.page(after, MOST + 1)
    shown = users[:MOST]
    return page(
        viewer,
        "users.html",
        422 if wrong is not None else 200,
        rows=[(user, sorted(await identities.stores.roles.of(user.id))) for user in shown],
        roles=sorted((await identities.roles.current()).values(), key=lambda role: role.name),
        after=after,
        next=shown[-1].name if len(users) > MOST else "",
        wrong=wrong,
        typed=form.typed() if form is not None else {},
    )


async def _one(
    viewer: Viewer, user_id: str, wrong: WatchError | None = None, *, link: str = ""
) -> Response:
    identities = viewer.request.app.state.guard.identities
    user = await _user(identities, user_id)
    return page(
        viewer,
        "user.html",
        wrong.status if wrong is not None else 200,
        user=user,
        has=sorted(await identities.stores.roles.of(user_id)),
        roles=sorted(await identities.roles.current()),
        ways=sorted(await identities.second_factors(user_id)),
        link=link,
        wrong=wrong,
    )
