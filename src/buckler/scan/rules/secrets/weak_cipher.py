"""SEC004: encryption that does not hide what it encrypts."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import last
from buckler.scan.rules._support.ciphers import CIPHER, CRYPTO, externals, named, short

_BROKEN = {
    "TripleDES": "Triple DES has blocks of 64 bits",
    "DES": "DES has a key of 56 bits",
    "DES3": "Triple DES has blocks of 64 bits",
    "Blowfish": "Blowfish has blocks of 64 bits",
    "CAST5": "CAST5 has blocks of 64 bits",
    "CAST": "CAST has blocks of 64 bits",
    "IDEA": "IDEA has blocks of 64 bits",
    "ARC4": "the output of RC4 can be told from chance",
    "ARC2": "RC2 is broken",
    "RC2": "RC2 is broken",
    "XOR": "XOR with a key that is used again hides nothing",
}
_ECB = "in ECB mode equal blocks stay equal, so the pattern of the text shows"
_PADDING = "padding by PKCS #1 v1.5 lets whoever can ask often enough read the text"


class WeakCipher(Rule):
    """Data is encrypted with a broken cipher, or in a mode that shows its pattern.

    ## What it is
    ECB encrypts every block by itself, so equal blocks give equal output. DES, Triple DES, Blowfish, CAST, IDEA and RC2
    have short blocks or keys, RC4 has a bias, and RSA with PKCS #1 v1.5 padding answers questions about the text.

    ## Why it matters
    What was to be hidden can be read, recognised or put together anew: blocks of one record can be moved into another, and
    nobody notices, since none of these shows that the text was changed.

    ## How to fix
    ``AESGCM(key)`` or ``ChaCha20Poly1305(key)`` of ``cryptography`` with a fresh nonce for every message, or
    ``Fernet(key)``, which takes care of all of it. For RSA: ``padding.OAEP``.

    ## How to check
    Encrypt a text of twice the same sixteen letters: the output must not repeat itself.

    ## Roll-out
    Old data is decrypted once with the old cipher and encrypted with the new one; keep a version in front of it.

    ## References
    CWE-327; NIST SP 800-131A; NIST SP 800-38A; RFC 7465; ASVS 5.0 V11.3.1, V11.3.2.
    """

    id = "SEC004"
    name = "weak-cipher"
    title = "Weak cipher"
    severity = Severity.HIGH
    cwe = (327,)
    owasp = ("A02:2021", "A04:2025")
    asvs = ("V11.3.1", "V11.3.2")
    calls = (
        f"{CIPHER} {CRYPTO}{{AES,DES,DES3,ARC2,ARC4,Blowfish,CAST}}.new {CRYPTO}{{XOR,PKCS1_v1_5}}.new "
        "cryptography.PublicKey.encrypt cryptography.PrivateKey.decrypt"
    )
    fix = Fix(
        "AESGCM(key).encrypt(os.urandom(12), data, None), or Fernet(key)",
        before="Cipher(algorithms.AES(key), modes.ECB()).encryptor()",
        after="AESGCM(key).encrypt(nonce, data, None)",
    )
    bad = (
        Example(
            """
            import os

            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.urandom(32)


            @app.post("/cards")
            def card(number: str) -> str:
                encryptor = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()
                data = number.ljust(32).encode()
                return (encryptor.update(data) + encryptor.finalize()).hex()
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI

            from box import seal

            app = FastAPI()


            @app.post("/notes")
            def note(text: str) -> str:
                return seal(text.encode()).hex()
            """,
            files={
                "box.py": """
                import os

                from cryptography.hazmat.decrepit.ciphers import algorithms
                from cryptography.hazmat.primitives.ciphers import Cipher, modes

                ALGORITHM = algorithms.TripleDES
                KEY = os.urandom(24)


                def seal(data: bytes) -> bytes:
                    start = os.urandom(8)
                    encryptor = Cipher(ALGORITHM(KEY), modes.CTR(start + start)).encryptor()
                    return start + encryptor.update(data) + encryptor.finalize()
                """,
            },
        ),
        Example(
            """
            import os

            from Crypto.Cipher import AES
            from fastapi import FastAPI

            app = FastAPI()
            MODE = AES.MODE_ECB
            KEY = os.urandom(16)


            @app.post("/cards")
            def card(number: str) -> str:
                return AES.new(KEY, MODE).encrypt(number.zfill(16).encode()).hex()
            """,
        ),
        Example(
            """
            from cryptography.hazmat.primitives.asymmetric import padding, rsa
            from fastapi import FastAPI

            app = FastAPI()
            key = rsa.generate_private_key(public_exponent=65537, key_size=3072)


            @app.post("/open")
            def opened(sealed: str) -> str:
                return key.decrypt(bytes.fromhex(sealed), padding.PKCS1v15()).decode()
            """,
        ),
    )
    good = (
        Example(
            """
            import os

            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from fastapi import FastAPI

            app = FastAPI()
            box = AESGCM(AESGCM.generate_key(bit_length=256))


            @app.post("/cards")
            def card(number: str) -> str:
                nonce = os.urandom(12)
                return (nonce + box.encrypt(nonce, number.encode(), None)).hex()
            """,
        ),
        Example(
            """
            import os

            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.urandom(32)
            MODES = {"old": modes.ECB, "new": modes.CTR}


            @app.post("/cards")
            def card(number: str) -> str:
                start = os.urandom(16)
                encryptor = Cipher(algorithms.AES(KEY), MODES["new"](start)).encryptor()
                return (start + encryptor.update(number.encode()) + encryptor.finalize()).hex()
            """,
        ),
        Example(
            """
            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.asymmetric import padding, rsa
            from fastapi import FastAPI

            app = FastAPI()
            key = rsa.generate_private_key(public_exponent=65537, key_size=3072)


            @app.post("/open")
            def opened(sealed: str) -> str:
                oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
                return key.decrypt(bytes.fromhex(sealed), oaep).decode()


            @app.post("/sign")
            def sign(text: str) -> str:
                return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Ciphers by their class, modes by what they were made with."""
        library, _, method = call.name.rpartition(".")
        if library.startswith("cryptography.P"):
            weak = any(short(t) == "PKCS1v15" for v in call.every for t in externals(v))
            return (
                Verdict(f"RSA is used for encryption with an old padding: {_PADDING}.")
                if weak
                else None
            )
        if method == "Cipher":
            return _told(
                *(short(t) for t in named(call.given(0, "algorithm"), "cryptography.")),
                *(short(t) for t in named(call.given(1, "mode"), "cryptography.")),
            )
        algorithm = library.rpartition(".")[2]
        if algorithm == "PKCS1_v1_5":
            return Verdict(f"RSA is used for encryption with an old padding: {_PADDING}.")
        modes = [short(t).removeprefix("MODE_") for t in externals(call.given(1, "mode"))]
        return _told(algorithm, *modes)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """OAEP for RSA; another cipher needs a nonce and a way to read what is stored."""
        base = "cryptography.hazmat.primitives"
        for call in draft.calls_at(finding):
            for given in call.args if last(call.func) in ("encrypt", "decrypt") else ():
                if isinstance(given, ast.Call) and last(given.func) == "PKCS1v15":
                    oaep = draft.name_for(f"{base}.asymmetric.padding.OAEP", given)
                    mask = draft.name_for(f"{base}.asymmetric.padding.MGF1", given)
                    sha = draft.name_for(f"{base}.hashes.SHA256", given)
                    draft.replace(given, f"{oaep}({mask}({sha}()), {sha}(), None)")
                    told = "the other side has to use OAEP with SHA-256 as well; what was encrypted before is not read"
                    return draft.repair("pads with OAEP", safe=False, changes=told)
        return None


def _told(*names: str) -> Verdict | None:
    for name in names:
        if name in _BROKEN:
            return Verdict(f"Data is encrypted with {name}: {_BROKEN[name]}.")
    return Verdict(f"Data is encrypted block by block: {_ECB}.") if "ECB" in names else None
