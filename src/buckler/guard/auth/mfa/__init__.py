"""Second factors: one-time passwords by time, recovery codes, passkeys."""

from __future__ import annotations

from importlib.util import find_spec


def installed() -> bool:
    """Whether the packages of second factors are there."""
    return all(find_spec(name) is not None for name in ("cryptography", "segno", "webauthn"))
