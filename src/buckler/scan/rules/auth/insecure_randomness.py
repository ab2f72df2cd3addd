"""AUT009: secrets from a generator that can be foretold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.objects import Container
from buckler.scan.engines.source.flow.values import Value, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.python.uses import MAX_HOPS, uses
from buckler.scan.python.words import kind, may_be_key, words
from buckler.scan.rules._support.cookie_calls import RESPONSES
from buckler.scan.rules._support.cookies import CREDENTIAL
from buckler.scan.rules._support.source import here

_RANDOM = re.compile(
    r"^(?:random|numpy\.random|np\.random|random\.Random\(\))\.(?:choice|choices|randint|randrange|random|getrandbits|sample|"
    r"randbytes|uniform|shuffle|integers|bytes|rand|normalvariate|triangular)$"
)
_GUESSABLE = re.compile(
    r"^(?:uuid\.uuid1|time\.time|time\.time_ns|time\.monotonic|datetime\.datetime\.(?:now|utcnow)\(\)\.timestamp)$"
)
_CALLED = (
    *(
        "choice choices randint randrange random getrandbits sample randbytes uniform shuffle integers".split()
    ),
    *("bytes rand normalvariate triangular uuid1 time time_ns monotonic timestamp".split()),
)
_SECRET_WORDS = frozenset("nonce salt csrf otp totp pin sid invitation invite captcha".split())
_SECRET_IDS = frozenset("session sess".split())
_OPENED_BY = frozenset(
    "reset session invitation invite verification activation confirmation challenge grant".split()
)
_CODES = re.compile(
    r"^(?!.*(?:status|error|country|zip|post|postal|language|lang|color|colour|exit|return|product|http|source|byte|op|qr|bar|area|currency|airport|dial|reason|result)_?codes?$)(.*_)?codes?$",
    re.IGNORECASE,
)
_NOT = frozenset(
    "delay jitter timeout backoff sleep interval count size length index position offset limit seconds".split()
)


class InsecureRandomness(Rule):
    """A token, code or password comes from a generator whose output can be foretold.

    ## What it is
    ``random`` is made for games and statistics: after 624 outputs, or from the time the process was
    started, all others can be computed. ``uuid1`` is the clock and the network card, ``time.time()``
    only the clock.

    ## Why it matters
    Somebody asks for a few reset codes of their own, computes the generator's state, asks for one in
    your name, and knows the code in the mail.

    ## How to fix
    ``secrets.token_urlsafe(32)`` for tokens, ``secrets.choice`` and ``secrets.randbelow`` for codes and
    passwords.

    ## How to check
    Search for ``import random`` and ``uuid1`` and ask of each use whether anybody gains by guessing it.

    ## Roll-out
    Nothing changes for callers. Codes that are still open should be made invalid.

    ## References
    CWE-330, CWE-338; OWASP API2:2023; ASVS 5.0 V11.5.1.
    """

    id = "AUT009"
    name = "insecure-randomness"
    title = "Insecure randomness"
    severity = Severity.HIGH
    cwe = (330, 338)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.5.1",)
    flows = Flows(
        "random",
        f"{RESPONSES}.set_cookie(1,value) web.answer(0) jwt.encode(1,key) jose.jwt.encode(1,key) "
        "fastapi.APIRouter.add_middleware(secret_key) starlette.middleware.sessions.SessionMiddleware(secret_key)",
        sources=frozenset({"random"}),
        at_source=True,
    )
    fix = Fix(
        "use secrets: secrets.token_urlsafe(32), secrets.choice, secrets.randbelow",
        before='code = "".join(random.choices(ALPHABET, k=12))',
        after='code = "".join(secrets.choice(ALPHABET) for _ in range(12))',
        safe=True,
    )
    bad = (
        Example(
            """
            import random
            import string

            from fastapi import FastAPI

            app = FastAPI()
            codes: dict[str, str] = {}


            @app.post("/forgot")
            def forgot(name: str) -> str:
                code = "".join(random.choices(string.ascii_letters, k=12))
                codes[name] = code
                return "a mail is on its way"
            """,
            line=12,
        ),
        Example(
            """
            from random import randint
            from uuid import uuid1

            from fastapi import FastAPI, Response

            app = FastAPI()


            def digits(count: int) -> str:
                return "".join(str(randint(0, 9)) for _ in range(count))


            @app.post("/pin")
            def pin(response: Response) -> str:
                response.set_cookie("session", str(uuid1()), secure=True, httponly=True)
                pin = digits(6)
                return pin[:0]
            """,
        ),
        Example(
            """
            import hashlib
            import time

            from fastapi import FastAPI

            app = FastAPI()
            links: dict[str, str] = {}


            @app.post("/invite")
            def invite(name: str) -> str:
                links[name] = token = hashlib.md5(f"{name}{time.time()}".encode()).hexdigest()
                return token[:0]
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Response

            from visits import Visit

            app = FastAPI()


            @app.post("/enter")
            def enter(response: Response) -> dict[str, bool]:
                response.set_cookie("session", Visit().number, secure=True, httponly=True)
                return {"ok": True}
            """,
            files={
                "numbers_of.py": """
                from random import getrandbits


                def fresh_number() -> str:
                    return f"{getrandbits(128):032x}"
                """,
                "visits.py": """
                from dataclasses import dataclass, field

                from numbers_of import fresh_number


                @dataclass
                class Visit:
                    number: str = field(default_factory=fresh_number)
                """,
            },
        ),
        Example(
            """
            import hashlib
            import random

            from fastapi import FastAPI, Response

            app = FastAPI()


            def fresh() -> str:
                drawn = f"{random.random()}{random.getrandbits(64)}"
                return hashlib.sha256(drawn.encode()).hexdigest()


            @app.post("/enter")
            def enter(response: Response) -> dict[str, bool]:
                response.set_cookie("session", fresh(), secure=True, httponly=True, samesite="lax")
                return {"ok": True}
            """,
        ),
    )
    good = (
        Example(
            """
            import random
            import secrets
            import time
            import uuid

            from fastapi import FastAPI

            app = FastAPI()
            TIPS = ["Water in the morning.", "Cut in March."]
            codes: dict[str, tuple[str, float]] = {}
            rng = secrets.SystemRandom()


            @app.get("/tips")
            def tips() -> dict[str, object]:
                order = list(TIPS)
                random.shuffle(order)
                return {"tip": random.choice(TIPS), "order": order, "request": str(uuid.uuid1())}


            @app.post("/forgot")
            def forgot(name: str) -> str:
                token_expires = time.time() + 600
                codes[name] = (f"{rng.randrange(10**6):06d}", token_expires)
                time.sleep(random.uniform(0, 0.01))
                code = secrets.token_urlsafe(16)
                codes[name] = (code, token_expires)
                return "a mail is on its way"
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Its values that become a cookie, a key or a secret part of an answer, in whatever module."""
        if flow.call.endswith(".set_cookie"):
            key = flow.other(0, "key")
            name = (one_text(key) or "") if key is not None else ""
            if not (CREDENTIAL.search(name) or _is_secret(name)):
                return None
            what = f"the cookie {name}"
        elif flow.call == "web.answer":
            name = next((n for n in _tainted_keys(flow.value) if _is_secret(n)), "")
            if not name:
                return None
            what = f"{name} of an answer"
        else:
            what = "a key that signs"
        return Verdict(f"The generator can be foretold, and its value becomes {what}.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The same call of ``secrets``; what is made of the clock has another form and is for a person."""
        for call in draft.calls_at(finding):
            better = _better(draft, call)
            if better:
                draft.set_callee(call, better)
                return draft.repair("draws from the operating system's source")
        return None

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls of such generators whose value becomes something that must not be guessed."""
        index = index_of(module)
        lines: set[int] = set()
        for call in index.called(*_CALLED):
            name = index.name(call.func)
            if not (_RANDOM.match(name) or _GUESSABLE.match(name)) or call.lineno in lines:
                continue
            clock = bool(_GUESSABLE.match(name)) and not name.startswith("uuid")
            found = (*uses(index, call, MAX_HOPS if clock else 0), *_shuffled(index, call))
            use = next((u for u in found if _is_secret(u)), "")
            if use:
                lines.add(call.lineno)
                yield self.found(
                    f"{name.replace('()', '')} can be foretold, and its value becomes {use.removeprefix('opens_')}.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )


_BETTER = {
    "choice": "secrets.choice",
    "getrandbits": "secrets.randbits",
    "randbytes": "secrets.token_bytes",
}
_LIKE_RANDOM = frozenset(
    "choices randint randrange random sample uniform shuffle triangular normalvariate".split()
)


def _better(draft: Draft, call: ast.Call) -> str:
    """The same of the operating system's source; an empty text where there is no such thing."""
    library, _, name = draft.index.name(call.func).rpartition(".")
    if (library, name) == ("uuid", "uuid1") and not call.args and not call.keywords:
        return draft.name_for("uuid.uuid4", at=call)
    if library != "random":
        return ""
    if name in _BETTER:
        return draft.name_for(_BETTER[name], at=call)
    return (
        f"{draft.name_for('secrets.SystemRandom', at=call)}().{name}"
        if name in _LIKE_RANDOM
        else ""
    )


def _shuffled(index: Index, call: ast.Call) -> Iterator[str]:
    """What becomes of a list that was put in another order."""
    if last(call.func) == "shuffle" and call.args and isinstance(call.args[0], ast.Name):
        name = call.args[0].id
        yield name
        for use in ast.walk(index.function_of(call) or index.tree):
            if isinstance(use, ast.Name) and use.id == name and use.lineno > call.lineno:
                yield from uses(index, use, 1)


def _tainted_keys(value: Value) -> Iterator[str]:
    """The keys of an answer under which such a value stands."""
    for thing in value.objs:
        items = thing.items if type(thing) is Container else getattr(thing, "fields", {})
        for key, item in items.items() if isinstance(items, dict) else ():
            if isinstance(key, str) and any(t.token.source.kind == "random" for t in item.taints):
                yield key
            yield from _tainted_keys(item) if type(thing) is Container else ()


def _is_secret(name: str) -> bool:
    found = words(name)
    if not found or _NOT.intersection(found[-1:]):
        return False
    if kind(name) in ("password", "secret", "token", "key", "code"):
        return True
    if found[-1] in _SECRET_WORDS or found[-1] in _SECRET_IDS:
        return True
    if len(found) > 1 and may_be_key(name):
        return True
    if found[0] == "opens":
        return found[-1].removesuffix("s") in _OPENED_BY | _SECRET_WORDS
    if found[-1] == "id" and len(found) > 1 and found[-2] in _SECRET_IDS:
        return True
    return bool(_CODES.match(name)) or (found[-1] == "code" and len(found) == 1)


__all__ = ["InsecureRandomness"]
