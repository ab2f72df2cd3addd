"""Sign-in with the organisation's own provider (OpenID Connect), where one is configured.

Nobody gets an account by it: an administrator makes the account under the address that the provider knows somebody by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI

from buckler.guard.auth.identities import Identities
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.auth.oauth.client.sign_in_with import SignInWith

NAME: Final = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """The provider.

    Attributes:
        issuer: Its address, as its metadata have it.
        client_id: That it gave this installation.
        client_secret: The same.
        domains: Mail domains whose addresses it is believed to have verified; none: accounts are linked by hand.
        title: What the button says.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    domains: tuple[str, ...] = ()
    title: str = "OpenID"


def install(app: FastAPI, identities: Identities, given: OpenId) -> None:
    """Add the routes of the provider.

    Args:
        app: With guard.
        identities: Guard's; ``base_url`` is set.
        given: The provider.

    Raises:
        GuardError: An option is wrong.
    """
    provider = Provider(
        NAME,
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=given.client_secret,
        title=given.title,
        email_domains=given.domains,
    )
    app.include_router(SignInWith(identities, provider, sign_up=False).router())
