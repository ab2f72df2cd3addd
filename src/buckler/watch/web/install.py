"""Puts the pages into the application: routes, answers to what goes wrong, the policy of the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from buckler.guard.auth.secret import derive
from buckler.guard.headers.content_security_policy import ContentSecurityPolicy
from buckler.guard.headers.cross_origin import EmbedderPolicy
from buckler.guard.headers.frame_options import FrameOptions
from buckler.guard.headers.referrer_policy import ReferrerPolicy
from buckler.guard.policy import Policy
from buckler.guard.presets import site
from buckler.watch.service import Service
from buckler.watch.web import answers
from buckler.watch.web.pages import Web, turn
from buckler.watch.web.routes import (
    access,
    account,
    alerts,
    assets,
    channels,
    events,
    finding,
    findings,
    overview,
    packages,
    records,
    scans,
    sign_in,
    target,
    targets,
    users,
)

ROUTERS: Final = (
    overview.router,
    findings.router,
    finding.router,
    targets.router,
    target.router,
    scans.router,
    packages.router,
    events.router,
    alerts.router,
    access.router,
    channels.router,
    users.router,
    account.router,
    records.router,
    sign_in.router,
    assets.router,
)
"""What people look at most comes first: routes are tried in order."""
CONTENT: Final = ContentSecurityPolicy(
    default_src=("'none'",),
    script_src=("'self'",),
    style_src=("'self'",),
    img_src=("'self'",),
    connect_src=("'self'",),
    form_action=("'self'",),
    frame_ancestors=("'none'",),
    base_uri=("'none'",),
)
"""Everything from here and nothing inside a page: what a report brought would not run if it got past the escaping."""


def policy() -> Policy:
    """Guard's ``site``, with less that a page may do: none is framed, none has style or script inside."""
    base = site()
    if base.headers is None:
        return base
    headers = replace(
        base.headers,
        content_security_policy=CONTENT,
        embedder_policy=EmbedderPolicy(),
        frame_options=FrameOptions("DENY"),
        referrer_policy=ReferrerPolicy(("same-origin",)),
    )
    return replace(base, headers=headers)


def install(app: FastAPI, service: Service) -> None:
    """Add the pages.

    Args:
        app: With guard and the interface for programs.
        service: Whose data they show.
    """
    openid = service.options.openid
    title = openid.title if openid is not None else ""
    app.state.web = Web(derive(service.key, "watch forms"), title)
    answers.install(app)
    pages = APIRouter()
    for router in ROUTERS:
        # The routes themselves: a router in a router is asked for each request what it holds.
        pages.routes.extend(router.routes)
    app.include_router(
        pages, include_in_schema=False, dependencies=[Depends(turn, scope="function")]
    )
