"""A key: made once, parsed once, with exactly one algorithm.

Threat: the algorithm confusion that comes of a key which verifies by whatever the token says (CWE-347; RFC 8725,
3.1), weak keys (:mod:`~buckler.guard.auth.jwt.strength`), and keys that are parsed anew for every token.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from buckler.guard.auth.jwt import jwk, strength
from buckler.guard.auth.jwt.algorithms import (
    DEFAULTS,
    Algorithm,
    algorithm,
    joserfc,
    model,
    signer,
)
from buckler.guard.options import GuardError

MAX_KID: Final = 200
"""Characters of a key's name."""
_PUBLIC: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


class SigningKey:
    """A key that signs and verifies, or verifies alone, by one algorithm.

    Made by :meth:`generate`, :meth:`from_secret`, :meth:`from_pem`, :meth:`from_jwk` or :meth:`from_file`.

    Attributes:
        alg: Its algorithm; no token can choose another one.
        kid: Its name; else the SHA-256 thumbprint of its public part (RFC 7638).
        kind: ``oct``, ``RSA``, ``EC`` or ``OKP``.
        private: Whether it can sign.
    """

    __slots__ = ("_key", "_model", "_sign", "alg", "kid", "kind", "private")

    def __init__(self, key: Any, wanted: Algorithm, kid: str | None) -> None:
        self._key = key
        self._model = model(wanted)
        self._sign = signer(wanted, key)
        self.alg = wanted.name
        self.kind = wanted.kind
        self.private: bool = key.is_private
        self.kid: str = check_kid(kid) if kid is not None else key.thumbprint()

    def __repr__(self) -> str:
        return f"<SigningKey {self.alg} {self.kid}{'' if self.private else ' public'}>"

    def __reduce__(self) -> Any:
        raise TypeError("a key is not pickled; write SigningKey.pem() to where secrets are kept")

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, as JWS writes it (RFC 7518, 3)."""
        return self._sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature is that of a message."""
        good: bool = self._model.verify(message, signature, self._key)
        return good

    def public_jwk(self) -> dict[str, str]:
        """The public part as a JWK (RFC 7517): its members by name, so that no private one can be among them.

        Raises:
            GuardError: It is a secret, which has no public part.
        """
        members = _PUBLIC.get(self.kind)
        if members is None:
            raise GuardError(
                "a secret for HMAC has no public part",
                hint="for others to verify: SigningKey.generate('EdDSA')",
            )
        whole = self._key.dict_value
        found = {name: whole[name] for name in members}
        return {"kty": self.kind, "use": "sig", "alg": self.alg, "kid": self.kid, **found}

    def public(self) -> SigningKey:
        """The same key, for verifying alone."""
        return SigningKey.from_jwk(self.public_jwk())

    def pem(self, *, password: str | None = None) -> bytes:
        """The private key as PEM (PKCS#8), to be kept where secrets are kept.

        Args:
            password: To encrypt it with.

        Raises:
            GuardError: It is a secret or a public key.
        """
        if not self.private or self.kind == "oct":
            raise GuardError(
                "only a private key is written as PEM", hint="public_jwk() gives the public part"
            )
        written: bytes = self._key.as_pem(private=True, password=password)
        return written

    @classmethod
    def generate(cls, alg: str = "EdDSA", *, kid: str | None = None) -> SigningKey:
        """A new key.

        Args:
            alg: ``EdDSA``, ``Ed25519``, ``ES256``..., ``RS256``..., ``PS256``..., ``HS256``...
            kid: Its name, else the thumbprint.

        Raises:
            GuardError: There is no such algorithm.
        """
        wanted = algorithm(alg)
        how: Any = {"oct": wanted.bits, "RSA": 3072}.get(wanted.kind, wanted.curve)
        made = joserfc().jwk.generate_key(wanted.kind, how)
        return cls(made, wanted, kid)

    @classmethod
    def from_secret(
        cls, secret: str | bytes, *, alg: str = "HS256", kid: str | None = None
    ) -> SigningKey:
        """A secret for HMAC.

        Args:
            secret: At least as long as the hash: 32, 48 or 64 bytes (RFC 7518, 3.2).
            alg: ``HS256``, ``HS384`` or ``HS512``.
            kid: Its name, else the thumbprint.

        Raises:
            GuardError: It is too short, can be guessed, or is a public key.
        """
        wanted = algorithm(alg)
        if wanted.kind != "oct":
            raise GuardError(
                f"{alg} takes no secret", hint="alg='HS256', or SigningKey.from_pem(...)"
            )
        if not isinstance(secret, str | bytes):
            raise GuardError("a secret is a text or bytes", hint=strength.GENERATE)
        library = joserfc()
        raw = secret.encode("utf-8") if isinstance(secret, str) else secret
        strength.check_no_public_key(raw)
        strength.check_length(raw, wanted)
        strength.check_guessable(raw)
        return cls(library.jwk.OctKey(raw, raw), wanted, kid)

    @classmethod
    def from_pem(
        cls,
        pem: str | bytes,
        *,
        alg: str | None = None,
        kid: str | None = None,
        password: str | None = None,
    ) -> SigningKey:
        """A private or public key as PEM.

        Args:
            pem: PKCS#8, PKCS#1, SEC 1, OpenSSH or SubjectPublicKeyInfo.
            alg: Else RS256, ES256, ES384, ES512 or EdDSA, by type and curve.
            kid: Its name, else the thumbprint.
            password: Of an encrypted one.

        Raises:
            GuardError: It cannot be read, is too weak, or not of the algorithm.
        """
        native = jwk.read_pem(pem, password)
        return cls._from_native(native, alg, kid)

    @classmethod
    def from_jwk(
        cls,
        value: Mapping[str, Any] | str | bytes,
        *,
        alg: str | None = None,
        kid: str | None = None,
    ) -> SigningKey:
        """A JWK (RFC 7517), private or public.

        Args:
            value: The object, or its JSON.
            alg: Else what it says, else by type and curve.
            kid: Else what it says, else the thumbprint.

        Raises:
            GuardError: It is not well formed, not for signatures, too weak, or says another algorithm.
        """
        library = joserfc()
        members = jwk.read_members(value)
        stated = members.get("alg")
        if alg is not None and stated is not None and alg != stated:
            raise GuardError(f"this key is for {stated[:20]!r}, not {alg}", hint="leave alg= out")
        name = kid if kid is not None else members.get("kid")
        if members["kty"] == "oct":
            wanted = _fitting("oct", "", alg or stated)
            raw = jwk.read_secret(members)
            strength.check_no_public_key(raw)
            strength.check_length(raw, wanted)
            if strength.is_typed(raw):
                strength.check_guessable(raw)
            return cls(library.jwk.OctKey(raw, raw), wanted, name)
        return cls._from_native(jwk.read_native(members), alg or stated, name)

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        alg: str | None = None,
        kid: str | None = None,
        password: str | None = None,
    ) -> SigningKey:
        """A file with a PEM or a JWK.

        Raises:
            GuardError: It cannot be read, or what is in it cannot.
        """
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise GuardError(f"{path} cannot be read: {error.strerror}") from error
        if raw.lstrip().startswith(b"{"):
            return cls.from_jwk(raw, alg=alg, kid=kid)
        return cls.from_pem(raw, alg=alg, kid=kid, password=password)

    @classmethod
    def _from_native(cls, native: Any, alg: str | None, kid: str | None) -> SigningKey:
        kind, curve = jwk.kind_of(native)
        wanted = _fitting(kind, curve, alg)
        if kind == "RSA":
            public = native.public_key() if hasattr(native, "private_numbers") else native
            numbers = public.public_numbers()
            strength.check_rsa(numbers.n, numbers.e)
        made = {"RSA": "RSAKey", "EC": "ECKey", "OKP": "OKPKey"}[kind]
        return cls(getattr(joserfc().jwk, made)(native, native), wanted, kid)


def check_kid(value: object) -> str:
    """The name of a key.

    Raises:
        GuardError: It is no text, empty, or longer than :data:`MAX_KID` characters.
    """
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KID:
        raise GuardError(f"kid is a text of 1 to {MAX_KID} characters", hint="leave kid= out")
    return value


def _fitting(kind: str, curve: str, alg: str | None) -> Algorithm:
    """The algorithm of a key, which has to be one for its type and curve.

    Raises:
        GuardError: It is none, or for other keys.
    """
    stated = alg if alg is not None else DEFAULTS.get((kind, curve))
    if stated is None:
        raise GuardError(f"a key of type {kind} {curve} cannot sign here", hint=jwk.KINDS)
    wanted = algorithm(stated)
    if (wanted.kind, wanted.curve) != (kind, curve):
        raise GuardError(
            f"{stated} is not for a key of type {kind} {curve}".rstrip(), hint="leave alg= out"
        )
    return wanted
