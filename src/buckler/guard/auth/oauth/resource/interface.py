"""What reads tokens of one issuer: a Protocol, and one file for each way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from buckler.guard.audit.events import Listener
from buckler.guard.auth.oauth.resource.access_token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a reader gets from the server of resources.

    Attributes:
        audience: A token has to name one of these.
        clock: Gives seconds since 1970.
        events: Takes security events.
    """

    audience: tuple[str, ...]
    clock: Callable[[], float]
    events: Listener | None = None


class TokenReader(Protocol):
    """Reads the tokens of one issuer."""

    async def read(self, token: str) -> AccessToken:
        """What a token says, if it counts.

        Raises:
            OAuthError: ``invalid_token``, 401; or 503 where the issuer does not answer.
        """


class Issuer(Protocol):
    """Whose tokens are taken, and how they are read."""

    @property
    def issuer(self) -> str:
        """Its name, an address over https."""

    @property
    def opaque(self) -> bool:
        """Whether it has tokens that say nothing by themselves."""

    @property
    def authorization_endpoint(self) -> str:
        """Where ``/docs`` sends people to sign in; empty where OpenAPI names the issuer's own metadata."""

    @property
    def token_endpoint(self) -> str:
        """Where it redeems the code."""

    def reader(self, setting: Setting) -> TokenReader:
        """What reads its tokens."""
