"""Verifies one JWS in compact form, whatever it signs (RFC 7515, 5.2).

Threat: a signature that is not looked at, or looked at by rules of the token's own (CWE-347). What is refused here
is refused whatever the options. The work is bounded: a text that is too long is not decoded, one key is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.jwt.compact import split
from buckler.guard.auth.jwt.header import read_header
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.keys import Keys, check_keys
from buckler.guard.auth.jwt.token_policy import DEFAULT_SIZE, typ_of
from buckler.guard.options import instance, size

_REMEMBERED: Final = 64
"""Headers of good tokens: an issuer writes the same one again and again."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature vouches for.

    Attributes:
        header: Its members, read-only.
        payload: As bytes.
        key: That signed it.
        until: When that key counts no more, seconds since 1970.
    """

    header: Mapping[str, Any]
    payload: bytes
    key: SigningKey
    until: float


class SignatureVerifier:
    """Verifies compact JWS by the keys given, each by its own algorithm alone.

    Args:
        keys: Of whom signatures count.
        typ: What the header's type has to be; None for any, where what is signed is told apart otherwise.
        max_size: Bytes of a token at most.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_headers", "_keys", "_max_size", "_typ")

    def __init__(
        self, keys: Keys, *, typ: str | None = None, max_size: int | str = DEFAULT_SIZE
    ) -> None:
        check_keys(keys)
        instance(typ, "typ", str)
        self._keys = keys
        self._typ = None if typ is None else typ_of(typ)
        self._max_size = size(max_size, "max_size")
        self._headers: dict[bytes, Mapping[str, Any]] = {}

    def verify(self, token: str | bytes) -> Signed:
        """What the token signs.

        Raises:
            TokenError: ``size``, ``malformed``, ``header``, ``algorithm``, ``type``, ``key`` or ``signature``.
        """
        raw, (first, payload, last) = split(token, 3, self._max_size)
        header, key, until = self._key_of(first)
        try:
            signature = base64url.decode(last)
            content = base64url.decode(payload)
        except ValueError as error:
            raise TokenError("malformed", "the token is not base64url") from error
        if not signature or not key.verify(raw[: -len(last) - 1], signature):
            raise TokenError("signature", "the signature is not of that key")
        if len(self._headers) < _REMEMBERED and first not in self._headers:
            self._headers[first] = header
        return Signed(header, content, key, until)

    def _key_of(self, segment: bytes) -> tuple[Mapping[str, Any], SigningKey, float]:
        # Of a header that was good no key is remembered: keys come and go.
        header = self._headers.get(segment) or read_header(segment, self._typ)
        algorithm: str = header["alg"]
        found = self._keys.find(header.get("kid"), algorithm)
        if found is None:
            raise TokenError("key", "no key of that name is known")
        key, until = found
        if key.alg != algorithm:
            raise TokenError("algorithm", "the key is of another algorithm")
        return header, key, until
