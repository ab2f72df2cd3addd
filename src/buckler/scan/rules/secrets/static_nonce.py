"""SEC005: the same nonce or initialisation vector for every message."""

from __future__ import annotations

from collections.abc import Iterator

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import Value
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.ciphers import (
    CIPHER,
    CRYPTO,
    argument_of,
    externals,
    fixed,
    short,
)
from buckler.scan.rules.secrets._fixes.nonce import fresh

_MODES = frozenset("CBC CTR GCM OFB CFB CFB8".split())
_WHY = {
    "constant": "is a constant, the same for every message",
    "start": "is drawn once when the module is imported and used for every message after that",
}


class StaticNonce(Rule):
    """A nonce or initialisation vector is the same for every message.

    ## What it is
    GCM, CTR and ChaCha20 need a number that is used once with a key, CBC one that cannot be foretold. Here it is a
    constant, or is drawn once at the start.

    ## Why it matters
    With GCM, CTR and ChaCha20 two messages under one nonce give away the difference of their texts, and for GCM the key
    that protects against changes: messages can be read and forged. With CBC equal beginnings can be seen, and guesses
    tested.

    ## How to fix
    Draw it for each message and send it in front: ``nonce = os.urandom(12)`` and ``nonce + AESGCM(key).encrypt(nonce, data,
    None)``. ``Fernet(key).encrypt(data)`` does that by itself.

    ## How to check
    Encrypt the same text twice: the outputs must differ from the first byte on.

    ## Roll-out
    What is stored gets a nonce in front: keep a version beside it while old data is still there, and change the key.

    ## References
    CWE-329, CWE-323; NIST SP 800-38D, 8.2; NIST SP 800-38A, appendix C; ASVS 5.0 V11.3.4.
    """

    id = "SEC005"
    name = "static-nonce"
    title = "Nonce used again"
    severity = Severity.HIGH
    cwe = (329, 323)
    owasp = ("A02:2021", "A04:2025")
    asvs = ("V11.3.4",)
    calls = (
        f"{CIPHER} {CRYPTO}{{AES,DES,DES3,Blowfish,CAST,ChaCha20,ChaCha20_Poly1305,Salsa20}}.new "
        "cryptography.hazmat.primitives.ciphers.aead.{AESGCM,AESCCM,AESOCB3,ChaCha20Poly1305}.encrypt "
        "nacl.secret.{SecretBox,Aead}.encrypt nacl.public.Box.encrypt"
    )
    fix = Fix(
        "draw a fresh one for each message: os.urandom(12)",
        before="AESGCM(key).encrypt(NONCE, data, None)",
        after="nonce = os.urandom(12)\nsealed = nonce + AESGCM(key).encrypt(nonce, data, None)",
        safe=True,
    )
    bad = (
        Example(
            """
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from fastapi import FastAPI

            app = FastAPI()
            box = AESGCM(AESGCM.generate_key(bit_length=256))


            @app.post("/cards")
            def card(number: str) -> str:
                return box.encrypt(b"000000000000", number.encode(), None).hex()
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI

            from vault.sealing import Vault

            app = FastAPI()
            vault = Vault()


            @app.post("/notes")
            def note(text: str) -> str:
                return vault.seal(text).hex()
            """,
            files={
                "vault/__init__.py": "",
                "vault/settings.py": "START = '0f1e2d3c4b5a6978'",
                "vault/sealing.py": """
                import os

                from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

                from vault.settings import START


                class Vault:
                    def __init__(self) -> None:
                        self.key = os.urandom(32)
                        self.start = START.encode()

                    def seal(self, text: str) -> bytes:
                        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.start)).encryptor()
                        return encryptor.update(text.ljust(64).encode()) + encryptor.finalize()
                """,
            },
        ),
        Example(
            """
            import os

            from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
            from fastapi import FastAPI

            app = FastAPI()
            box = ChaCha20Poly1305(ChaCha20Poly1305.generate_key())
            NONCE = os.urandom(12)


            @app.post("/cards")
            def card(number: str) -> str:
                return box.encrypt(NONCE, number.encode(), b"card").hex()
            """,
        ),
        Example(
            """
            import os

            from Crypto.Cipher import AES
            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.urandom(16)


            def cipher(vector: bytes = b"fedcba9876543210"):
                return AES.new(KEY, AES.MODE_CBC, iv=vector)


            @app.post("/cards")
            def card(number: str) -> str:
                return cipher().encrypt(number.zfill(16).encode()).hex()
            """,
        ),
    )
    good = (
        Example(
            """
            import os
            import secrets

            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.urandom(32)
            box = AESGCM(KEY)


            @app.post("/cards")
            def card(number: str) -> str:
                nonce = secrets.token_bytes(12)
                return (nonce + box.encrypt(nonce, number.encode(), b"card")).hex()


            @app.post("/read")
            def read(sealed: str) -> str:
                data = bytes.fromhex(sealed)
                return box.decrypt(data[:12], data[12:], b"card").decode()


            @app.post("/stream")
            def stream(text: str) -> str:
                start = os.urandom(16)
                encryptor = Cipher(algorithms.AES(KEY), modes.CTR(start)).encryptor()
                return (start + encryptor.update(text.encode())).hex()
            """,
        ),
        Example(
            """
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from fastapi import FastAPI

            app = FastAPI()


            class Sender:
                def __init__(self) -> None:
                    self.box = AESGCM(AESGCM.generate_key(bit_length=256))
                    self.sent = 0

                def seal(self, text: str) -> bytes:
                    self.sent += 1
                    nonce = self.sent.to_bytes(12, "big")
                    return nonce + self.box.encrypt(nonce, text.encode(), None)


            sender = Sender()


            @app.post("/notes")
            def note(text: str) -> str:
                return sender.seal(text).hex()
            """,
        ),
        Example(
            """
            import os

            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from fastapi import FastAPI

            app = FastAPI()
            box = AESGCM(AESGCM.generate_key(bit_length=256))


            def seal(data: bytes, nonce: bytes | None = None) -> bytes:
                nonce = nonce or os.urandom(12)
                return nonce + box.encrypt(nonce, data, None)


            @app.post("/notes")
            def note(text: str) -> str:
                return seal(text.encode()).hex()
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Every nonce of the call that cannot differ."""
        for what, value in _nonces(call):
            why = fixed(value)
            if why:
                return Verdict(f"The {what} {_WHY[why]}.")
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A fresh one where the message names it already, or where it can be put before the message."""
        for call in draft.calls_at(finding):
            how = fresh(draft, call)
            if how == "alike":
                return draft.repair("draws the nonce for each message")
            if how:
                told = (
                    "the nonce stands before what is encrypted, and whoever decrypts it has to take it from there; "
                    "what was encrypted before needs the old one"
                )
                return draft.repair("draws the nonce for each message", safe=False, changes=told)
        return None


def _nonces(call: Call) -> Iterator[tuple[str, Value | None]]:
    if call.name.endswith(".Cipher"):
        for mode in externals(call.given(1, "mode")):
            if short(mode) in _MODES:
                nonce = argument_of(
                    mode, 0, "nonce" if short(mode) == "CTR" else "initialization_vector"
                )
                yield f"initialisation vector of {short(mode)}", nonce
        for algorithm in externals(call.given(0, "algorithm")):
            if short(algorithm) == "ChaCha20":
                yield "nonce of ChaCha20", argument_of(algorithm, 1, "nonce")
    elif call.name.startswith("nacl."):
        yield "nonce", call.given(1, "nonce")
    elif call.name.endswith(".new"):
        if not any(short(t) in ("MODE_ECB", "MODE_SIV") for t in externals(call.given(1, "mode"))):
            block = call.name.split(".")[2] not in ("ChaCha20", "ChaCha20_Poly1305", "Salsa20")
            yield (
                "initialisation vector",
                call.given(2 if block else -1, "iv") or call.given(-1, "IV"),
            )
            yield "nonce", call.given(-1, "nonce")
    else:
        yield f"nonce of {call.name.split('.')[-2]}", call.given(0, "nonce")
