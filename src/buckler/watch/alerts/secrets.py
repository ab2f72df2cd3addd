"""Secrets of channels, encrypted where they are kept, each for its channel alone (CWE-312, CWE-345)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.secret import derive
from buckler.watch.errors import RefusedError

PURPOSE: Final = "watch channels"


class Secrets:
    """Seals and opens.

    Args:
        key: Of this installation.
    """

    def __init__(self, key: bytes) -> None:
        self._sealer = Sealer([derive(key, PURPOSE)], PURPOSE)

    def seal(self, values: Mapping[str, Any], channel_id: str) -> str:
        """Encrypt the secrets of a channel."""
        return self._sealer.seal(json.dumps(dict(values)).encode(), channel_id)

    def open(self, sealed: str, channel_id: str) -> dict[str, Any]:
        """Decrypt them.

        Raises:
            RefusedError: They were sealed with another key, or for another channel.
        """
        try:
            found: dict[str, Any] = json.loads(self._sealer.open(sealed, channel_id).value)
        except FactorError as error:
            raise RefusedError(
                "the channel's secrets cannot be read", hint="was the key replaced? enter them anew"
            ) from error
        return found
