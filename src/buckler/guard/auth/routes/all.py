"""All ready-made routes as one router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from buckler.guard.auth.mfa import installed
from buckler.guard.auth.routes import account, admin, factors, sign_in

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities


def router(identities: Identities, *, administration: bool = True) -> APIRouter:
    """The routes below the policy's prefix.

    Args:
        identities: Of the application.
        administration: Whether those that administer accounts and roles are among them.
    """
    found = APIRouter(prefix=identities.policy.prefix)
    found.include_router(sign_in.router(identities))
    found.include_router(account.router(identities))
    if identities.policy.sign_in_page and "session" in identities.policy.ways:
        from buckler.guard.auth.routes import forms

        found.include_router(forms.router(identities))
    # Who asks everybody for a second factor is told at the start what is missing; others do without the routes.
    second = identities.policy.second_factor or installed()
    if second:
        found.include_router(factors.router(identities))
    if administration:
        found.include_router(admin.router(identities))
        if second:
            found.include_router(factors.administration(identities))
    return found
