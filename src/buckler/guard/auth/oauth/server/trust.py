"""What takes more than the management of clients: ``clients:trust``.

Threat: somebody who may manage clients gives one of them what they have not themselves (CWE-269; OWASP API5): a client that
nobody is asked about, that sees everybody's passwords or tokens, or that has scopes for itself. Nor do they come into such a
client that is there, by its secret, its keys or its addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from buckler.guard.auth.oauth.server.client import EXCHANGE, IMPLICIT, PASSWORD, OAuthClient
from buckler.guard.auth.oauth.server.policy import OAuthPolicy

TRUST: Final = "clients:trust"
_GRANTS: Final = frozenset((EXCHANGE, PASSWORD, IMPLICIT))
_FLAGS: Final = ("first_party", "introspects")
_FREE: Final = frozenset(("name", "uri", "contacts"))
"""What people read: nothing is given by it."""
_GIVEN_UP: Final = frozenset((*_FLAGS, "grants", "scopes"))
"""Of these may be less."""


def extraordinary(client: OAuthClient, policy: OAuthPolicy) -> frozenset[str]:
    """What of a client goes beyond an ordinary one, each in a word.

    Args:
        client: The client.
        policy: Of the server; it names the scopes that are ordinary.
    """
    ordinary = policy.ordinary()
    return frozenset(
        (
            *(name for name in _FLAGS if getattr(client, name)),
            *(grant for grant in client.grants if grant in _GRANTS),
            *(scope for scope in client.scopes if scope not in ordinary),
        )
    )


def beyond(before: OAuthClient | None, after: OAuthClient, policy: OAuthPolicy) -> str:
    """What of a change is for ``clients:trust`` alone, in a word; empty where nothing is.

    Args:
        before: The client as it stands; None for a new one.
        after: As it would stand.
        policy: Of the server.
    """
    had = frozenset[str]() if before is None else extraordinary(before, policy)
    has = extraordinary(after, policy)
    more = has - had
    if more:
        return min(more)
    if before is None or not has:
        return ""
    return next(_widened(before, after), "")


def _widened(before: OAuthClient, after: OAuthClient) -> Iterator[str]:
    """Fields that let somebody else be the client, or let it do more."""
    for item in fields(OAuthClient):
        was, will_be = getattr(before, item.name), getattr(after, item.name)
        if was == will_be or item.name in _FREE:
            continue
        if item.name in _GIVEN_UP and _is_less(was, will_be):
            continue
        if item.name == "disabled" and will_be:
            continue
        yield item.name


def _is_less(was: Any, will_be: Any) -> bool:
    if isinstance(was, bool):
        return was and not will_be
    return set(will_be) <= set(was)
