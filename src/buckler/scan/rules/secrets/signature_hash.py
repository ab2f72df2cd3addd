"""SEC007: signatures over a digest for which two texts can be found."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.ciphers import externals, named, short

_BROKEN = frozenset({"MD5", "SHA1"})
_MD5 = frozenset({"hashlib.md5", "hashlib.md4", "md5", "md4"})


class WeakSignatureHash(Rule):
    """A signature is made or checked over MD5 or SHA-1, or a message code uses MD5.

    ## What it is
    ``key.sign(data, …, hashes.SHA1())``, a certificate signed with it, ``hmac.new(key, data, "md5")``. A signature covers the
    digest only, and for these two digests different texts with the same value can be made.

    ## Why it matters
    Whoever gets one harmless text signed has the signature of another text that was made to fit: another amount, another
    host in a certificate.

    ## How to fix
    ``hashes.SHA256()`` on both sides, ``hmac.new(key, data, "sha256")``, or a key of ``Ed25519``, which needs no choice.

    ## How to check
    Search for ``SHA1`` and ``MD5`` beside ``sign``, ``verify`` and ``hmac``.

    ## Roll-out
    The other side has to check the new digest before it is used; accept both for a while when verifying, never when signing.

    ## References
    CWE-328; RFC 6151; RFC 9155; NIST SP 800-131A; ASVS 5.0 V11.4.1.
    """

    id = "SEC007"
    name = "weak-signature-hash"
    title = "Signature over MD5 or SHA-1"
    severity = Severity.MEDIUM
    cwe = (328,)
    owasp = ("A02:2021", "A04:2025")
    asvs = ("V11.4.1",)
    calls = (
        "cryptography.PrivateKey.sign cryptography.PublicKey.verify cryptography.Builder.sign "
        "hmac.new hmac.digest hmac.HMAC cryptography.hazmat.primitives.hmac.HMAC"
    )
    fix = Fix(
        "hashes.SHA256()",
        before="key.sign(data, padding.PKCS1v15(), hashes.SHA1())",
        after="key.sign(data, padding.PKCS1v15(), hashes.SHA256())",
    )
    bad = (
        Example(
            """
            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.asymmetric import padding, rsa
            from fastapi import FastAPI

            app = FastAPI()
            key = rsa.generate_private_key(public_exponent=65537, key_size=3072)


            @app.post("/orders")
            def order(text: str) -> str:
                return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1()).hex()
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI, Header, HTTPException, Request

            from partners import verified

            app = FastAPI()


            @app.post("/orders")
            async def order(request: Request, signature: str = Header()) -> str:
                if not verified(await request.body(), bytes.fromhex(signature)):
                    raise HTTPException(401)
                return "taken"
            """,
            files={
                "partners.py": """
                from pathlib import Path

                from cryptography.exceptions import InvalidSignature
                from cryptography.hazmat.primitives import hashes, serialization
                from cryptography.hazmat.primitives.asymmetric import ec

                DIGEST = hashes.SHA1()


                def verified(body: bytes, signature: bytes) -> bool:
                    key = serialization.load_pem_public_key(Path("partner.pem").read_bytes())
                    try:
                        key.verify(signature, body, ec.ECDSA(DIGEST))
                    except InvalidSignature:
                        return False
                    return True
                """,
            },
        ),
        Example(
            """
            import hashlib
            import hmac
            import os

            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.environ.get("LINK_KEY", "").encode()


            @app.get("/link")
            def link(number: int) -> str:
                return hmac.new(KEY, str(number).encode(), hashlib.md5).hexdigest()
            """,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import hmac
            import os

            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.asymmetric import padding, rsa
            from fastapi import FastAPI, Response

            app = FastAPI()
            key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
            KEY = os.environ.get("LINK_KEY", "").encode()


            @app.post("/orders")
            def order(text: str) -> str:
                return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


            @app.get("/link")
            def link(number: int) -> str:
                return hmac.new(KEY, str(number).encode(), hashlib.sha256).hexdigest()


            @app.get("/page")
            def page(response: Response) -> str:
                response.headers["ETag"] = hashlib.md5(b"page", usedforsecurity=False).hexdigest()
                return "page"
            """,
        ),
        Example(
            """
            from pathlib import Path

            from cryptography import x509
            from cryptography.hazmat.primitives import hashes
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/fingerprint")
            def fingerprint() -> str:
                return x509.load_pem_x509_certificate(Path("site.pem").read_bytes()).fingerprint(hashes.SHA1()).hex()
            """,
        ),
        Example(
            """
            import hmac
            import os
            import time

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            SEED = os.environ.get("OTP_SEED", "").encode()


            @app.post("/otp")
            def otp(code: str) -> bool:
                mac = hmac.new(SEED, int(time.time() // 30).to_bytes(8, "big"), "sha1").digest()
                start = mac[-1] & 15
                number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
                if not hmac.compare_digest(code, f"{number % 10**6:06d}"):
                    raise HTTPException(401)
                return True
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Digests among the arguments of what signs; HMAC over SHA-1 holds, so only MD5 is named there."""
        if not call.name.startswith("hmac."):
            wanted = {"MD5"} if call.name.endswith("hmac.HMAC") else _BROKEN
            found = [short(t) for v in call.every for t in named(v, "cryptography.")]
            weak = next((name for name in found if name in wanted), "")
            return (
                Verdict(f"A signature covers a digest of {weak}, for which two texts can be made.")
                if weak
                else None
            )
        digest = call.given(2, "digest" if call.name == "hmac.digest" else "digestmod")
        names = {t.name for t in externals(digest)} | {
            (one_text(digest) or "").lower() if digest else ""
        }
        return Verdict("A message code is made with MD5.") if names & _MD5 else None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """SHA-256 where the digest is named in the call."""
        for call in draft.calls_at(finding):
            for node in ast.walk(call):
                better = _stronger(draft, node)
                if better and isinstance(node, ast.expr):
                    draft.replace(node, better)
                    return draft.repair(
                        "uses SHA-256",
                        safe=False,
                        changes="signatures of before no longer fit, and the other side has to use SHA-256 too",
                    )
        return None


def _stronger(draft: Draft, node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return draft.quote("sha256") if str(node.value).lower() == "md5" else ""
    if not isinstance(node, ast.Attribute | ast.Name):
        return ""
    name = draft.index.name(node)
    library, _, short_name = name.rpartition(".")
    if name == "hashlib.md5":
        return draft.name_for("hashlib.sha256", at=node)
    known = library.startswith("cryptography.") and library.endswith(".hashes")
    return draft.name_for(f"{library}.SHA256", at=node) if known and short_name in _BROKEN else ""
