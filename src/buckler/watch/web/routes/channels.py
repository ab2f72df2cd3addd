"""Channels: the list, one that is made, changed, tried and switched off."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from buckler.watch.alerts.kinds import KINDS
from buckler.watch.api import alerts as api
from buckler.watch.api.alerts import NewChannel
from buckler.watch.db import alerts, targets
from buckler.watch.errors import MissingError, RefusedError, StaleError, WatchError
from buckler.watch.web import channel_form as forms
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import Form, Reading, Sent, Viewer, Writing

router = APIRouter(prefix="/channels")


@router.get("")
def show(viewer: Reading) -> Response:
    """The viewer's channels."""
    with viewer.watch.database.read() as connection:
        rows = alerts.channels(connection, viewer.caller)
    return page(viewer, "channels.html", rows=rows, titles=forms.TITLES)


@router.get("/new/{kind}")
def form(viewer: Writing, kind: str) -> Response:
    """A form that makes one."""
    if kind not in forms.FIELDS:
        raise MissingError("kind of channel")
    return _form(viewer, kind)


@router.post("/new/{kind}")
def add(viewer: Writing, form: Sent, kind: str) -> Response:
    """Make it."""
    if kind not in forms.FIELDS:
        raise MissingError("kind of channel")
    try:
        made = given.model(
            NewChannel,
            name=form["name"].strip(),
            kind=kind,
            options=forms.options_of(kind, form),
            filters=forms.filters_of(form),
            quiet=forms.quiet_of(form),
            digest=forms.digest_of(form),
        )
        channel = api.add_channel(viewer.watch, viewer.caller, made)
    except RefusedError as error:
        return _form(viewer, kind, wrong=error, form=form)
    return onward(f"/channels/{channel['id']}", "added")


@router.get("/{channel_id}")
def one(viewer: Writing, channel_id: str) -> Response:
    """A form that changes it."""
    return _form(viewer, row=_row(viewer, channel_id))


@router.post("/{channel_id}")
def change(viewer: Writing, form: Sent, channel_id: str) -> Response:
    """Change it."""
    row = _row(viewer, channel_id)
    try:
        api.change_channel(viewer.watch, viewer.caller, channel_id, forms.changed(row, form))
    except (RefusedError, StaleError) as error:
        return _form(viewer, row=_row(viewer, channel_id), wrong=error, form=form)
    return onward(f"/channels/{channel_id}", "saved")


@router.post("/{channel_id}/test")
def test(viewer: Writing, form: Sent, channel_id: str) -> Response:
    """Send a message by it, now."""
    del form
    try:
        api.test_channel(viewer.watch, viewer.caller, channel_id)
    except RefusedError as error:
        return _form(viewer, row=_row(viewer, channel_id), wrong=error)
    return onward(f"/channels/{channel_id}", "sent")


@router.post("/{channel_id}/off")
def off(viewer: Writing, form: Sent, channel_id: str) -> Response:
    """Switch it off for good."""
    if form["sure"] != "yes":
        wrong = RefusedError("sure: mark that you want to switch it off")
        return _form(viewer, row=_row(viewer, channel_id), wrong=wrong)
    api.remove_channel(viewer.watch, viewer.caller, channel_id)
    return onward("/channels", "removed")


def _row(viewer: Viewer, channel_id: str) -> Any:
    with viewer.watch.database.read() as connection:
        return alerts.channel(connection, viewer.caller, channel_id)


def _form(
    viewer: Viewer,
    kind: str = "",
    *,
    row: Any = None,
    wrong: WatchError | None = None,
    form: Form | None = None,
) -> Response:
    with viewer.watch.database.read() as connection:
        known = targets.listed(connection, viewer.caller)
    kind = kind or row.kind
    return page(
        viewer,
        "channel.html",
        wrong.status if wrong is not None else 200,
        kind=kind,
        title=forms.TITLES[kind],
        fields=forms.FIELDS[kind],
        row=row,
        kinds=KINDS,
        targets=[(one.id, one.name) for one in known[:200]],
        secret=forms.new_secret() if kind == "webhook" and row is None else "",
        marked=form.all("kinds") if form is not None else None,
        chosen=form.all("targets") if form is not None else None,
        wrong=wrong,
        stale=isinstance(wrong, StaleError),
        typed=form.typed() if form is not None else {},
    )
