"""Fast hashes over a canary, and key derivation: CWE-916.

Whether a hashed value was a password is judged by the name of its slot; that a key derivation
function ran in the same request is told apart, since hashing before it is fine.
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any, Callable

from .. import people, state
from ..imports import when_imported

_FAST = (
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3_256",
    "sha3_512",
    "blake2b",
    "blake2s",
)
_SLOW = (
    ("argon2.low_level", ("hash_secret", "hash_secret_raw", "verify_secret")),
    ("bcrypt", ("hashpw", "checkpw", "kdf")),
    ("argon2", ()),
)


def install() -> None:
    """Watch hashlib's constructors and the key derivation functions."""
    for name in _FAST:
        if hasattr(hashlib, name):
            setattr(hashlib, name, _Watched(name, getattr(hashlib, name)))
    new = hashlib.new

    def watched_new(name: str, data: Any = b"", **kwargs: Any) -> Any:
        _check(str(name), data)
        return new(name, data, **kwargs)

    hashlib.new = watched_new
    _slow(hashlib, ("scrypt", "pbkdf2_hmac"))
    for module, names in _SLOW:
        when_imported(module, lambda found, names=names: _slow(found, names))  # type: ignore[misc]


def _check(name: str, data: Any) -> None:
    if isinstance(data, (bytes, bytearray)) and len(data) < 100_000:
        people.hashed(data, directly=True)
        state.hit("hash", f"hashlib.{name}", state.text_of(data))


class _Watched:
    """A constructor of hashlib, watched.

    An object and no function: as an attribute of a class a function would be bound to the instance, and hashlib's are not.
    """

    def __init__(self, name: str, real: Callable[..., Any]) -> None:
        self._name = name
        self._real = real
        self.__name__ = self.__qualname__ = f"openssl_{name}"
        self.__module__ = real.__module__
        self.__doc__ = real.__doc__

    def __call__(self, data: Any = b"", *args: Any, **kwargs: Any) -> Any:
        _check(self._name, data or kwargs.get("string", b""))
        return self._real(data, *args, **kwargs)


def _slow(module: ModuleType, names: Any) -> None:
    for name in names:
        real = getattr(module, name, None)
        if real is not None:
            setattr(module, name, _noted(real))


def _noted(real: Callable[..., Any]) -> Callable[..., Any]:
    def derive(*args: Any, **kwargs: Any) -> Any:
        state.effects.add("key-derivation")
        secret = next((one for one in (*args, *kwargs.values()) if _is_secret(one)), None)
        people.hashed(secret, directly=False)
        return real(*args, **kwargs)

    return derive


def _is_secret(value: Any) -> bool:
    """Whether an argument of a key derivation may be the password, and not the name of a hash function."""
    return isinstance(value, (str, bytes)) and value not in _FAST
