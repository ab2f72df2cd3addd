"""AUT006: passwords under a hash that is made to be fast."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Module, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import At, Call
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import Taint
from buckler.scan.engines.source.flow.values import truth as truth_of
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import truth
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.passwords import derives_key, is_for_now, is_handed_on, is_slow_hash
from buckler.scan.python.words import is_password, kind, name_of
from buckler.scan.rules._support.passwords import PASSWORD_SLOT, strong
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.schemes import WEAK_SCHEMES, weak_contexts, with_slow_scheme

_FAST = re.compile(
    r"^(hashlib\.(md5|sha\w+|blake2\w|new|file_digest)|Crypto\.Hash\.\w+\.new|Cryptodome\.Hash\.\w+\.new|hmac\.(new|digest)|crypt\.crypt|zlib\.crc32)$"
)
_CALLED = (
    *(
        "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s".split()
    ),
    *("new file_digest digest crypt crc32 hash encrypt using".split()),
)
_WEAK_CALL = re.compile(r"^passlib\.hash\.(\w+)(?:\(\))?\.(hash|encrypt|using)$")
_BREACH = re.compile(
    r"pwned|breach|hibp|leaked|compromised|pepper|fingerprint|cache_key|strength", re.IGNORECASE
)
_FAST_HASH = "A password is hashed with a function that is made to be fast."


class WeakPasswordHash(Rule):
    """Passwords are hashed with a function that is made to be fast.

    ## What it is
    MD5, SHA-1, SHA-256 and their like are run over a password, with or without a salt.

    ## Why it matters
    One graphics card tries billions of them a second. Whoever reads the table once, through an
    injection or a lost backup, has most of the passwords within hours, here and at the other
    places where people use them.

    ## How to fix
    Use a hash that is made for passwords: argon2id (``pwdlib`` or ``argon2-cffi``), or ``hashlib.scrypt``
    with ``n=2**17, r=8, p=1`` and 16 random bytes of salt. ``Passwords`` of ``buckler.guard`` reads
    hashes of older formats and says which to replace.

    ## How to check
    Read one row: an argon2id hash begins with ``$argon2id$``; 32 or 64 hexadecimal digits are the
    weakness.

    ## Roll-out
    Nobody can turn the old hashes back. Wrap them at once (argon2id over the old hash), and store
    the new one when somebody signs in.

    ## References
    CWE-916; OWASP Password Storage Cheat Sheet; ASVS 5.0 V11.4.2.
    """

    id = "AUT006"
    name = "weak-password-hash"
    title = "Weak password hash"
    severity = Severity.HIGH
    cwe = (916, 328)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.4.2",)
    control = "guard.auth.password"
    sinks = ("hash",)
    calls = (
        "hashlib.{md5,sha1,sha224,sha256,sha384,sha512,sha3_224,sha3_256,sha3_384,sha3_512,blake2b,blake2s,new} "
        "hmac.{new,digest} hashlib.Hash.update"
    )
    fix = Fix(
        "use argon2id: PasswordHash.recommended().hash(password)",
        before="hashlib.sha256(password.encode()).hexdigest()",
        after="PasswordHash.recommended().hash(password)",
        safe=True,
    )
    bad = (
        Example(
            """
            import hashlib

            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()
            people: dict[str, str] = {}


            class SignUp(BaseModel):
                name: str
                password: str


            @app.post("/signup")
            def signup(payload: SignUp) -> str:
                people[payload.name] = hashlib.sha256(payload.password.encode()).hexdigest()
                return "welcome"
            """,
            line=17,
        ),
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, str] = {}


            def digest(text: str, salt: str) -> str:
                made = hashlib.new("sha1")
                made.update((salt + text).encode())
                return f"{salt}${made.hexdigest()}"


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                people[name] = digest(password, secrets.token_hex(8))
                return "welcome"
            """,
        ),
        Example(
            """
            from typing import Annotated

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import HTTPBasic, HTTPBasicCredentials

            from lookups import fits

            app = FastAPI()
            basic = HTTPBasic()


            @app.get("/me")
            def me(sent: Annotated[HTTPBasicCredentials, Depends(basic)]) -> str:
                if not fits(sent.username, sent.password):
                    raise HTTPException(401)
                return sent.username
            """,
            files={
                "lookups.py": """
                import hashlib
                import hmac

                WAYS = {"old": hashlib.sha1, "new": hashlib.sha256}
                KNOWN: dict[str, tuple[str, str]] = {}


                def fits(name: str, given: str) -> bool:
                    if name not in KNOWN:
                        return False
                    way, expected = KNOWN[name]
                    return hmac.compare_digest(WAYS[way](given.encode()).hexdigest(), expected)
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/signup")
            def signup(password: str = Form()) -> str:
                from passlib.context import CryptContext

                return CryptContext(schemes=["md5_crypt"]).hash(password)[:4]
            """,
            line=10,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Form

            from keep import digest, is_leaked

            app = FastAPI()
            people: dict[str, bytes] = {}


            @app.post("/join")
            def join(name: str = Form(), password: str = Form()) -> bool:
                if is_leaked(password):
                    return False
                people[name] = digest(password)
                return True
            """,
            files={
                "keep.py": """
                import base64
                import hashlib

                import bcrypt

                KNOWN: set[str] = set()


                def digest(text: str) -> bytes:
                    long = base64.b64encode(hashlib.sha384(text.encode()).digest())
                    return bcrypt.hashpw(long, bcrypt.gensalt(12))


                def is_leaked(text: str) -> bool:
                    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:5] in KNOWN
                """,
            },
        ),
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()
            people: dict[str, bytes] = {}
            keys: set[str] = set()


            def stretched(password: str, salt: bytes) -> bytes:
                short = hashlib.sha512(password.encode()).digest()
                return salt + hashlib.scrypt(short, salt=salt, n=2**14, r=8, p=5)


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                people[name] = stretched(password, secrets.token_bytes(16))
                return "welcome"


            @app.post("/keys")
            def key() -> str:
                made = secrets.token_urlsafe(32)
                keys.add(hashlib.sha256(made.encode()).hexdigest())
                return made
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Fast hashes over something that is called a password."""
        index = index_of(module)
        for call in (*_hashes(index), *weak_contexts(index)):
            yield self.found(
                _FAST_HASH,
                confidence=Confidence.SUSPECTED,
                location=here(index, call),
            )

    def check_call(self, call: Call) -> Verdict | None:
        """A password of a request that comes to a fast hash under another name, in whatever module."""
        off = call.given(-1, "usedforsecurity")
        for thing in things(call.receiver, External):
            off = thing.named.get("usedforsecurity", off)
        if off is not None and truth_of(off) is False:
            return None
        at = 1 if call.name in ("hashlib.new", "hmac.new", "hmac.digest") else 0
        data = call.given(at, "data") or call.given(at, "msg")
        sent = tuple(
            taint
            for taint in (data.taints if data is not None else ())
            if taint.token.source.direct and _brings_password(taint)
        )
        if not sent or any(_excuses(function) for function in call.under_way):
            return None
        return At(_FAST_HASH, taints=sent)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A slow scheme before the others of passlib; what a function of its own made, a person has to move."""
        return with_slow_scheme(draft, finding.location.line or 0)

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A password that is taken by most policies."""
        if PASSWORD_SLOT.search(slot.leaf):
            yield strong(mint, "a password")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The password reached a fast hash in a request in which no slow one ran."""
        if "key-derivation" in hit.more.get("effects", ()) or not PASSWORD_SLOT.search(
            probe.slot.leaf
        ):
            return None
        if any(_BREACH.search(function) for _, _, function in hit.frames[:3]):
            return None
        return Verdict(
            f"The password is hashed with {hit.call} and with nothing slower.",
            mark=probe.payload.canary.text,
        )


def _brings_password(taint: Taint) -> bool:
    names = [taint.token.source.name.rpartition(".")[2]]
    names += [str(where) for how, where in taint.token.ways() if how == "field"]
    return any(is_password(name) for name in names)


def _excuses(function: ast.AST) -> bool:
    """Whether a function looks the password up among leaked ones, stretches it, or compares two digests."""
    called = [last(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)]
    if any(is_slow_hash(name) for name in called) or _BREACH.search(ast.unparse(function)):
        return True
    return "compare_digest" in called and sum(name in _CALLED for name in called) > 1


def _hashes(index: Index) -> Iterator[ast.Call]:
    for call in index.called(*_CALLED):
        name = index.name(call.func)
        if _FAST.match(name) and truth(index, argument(call, "usedforsecurity")) is not False:
            if _takes_password(index, call) and not _harmless(index, call):
                yield call
        elif (weak := _WEAK_CALL.match(name)) and weak.group(1) in WEAK_SCHEMES:
            yield call


def _takes_password(index: Index, call: ast.Call) -> bool:
    """Whether what is hashed, or what is added by ``update``, is a password."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("data", "string", "msg"))]
    if index.name(call.func).startswith("hmac."):
        given = given[1:]
    function = index.function_of(call)
    parent = index.parents.get(call)
    if isinstance(parent, ast.Assign) and function is not None:
        names = {last(t) for t in parent.targets}
        given += [
            a
            for c in index.calls_in(function)
            if last(c.func) == "update"
            and isinstance(c.func, ast.Attribute)
            and last(c.func.value) in names
            for a in c.args
        ]
    return any(_is_password(index, item, 0) for item in given)


def _is_password(index: Index, node: ast.expr, depth: int) -> bool:
    """Whether a password goes into an expression, through locals and one helper's parameter."""
    if depth > 3:
        return False
    for item in ast.walk(node):
        if isinstance(item, ast.Name | ast.Attribute | ast.Subscript) and _is_named(item):
            return True
        if not isinstance(item, ast.Name):
            continue
        if any(_is_password(index, v, depth + 1) for v in index.values(item) if v is not node):
            return True
        parameter = index.parameter(item)
        function = index.function_of(item)
        if parameter is not None and function is not None and not kind(item.id) and depth == 0:
            at = [p.arg for p in function.args.args if p.arg not in ("self", "cls")]
            place = at.index(item.id) if item.id in at else None
            given = [argument(c, item.id, place) for c in index.callers(function)]
            if any(g is not None and _is_password(index, g, depth + 1) for g in given):
                return True
    return False


def _is_named(node: ast.AST) -> bool:
    name = name_of(node)
    return is_password(name) or (kind(name) == "code" and name.lower().endswith("pin"))


def _harmless(index: Index, call: ast.Call) -> bool:
    function = index.function_of(call)
    for outer in index.around(call):
        if isinstance(outer, ast.Call) and last(outer.func) == "compare_digest":
            hashed = [
                a
                for a in outer.args
                if any(_FAST.match(index.name(c.func)) for c in index.calls_in(a))
            ]
            if len(hashed) == 2:
                return True  # two secrets made equally long before they are compared
    if function is None:
        return False
    if _BREACH.search(function.name) or _BREACH.search(ast.unparse(function)):
        return True
    if derives_key(index, function) or is_handed_on(index, function) or is_for_now(index, call):
        return True
    callers = [f for c in index.callers(function) if (f := index.function_of(c)) is not None]
    return bool(callers) and all(derives_key(index, f) for f in callers)
