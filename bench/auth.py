"""What identities cost: tokens beside PyJWT and joserfc, permissions beside casbin and Cedar, sign-ins at once.

Each figure is the median of rounds in which the sides take turns, in CPU time. joserfc checks the claims by its own
registry, PyJWT by its options, both the same ones as guard: issuer, audience, end. Ed25519 goes by the name
``Ed25519`` for guard and joserfc, since joserfc warns at each token of the older ``EdDSA``, which costs time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from _access import permissions, sign_ins
from _table import CALIBRATED_MS, Figure, calibrate, figure, report
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwk
from joserfc import jwt as jose
from joserfc.jwt import JWTClaimsRegistry

from buckler.guard import KeySet, SigningKey, TokenIssuer, TokenPolicy, TokenVerifier

ISSUER, AUDIENCE = "https://shop.example", "shop"
POLICY = TokenPolicy(ISSUER, AUDIENCE)
ALGORITHMS = ("HS256", "RS256", "ES256", "Ed25519")
ROUNDS = 15
CACHED_MICROSECONDS = 2.0
TIMES_PYJWT = 40.0
OF_JOSERFC = 1.10
OVER_JOSERFC_MICROSECONDS = 10.0
CLAIMS = {"scopes": ["orders:read", "orders:write"], "session": "Zm9vYmFyYmF6cXV4"}


def main() -> None:
    calibration = calibrate()
    scale = max(1.0, calibration / CALIBRATED_MS)
    report([*tokens(scale), *permissions(scale), *sign_ins()], calibration)


def tokens(scale: float) -> list[Figure]:
    """Verified from the cache, verified without it, and signed, per algorithm."""
    found = []
    for alg in ALGORITHMS:
        sides = Sides(alg)
        took = microseconds({"guard": sides.cached, "pyjwt": sides.pyjwt}, often={"guard": 200})
        found += [
            figure(f"{alg} cached", took["guard"], "us", CACHED_MICROSECONDS, scale=scale),
            figure(
                f"{alg} cached, times PyJWT",
                took["pyjwt"] / took["guard"],
                "x",
                TIMES_PYJWT,
                at_most=False,
            ),
        ]
        took = microseconds({"guard": sides.uncached, "joserfc": sides.joserfc})
        found += [
            figure(f"{alg} uncached, of joserfc", took["guard"] / took["joserfc"], "x", OF_JOSERFC),
            figure(
                f"{alg} uncached, over joserfc",
                took["guard"] - took["joserfc"],
                "us",
                OVER_JOSERFC_MICROSECONDS,
                scale=scale,
            ),
        ]
        took = microseconds({"guard": sides.sign, "joserfc": sides.joserfc_sign})
        found.append(
            figure(f"{alg} signed, of joserfc", took["guard"] / took["joserfc"], "x", OF_JOSERFC)
        )
    return found


class Sides:
    """One token of one algorithm, and each library's way to take and to make it."""

    def __init__(self, alg: str) -> None:
        self.alg = alg
        key = made(alg)
        keys = KeySet(key)
        self.issuer = TokenIssuer(keys, POLICY)
        self.with_cache = TokenVerifier(keys, POLICY)
        self.without = TokenVerifier(keys, POLICY, cache=0)
        self.token = self.issuer.issue("user-1", **CLAIMS)
        self.raw = self.token.encode("ascii")
        self.jose_key = theirs(key)
        self.registry = JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        )
        older = "EdDSA" if alg == "Ed25519" else alg
        self.older = [older]
        self.jwt_key = SECRET if alg == "HS256" else jwt.PyJWK(key.public_jwk(), older).key
        claims = jwt.decode(self.token, options={"verify_signature": False})
        signing = SECRET if alg == "HS256" else key.pem()
        self.jwt_token = jwt.encode(claims, signing, older, headers={"typ": "at+jwt"})
        self.claims = claims
        self.header = {"alg": alg, "kid": key.kid, "typ": "at+jwt"}

    def cached(self) -> None:
        """As a server does it: each request brings a text of its own, whose hash nobody knows yet."""
        self.with_cache.verify(self.raw.decode("ascii"))

    def uncached(self) -> None:
        """Without a cache."""
        self.without.verify(self.token)

    def sign(self) -> None:
        """Issue one."""
        self.issuer.issue("user-1", **CLAIMS)

    def pyjwt(self) -> None:
        """As its guide says."""
        jwt.decode(
            self.jwt_token, self.jwt_key, algorithms=self.older, audience=AUDIENCE, issuer=ISSUER
        )

    def joserfc(self) -> None:
        """Signature and claims."""
        self.registry.validate(jose.decode(self.token, self.jose_key, algorithms=[self.alg]).claims)

    def joserfc_sign(self) -> None:
        """The same claims."""
        jose.encode(self.header, self.claims, self.jose_key, algorithms=[self.alg])


SECRET = "c3a1f0e9d8b7a6958473625140fedcba0918273645aabbccddeeff0011223344"


def made(alg: str) -> SigningKey:
    """A key; RSA with 2,048 bits, as most have it."""
    if alg == "HS256":
        return SigningKey.from_secret(SECRET)
    if alg != "RS256":
        return SigningKey.generate(alg)
    native = rsa.generate_private_key(65537, 2048)
    return SigningKey.from_pem(
        native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def theirs(key: SigningKey) -> Any:
    """The same key for joserfc."""
    if key.kind == "oct":
        return jwk.OctKey.import_key(SECRET)
    kinds: Mapping[str, Any] = {"RSA": jwk.RSAKey, "EC": jwk.ECKey, "OKP": jwk.OKPKey}
    return kinds[key.kind].import_key(key.pem())


def microseconds(
    sides: Mapping[str, Callable[[], None]], often: Mapping[str, int] | None = None
) -> dict[str, float]:
    """CPU time of one call of each side: the median of rounds in which they take turns."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    calls = {name: 100 * (often or {}).get(name, 1) for name in sides}
    for _ in range(ROUNDS):
        for name, call in sides.items():
            begun = time.process_time()
            for _ in range(calls[name]):
                call()
            took[name].append((time.process_time() - begun) / calls[name] * 1e6)
    return {name: statistics.median(found) for name, found in took.items()}


if __name__ == "__main__":
    main()
