"""AUT007: a password hash that is cheap to compute."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import Value, value_of
from buckler.scan.python.hashing import CALLED, cheap, handed_on
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.cost import raised


class WeakHashCost(Rule):
    """The password hash is a good one, but it is told to take hardly any time.

    ## What it is
    bcrypt with fewer than 12 rounds, PBKDF2 with fewer than 600,000 iterations (SHA-256; 210,000
    for SHA-512), scrypt or argon2 with little memory.

    ## Why it matters
    The cost is all that stands between a stolen table and the passwords. Each step down halves the
    price of a guess; a cost from ten years ago is no obstacle to today's graphics cards.

    ## How to fix
    Take the library's defaults of today: ``PasswordHash.recommended()``, ``bcrypt.gensalt(12)``,
    ``hashlib.scrypt(…, n=2**17, r=8, p=1, maxmem=2**28)``. Aim at a quarter of a second on your machine.
    ``Passwords`` of ``buckler.guard`` measures the machine once and says which stored hashes are too
    cheap.

    ## How to check
    Time one hash; read the parameters in a stored one (``$2b$12$…``, ``$argon2id$v=19$m=65536,t=3,p=4$…``).

    ## Roll-out
    Old hashes keep working. When somebody signs in, hash anew with the higher cost and store it.

    ## References
    CWE-916; OWASP Password Storage Cheat Sheet; ASVS 5.0 V11.4.2 and V11.4.4.
    """

    id = "AUT007"
    name = "weak-hash-cost"
    title = "Password hash too cheap"
    severity = Severity.MEDIUM
    cwe = (916,)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.4.2", "V11.4.4")
    control = "guard.auth.password"
    fix = Fix(
        "raise the cost: bcrypt.gensalt(12), 600,000 iterations of PBKDF2, scrypt n=2**17",
        before='hashlib.pbkdf2_hmac("sha256", password, salt, 20_000)',
        after='hashlib.pbkdf2_hmac("sha256", password, salt, 600_000)',
        safe=True,
    )
    bad = (
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, bytes] = {}
            ROUNDS = 20_000


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                salt = secrets.token_bytes(16)
                people[name] = salt + hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
                return "welcome"
            """,
            line=14,
        ),
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, bytes] = {}


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                salt = secrets.token_bytes(16)
                people[name] = salt + hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)
                return "welcome"
            """,
            line=13,
        ),
        Example(
            """
            import bcrypt

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, bytes] = {}


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                people[name] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(6))
                return "welcome"
            """,
            line=11,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, bytes] = {}
            KEY = secrets.token_bytes(32)
            COST = 2**16


            def hashed(password: str, salt: bytes) -> bytes:
                return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=2, maxmem=2**28)


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                salt = secrets.token_bytes(16)
                people[name] = salt + hashed(password, salt)
                return "welcome"


            @app.get("/mark")
            def mark() -> str:
                return hashlib.pbkdf2_hmac("sha256", KEY, b"mark", 1000).hex()
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Costs that are known and too low; one finding for each place that sets one."""
        index = index_of(module)
        set_at: set[int] = set()
        for weak in (*cheap(index, index.called(*CALLED)), *handed_on(index)):
            value = value_of(index, weak.node)
            origin = id(value.node) if value is not None else id(weak.call)
            if origin in set_at:
                continue
            set_at.add(origin)
            yield self.found(
                f"{weak.why}, so passwords from a stolen table are guessed fast.",
                confidence=Confidence.SUSPECTED,
                severity=Severity.LOW if _nearly(value) else None,
                location=here(index, weak.call),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The least that is advised, where a hash says itself what it cost, so that old ones still fit."""
        for call in draft.calls_at(finding):
            for weak in (*cheap(draft.index, [call]), *handed_on(draft.index)):
                if weak.call is call and raised(draft, weak):
                    return draft.repair("raises the cost of new hashes")
        return None


def _nearly(value: Value | None) -> bool:
    """bcrypt with 10 or 11 rounds was the advice until lately."""
    return value is not None and value.value in (10, 11)
