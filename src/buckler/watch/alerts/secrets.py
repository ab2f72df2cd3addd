"""Secrets of channels and identities, encrypted where they are kept, each for its owner alone (CWE-312, CWE-345)."""

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
        purpose: What they are for: what was sealed for one purpose is opened for no other.
    """

    def __init__(self, key: bytes, purpose: str = PURPOSE) -> None:
        self._sealer = Sealer([derive(key, purpose)], purpose)

    def seal(self, values: Mapping[str, Any], owner_id: str) -> str:
        """Encrypt the secrets of a channel or an identity."""
        return self._sealer.seal(json.dumps(dict(values)).encode(), owner_id)

    def open(self, sealed: str, owner_id: str) -> dict[str, Any]:
        """Decrypt them.

        Raises:
            RefusedError: They were sealed with another key, or for another owner.
        """
        try:
            found: dict[str, Any] = json.loads(self._sealer.open(sealed, owner_id).value)
        except FactorError as error:
            raise RefusedError(
                "the secrets cannot be read", hint="was the key replaced? enter them anew"
            ) from error
        return found
