"""Providers as they are, each with what is special about it.

Whose e-mail addresses are believed (``email_domains``) is part of that: Google hosts ``gmail.com`` itself; a directory at Microsoft
lets its administrators write any address ("nOAuth"), so that none of it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.client.apple_secret import ISSUER as APPLE
from buckler.guard.auth.oauth.client.apple_secret import AppleSecret
from buckler.guard.auth.oauth.client.github_api import GitHubApi
from buckler.guard.auth.oauth.client.metadata import Metadata
from buckler.guard.auth.oauth.client.provider import TENANT, Provider
from buckler.guard.options import GuardError

GITHUB: Final = "https://github.com"
MICROSOFT: Final = "https://login.microsoftonline.com"
_TENANT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REALM: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def google(*, client_id: str, client_secret: str, name: str = "google", **more: Any) -> Provider:
    """Google.

    Args:
        client_id: Of the console.
        client_secret: The same.
        name: In addresses.
        more: Of :class:`Provider`.
    """
    options = {"title": "Google", "email_domains": ("gmail.com", "googlemail.com"), **more}
    return Provider(
        name,
        issuer="https://accounts.google.com",
        client_id=client_id,
        client_secret=client_secret,
        **options,
    )


def github(
    *,
    client_id: str,
    client_secret: str,
    name: str = "github",
    base: str = GITHUB,
    api: str = "https://api.github.com",
    **more: Any,
) -> Provider:
    """GitHub: OAuth 2, and its interface in place of OpenID.

    Args:
        client_id: Of the OAuth application.
        client_secret: The same.
        name: In addresses.
        base: Of a server of one's own (GitHub Enterprise).
        api: Of its interface, ``https://HOST/api/v3`` there.
        more: Of :class:`Provider`.
    """
    issuer = f"{base}/login/oauth"
    metadata = Metadata(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/access_token",
        says_issuer=base == GITHUB,
        authentication=frozenset(("client_secret_post",)),
    )
    options = {"title": "GitHub", "scopes": ("read:user", "user:email"), **more}
    return Provider(
        name,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        metadata=metadata,
        api=GitHubApi(api, issuer),
        **options,
    )


def microsoft(
    *,
    client_id: str,
    client_secret: str | None = None,
    tenant: str = "",
    tenants: Sequence[str] = (),
    name: str = "microsoft",
    **more: Any,
) -> Provider:
    """Microsoft Entra ID: one tenant, or several that are listed; never all of them.

    Args:
        client_id: Of the registration.
        client_secret: The same; or ``key=``.
        tenant: Id of the one whose accounts may come in.
        tenants: Ids of several.
        name: In addresses.
        more: Of :class:`Provider`.

    Raises:
        GuardError: There is no tenant, or one that is not an id.
    """
    listed = tuple(tenants) or (tenant,)
    if (tenant and tenants) or not all(_TENANT.fullmatch(one) for one in listed):
        raise GuardError(
            "microsoft takes the id of one tenant, or a list of ids",
            hint="write tenant='8eaef023-2b34-4da1-9baa-8bc8c9d6a490'; names and 'common' are none",
        )
    options = {"title": "Microsoft", "scopes": ("openid", "email", "profile"), **more}
    return Provider(
        name,
        issuer=f"{MICROSOFT}/{TENANT if tenants else tenant}/v2.0",
        client_id=client_id,
        client_secret=client_secret,
        tenants=tuple(tenants),
        **options,
    )


def gitlab(
    *,
    client_id: str,
    client_secret: str,
    name: str = "gitlab",
    base: str = "https://gitlab.com",
    **more: Any,
) -> Provider:
    """GitLab, or a server of one's own.

    Args:
        client_id: Of the application.
        client_secret: The same.
        name: In addresses.
        base: Of the server.
        more: Of :class:`Provider`.
    """
    options = {"title": "GitLab", **more}
    return Provider(name, issuer=base, client_id=client_id, client_secret=client_secret, **options)


def apple(
    *, client_id: str, team_id: str, key: SigningKey, name: str = "apple", **more: Any
) -> Provider:
    """Sign in with Apple: its answer is a form, the client's secret a token that is made anew.

    Args:
        client_id: The service's id.
        team_id: Ten characters.
        key: Of the ``.p8`` file: ``SigningKey.from_file("AuthKey.p8", kid="ABC123DEFG")``.
        name: In addresses.
        more: Of :class:`Provider`.

    Raises:
        GuardError: The key is not for ES256.
    """
    options = {"title": "Apple", "email_domains": ("privaterelay.appleid.com",), **more}
    return Provider(
        name,
        issuer=APPLE,
        client_id=client_id,
        client_secret=AppleSecret(client_id, team_id, key),
        authentication="client_secret_post",
        response_mode="form_post",
        **options,
    )


def keycloak(
    *,
    base: str,
    realm: str,
    client_id: str,
    client_secret: str | None = None,
    name: str = "keycloak",
    **more: Any,
) -> Provider:
    """A realm of a Keycloak server.

    Args:
        base: Of the server.
        realm: Its name.
        client_id: Of the client.
        client_secret: The same; or ``key=``.
        name: In addresses.
        more: Of :class:`Provider`.

    Raises:
        GuardError: The realm's name cannot stand in an address.
    """
    if not _REALM.fullmatch(realm):
        raise GuardError(f"realm: {realm!r} is none", hint="write realm='shop'")
    options = {"title": "Keycloak", **more}
    return Provider(
        name,
        issuer=f"{base.rstrip('/')}/realms/{realm}",
        client_id=client_id,
        client_secret=client_secret,
        **options,
    )
