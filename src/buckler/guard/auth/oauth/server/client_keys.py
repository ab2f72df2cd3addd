"""The public keys of clients: those that they were registered with, or those behind their ``jwks_uri``.

Threat: an address that leads to the inside of the network (CWE-918; RFC 9700, 4.11), a fetch for each request.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

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
    """

    __slots__ = ("_egress", "_kept", "_remote")

    def __init__(self, egress: EgressPolicy | None = None) -> None:
        self._egress = egress
        self._kept: OrderedDict[str, tuple[SigningKey, ...]] = OrderedDict()
        self._remote: OrderedDict[str, RemoteKeys] = OrderedDict()

    async def of(self, client: OAuthClient) -> Keys:
        """The keys that a client signs with.

        Raises:
            OAuthError: ``invalid_client``: there are none.
        """
        if client.jwks_uri:
            remote = self._remote.get(client.jwks_uri)
            if remote is None:
                if len(self._remote) >= MOST:
                    self._remote.popitem(last=False)
                remote = self._remote[client.jwks_uri] = RemoteKeys(
                    client.jwks_uri, egress=self._egress
                )
            await remote.ready()
            return remote
        return KeySet(*await self.registered(client))

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
