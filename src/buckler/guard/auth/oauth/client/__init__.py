"""Sign-in with other providers: any OpenID provider by discovery, and some that are known by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.lazy import lazy

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.client.errors import ProviderError as ProviderError
    from buckler.guard.auth.oauth.client.errors import SignInError as SignInError
    from buckler.guard.auth.oauth.client.kept_tokens import AccessToken as AccessToken
    from buckler.guard.auth.oauth.client.metadata import Metadata as Metadata
    from buckler.guard.auth.oauth.client.presets import apple as apple
    from buckler.guard.auth.oauth.client.presets import github as github
    from buckler.guard.auth.oauth.client.presets import gitlab as gitlab
    from buckler.guard.auth.oauth.client.presets import google as google
    from buckler.guard.auth.oauth.client.presets import keycloak as keycloak
    from buckler.guard.auth.oauth.client.presets import microsoft as microsoft
    from buckler.guard.auth.oauth.client.provider import Provider as Provider
    from buckler.guard.auth.oauth.client.sign_in_with import SignInWith as SignInWith
else:
    __getattr__, __all__ = lazy(
        __name__,
        {
            "errors": ("ProviderError", "SignInError"),
            "kept_tokens": ("AccessToken",),
            "metadata": ("Metadata",),
            "presets": ("apple", "github", "gitlab", "google", "keycloak", "microsoft"),
            "provider": ("Provider",),
            "sign_in_with": ("SignInWith",),
        },
    )
