"""All ready-made routes as one router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from buckler.guard.auth.routes import account, admin, sign_in

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
    if administration:
        found.include_router(admin.router(identities))
    return found
