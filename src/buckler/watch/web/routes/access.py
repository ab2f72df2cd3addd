"""Who speaks for a target: applications that send its events, and identities that its scans sign in as."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from buckler.watch.api import events, identities
from buckler.watch.api.events import NewApplication
from buckler.watch.api.identities import NewIdentity
from buckler.watch.db import targets
from buckler.watch.errors import RefusedError
from buckler.watch.identities import HOW
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import Form, Sent, Viewer, Writing

router = APIRouter(prefix="/targets/{target_id}/access")


@router.get("")
def show(viewer: Writing, target_id: str) -> Response:
    """Both lists, and a form for each."""
    return _page(viewer, target_id)


@router.post("/applications")
async def add_application(viewer: Writing, form: Sent, target_id: str) -> Response:
    """Let an application send events; this answer alone shows its token."""
    try:
        wanted = given.model(NewApplication, name=form["name"].strip())
    except RefusedError as error:
        return await run_in_threadpool(_page, viewer, target_id, error, form)
    made = await events.add_application(
        viewer.watch, viewer.caller, target_id, viewer.request, wanted
    )
    return await run_in_threadpool(_page, viewer, target_id, made=made["token"])


@router.post("/applications/{application_id}/end")
async def end_application(
    viewer: Writing, form: Sent, target_id: str, application_id: str
) -> Response:
    """Take nothing more of it."""
    del form
    await events.end_application(
        viewer.watch, viewer.caller, target_id, application_id, viewer.request
    )
    return onward(f"/targets/{target_id}/access", "revoked")


@router.post("/identities")
def add_identity(viewer: Writing, form: Sent, target_id: str) -> Response:
    """Give an identity, in place of one of the same name."""
    try:
        identities.add(viewer.watch, viewer.caller, target_id, _identity(form))
    except RefusedError as error:
        return _page(viewer, target_id, error, form)
    return onward(f"/targets/{target_id}/access", "added")


@router.post("/identities/{identity_id}/remove")
def remove_identity(viewer: Writing, form: Sent, target_id: str, identity_id: str) -> Response:
    """Remove it."""
    del form
    identities.remove(viewer.watch, viewer.caller, target_id, identity_id)
    return onward(f"/targets/{target_id}/access", "removed")


def _identity(form: Form) -> NewIdentity:
    """The identity of a form: what its way to sign in does not ask for is left out."""
    how = form["how"]
    place = form["place"].strip()
    named = {"header": "header", "cookie": "cookie", "basic": "username", "form": "request"}
    parts: dict[str, Any] = {named[how]: place} if how in named else {}
    kept = "fields" if how == "form" else "secret"
    return given.model(
        NewIdentity,
        name=form["identity"].strip(),
        role=form["role"].strip() or "user",
        how=how,
        token=form["token_path"].strip() if how == "form" else "",
        **{kept: SecretStr(form["secret"])},
        **parts,
    )


def _page(
    viewer: Viewer,
    target_id: str,
    wrong: RefusedError | None = None,
    form: Form | None = None,
    *,
    made: str = "",
) -> Response:
    with viewer.watch.database.read() as connection:
        target = targets.get(connection, viewer.caller, target_id)
    known = events.applications(viewer.watch, viewer.caller, target_id)
    return page(
        viewer,
        "target_access.html",
        wrong.status if wrong is not None else 200,
        target=target,
        applications=[one for one in known if one["ended_at"] is None],
        identities=identities.listed(viewer.watch, viewer.caller, target_id),
        ways=HOW,
        made=made,
        address=(viewer.watch.options.base_url or str(viewer.request.base_url)).rstrip("/"),
        wrong=wrong,
        typed=form.typed() if form is not None else {},
    )
