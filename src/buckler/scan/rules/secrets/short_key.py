"""SEC006: keys that are too short to hold."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import number as number_of
from buckler.scan.python.index import argument, unpacks
from buckler.scan.rules._support.ciphers import externals, number, short

LEAST = 2048
"""Bits of an RSA, DSA or Diffie-Hellman key: NIST SP 800-131A, table 2."""
_CURVES = frozenset(
    "SECP192R1 SECT163K1 SECT163R2 P-192 prime192v1 secp192r1 NIST192p secp160r1 SECP160r1 BRAINPOOLP160R1".split()
)
_ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"
_SIZES: dict[str, tuple[int, str]] = {
    f"{_ASYMMETRIC}.rsa.generate_private_key": (1, "key_size"),
    f"{_ASYMMETRIC}.dsa.generate_private_key": (0, "key_size"),
    f"{_ASYMMETRIC}.dsa.generate_parameters": (0, "key_size"),
    f"{_ASYMMETRIC}.dh.generate_parameters": (1, "key_size"),
    "Crypto.PublicKey.RSA.generate": (0, "bits"),
    "Crypto.PublicKey.DSA.generate": (0, "bits"),
    "Cryptodome.PublicKey.RSA.generate": (0, "bits"),
    "Cryptodome.PublicKey.DSA.generate": (0, "bits"),
    "rsa.newkeys": (0, "nbits"),
    "paramiko.RSAKey.generate": (0, "bits"),
    "joserfc.jwk.RSAKey.generate_key": (0, "key_size"),
    "authlib.jose.RSAKey.generate_key": (0, "key_size"),
    "asyncssh.generate_private_key": (-1, "key_size"),
}


class ShortKey(Rule):
    """A key for signing or encrypting is made too short.

    ## What it is
    An RSA, DSA or Diffie-Hellman key of fewer than 2048 bits, or a key on a curve of fewer than 224 bits.

    ## Why it matters
    RSA keys of 829 bits have been factored in public; 1024 bits are within reach of who can pay for it. Whoever has the key
    signs tokens and reads what was sealed, past and future.

    ## How to fix
    ``rsa.generate_private_key(public_exponent=65537, key_size=3072)``, or a key on ``ec.SECP256R1()`` or ``Ed25519``.
    ``buckler.guard.auth.jwt`` refuses keys that are too short.

    ## How to check
    ``openssl pkey -in key.pem -text -noout`` says how many bits a key has.

    ## Roll-out
    Publish the new public key first, sign with the new key once every verifier has it, and remove the old one when
    the last token of it has expired.

    ## References
    CWE-326; NIST SP 800-131A; RFC 7518, 3.3; ASVS 5.0 V11.2.3, V11.6.1.
    """

    id = "SEC006"
    name = "short-key"
    title = "Short key"
    severity = Severity.MEDIUM
    cwe = (326,)
    owasp = ("A02:2021", "A04:2025")
    asvs = ("V11.2.3", "V11.6.1")
    control = "guard.auth.jwt"
    calls = " ".join(_SIZES) + (
        f" {_ASYMMETRIC}.ec.generate_private_key {{Crypto,Cryptodome}}.PublicKey.ECC.generate"
        " ecdsa.SigningKey.generate jwcrypto.jwk.JWK.generate"
    )
    fix = Fix(
        "key_size=3072",
        before="rsa.generate_private_key(public_exponent=65537, key_size=1024)",
        after="rsa.generate_private_key(public_exponent=65537, key_size=3072)",
        safe=True,
    )
    bad = (
        Example(
            """
            from cryptography.hazmat.primitives.asymmetric import rsa
            from fastapi import FastAPI

            app = FastAPI()
            key = rsa.generate_private_key(public_exponent=65537, key_size=1024)


            @app.get("/size")
            def size() -> int:
                return key.key_size
            """,
            line=5,
        ),
        Example(
            """
            from fastapi import FastAPI

            from signing import new_key

            app = FastAPI()


            @app.post("/keys")
            def make() -> int:
                return new_key().key_size
            """,
            files={
                "settings.py": "KEY_BITS = 512 * 2\n",
                "signing.py": """
                from cryptography.hazmat.primitives.asymmetric import rsa

                import settings


                def new_key() -> rsa.RSAPrivateKey:
                    return rsa.generate_private_key(65537, settings.KEY_BITS)
                """,
            },
        ),
        Example(
            """
            from cryptography.hazmat.primitives.asymmetric import ec
            from fastapi import FastAPI

            app = FastAPI()
            CURVES = {"small": ec.SECP192R1(), "usual": ec.SECP256R1()}


            @app.post("/keys")
            def make() -> int:
                return ec.generate_private_key(CURVES["small"]).key_size
            """,
        ),
    )
    good = (
        Example(
            """
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
            from fastapi import FastAPI

            app = FastAPI()
            SIZES = {"old": 1024, "new": 3072}
            key = rsa.generate_private_key(public_exponent=65537, key_size=SIZES["new"])
            other = ec.generate_private_key(ec.SECP384R1())
            third = ed25519.Ed25519PrivateKey.generate()


            @app.get("/size")
            def size() -> int:
                return key.key_size + other.key_size
            """,
        ),
        Example(
            """
            from cryptography.hazmat.primitives.asymmetric import rsa
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.post("/keys")
            def make(bits: int) -> int:
                if bits < 2048:
                    raise HTTPException(422)
                return rsa.generate_private_key(65537, bits).key_size
            """,
        ),
        Example(
            """
            from Crypto.PublicKey import RSA
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/keys")
            def make() -> int:
                return RSA.generate(2048).size_in_bits()
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Sizes by number, curves by name."""
        place = _SIZES.get(call.name)
        if place is not None or call.name == "jwcrypto.jwk.JWK.generate":
            bits = number(call.given(*(place or (-1, "size"))))
            if place is None and one_text(call.given(-1, "kty") or call.every[0]) != "RSA":
                return None
            return (
                Verdict(f"The key has {bits} bits: fewer than {LEAST}.")
                if bits and bits < LEAST
                else None
            )
        for value in call.every:
            names = [short(t) for t in externals(value)]
            text = one_text(value)
            for name in (*names, *([text] if text else [])):
                if name in _CURVES:
                    return Verdict(f"The key lies on the curve {name}, which is too small.")
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """3072 bits, where the size is written in the call."""
        for call in draft.calls_at(finding):
            place = _SIZES.get(draft.index.name(call.func))
            if place is None or "RSA" not in ast.unparse(call.func).upper() or unpacks(call):
                continue
            size = argument(call, place[1], place[0] if place[0] >= 0 else None)
            bits = number_of(draft.index, size)
            if isinstance(size, ast.Constant) and bits is not None and bits < LEAST:
                draft.replace(size, "3072")
                return draft.repair("makes a key of 3072 bits")
        return None
