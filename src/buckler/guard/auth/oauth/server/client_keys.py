"""The public keys of clients: those that they were registered with, or those behind their ``jwks_uri``.

Threat: an address that leads to the inside of the network (CWE-918; RFC 9700, 4.11), a fetch for each request.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.jwks_document import read_jwks
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.keys import Keys, KeySet
from buckler.guard.auth.jwt.remote import RemoteKeys
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.egress.policy import EgressPolicy

MOST: Final = 1_000


class ClientKeys:
    """Finds them, and keeps them parsed.

    Args:
        egress: Which addresses may be called; else public ones.
        clock: Seconds since 1970.
    """

    __slots__ = ("_clock", "_egress", "_kept", "_remote")

    def __init__(
        self, egress: EgressPolicy | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._kept: OrderedDict[str, tuple[SigningKey, ...]] = OrderedDict()
        self._remote: OrderedDict[str, RemoteKeys] = OrderedDict()

    async def of(self, client: OAuthClient) -> Keys:
        """The keys that a client signs with.

        Raises:
            OAuthError: ``invalid_client``: there are none.
        """
        if not client.jwks_uri:
            return KeySet(*await self.registered(client))
        remote = self._behind(client.jwks_uri)
        try:
            await remote.ready()
        except TokenError as error:
            raise OAuthError(
                "invalid_client",
                "the client's keys cannot be fetched",
                status=401,
                reason="jwks_uri",
            ) from error
        return remote

    async def renewed(self, client: OAuthClient) -> bool:
        """Fetch the keys of a client anew, unless that was done a moment ago; whether they changed."""
        return bool(client.jwks_uri) and await self._behind(client.jwks_uri).refresh()

    def _behind(self, uri: str) -> RemoteKeys:
        found = self._remote.get(uri)
        if found is None:
            if len(self._remote) >= MOST:
                self._remote.popitem(last=False)
            found = self._remote[uri] = RemoteKeys(uri, egress=self._egress, clock=self._clock)
        return found

    async def registered(self, client: OAuthClient) -> Sequence[SigningKey]:
        """The keys that a client was registered with.

        Raises:
            OAuthError: ``invalid_client``: there are none.
        """
        text = json.dumps(client.jwks or {}, sort_keys=True)
        found = self._kept.get(text)
        if found is None:
            found = tuple(_read(text))
            if len(self._kept) >= MOST:
                self._kept.popitem(last=False)
            self._kept[text] = found
        if not found:
            raise OAuthError(
                "invalid_client", "the client has no keys", status=401, reason="no_keys"
            )
        return found


def _read(text: str) -> Sequence[SigningKey]:
    try:
        return list(read_jwks(text.encode("utf-8")).keys.values())
    except ValueError:
        return ()
