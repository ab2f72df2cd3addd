"""AUT009: secrets from a generator that can be foretold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.index import Function, Index, argument, index_of, last, parameters
from buckler.scan.python.modules import definition
from buckler.scan.python.words import kind, name_of, words
from buckler.scan.rules._support.source import here

_RANDOM = re.compile(
    r"^(?:random|numpy\.random|np\.random|random\.Random\(\))\.(?:choice|choices|randint|randrange|random|getrandbits|sample|"
    r"randbytes|uniform|shuffle|integers|bytes|rand|normalvariate|triangular)$"
)
_GUESSABLE = re.compile(
    r"^(?:uuid\.uuid1|time\.time|time\.time_ns|time\.monotonic|datetime\.datetime\.(?:now|utcnow)\(\)\.timestamp)$"
)
_SHAPES = frozenset(
    "str int round hex format join encode decode hexdigest digest md5 sha1 sha256 sha512 new b64encode urlsafe_b64encode "
    "zfill rjust ljust upper lower chr oct abs tuple list sorted getvalue strip to_bytes b32encode translate bytes print".split()
)
_SECRET_WORDS = frozenset(
    "nonce salt csrf otp totp pin sid voucher coupon invitation invite captcha".split()
)
_SECRET_IDS = frozenset("session sess".split())
_OPENED_BY = frozenset(
    "reset session invitation invite verification activation confirmation challenge grant".split()
)
_PLAIN_KEYS = frozenset(
    "cache sort primary foreign partition group dict map lookup object row index random storage bucket redis bar route".split()
)
_CODES = re.compile(
    r"^(?!.*(?:status|error|country|zip|post|postal|language|lang|color|colour|exit|return|product|http|source|byte|op|qr|bar|area|currency|airport|dial|reason|result)_?codes?$)(.*_)?codes?$",
    re.IGNORECASE,
)
_NOT = frozenset(
    "delay jitter timeout backoff sleep interval count size length index position offset limit seconds".split()
)
MAX_HOPS = 3


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

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls of such generators whose value becomes something that must not be guessed."""
        index = index_of(module)
        lines: set[int] = set()
        for call in index.calls:
            name = index.name(call.func)
            if not (_RANDOM.match(name) or _GUESSABLE.match(name)) or call.lineno in lines:
                continue
            clock = bool(_GUESSABLE.match(name)) and not name.startswith("uuid")
            use = next(
                (u for u in _uses(index, call, MAX_HOPS if clock else 0) if _is_secret(u)), ""
            )
            if use:
                lines.add(call.lineno)
                yield self.found(
                    f"{name.replace('()', '')} can be foretold, and its value becomes {use.removeprefix('opens_')}.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )


def _is_secret(name: str) -> bool:
    found = words(name)
    if not found or _NOT.intersection(found[-1:]):
        return False
    if kind(name) in ("password", "secret", "token", "key", "code"):
        return True
    if found[-1] in _SECRET_WORDS or found[-1] in _SECRET_IDS:
        return True
    if found[-1] == "key" and len(found) > 1 and found[-2] not in _PLAIN_KEYS:
        return True
    if found[0] == "opens":
        return found[-1].removesuffix("s") in _OPENED_BY | _SECRET_WORDS
    if found[-1] == "id" and len(found) > 1 and found[-2] in _SECRET_IDS:
        return True
    return bool(_CODES.match(name)) or (found[-1] == "code" and len(found) == 1)


def _uses(index: Index, node: ast.AST, depth: int) -> Iterator[str]:
    """The names under which a value goes on, nearest first."""
    child = node
    for outer in index.around(node):
        match outer:
            case ast.Assign():
                for target in outer.targets:
                    yield from _targets(index, target, depth)
                return
            case ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
                yield from _targets(index, outer.target, depth)
                return
            case ast.keyword():
                if outer.arg:
                    yield outer.arg
                return
            case ast.Dict():
                yield from _key_of(outer, child)
                return
            case ast.Subscript() if child is outer.slice:
                yield from (name_of(outer.value), f"opens_{name_of(outer.value)}")
                return
            case ast.Tuple() | ast.List() | ast.Set() if depth >= MAX_HOPS:
                return
            case ast.Return():
                yield from _returned(index, outer, depth)
                return
            case ast.Call() if child is not outer.func:
                name = last(outer.func)
                if name not in _SHAPES:
                    yield from _argument_names(index, outer, child)
                    return
            case ast.Lambda():
                child = outer
                continue
            case ast.stmt():
                return
        child = outer


def _targets(index: Index, target: ast.expr, depth: int) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from _targets(index, item, depth)
        return
    if isinstance(target, ast.Subscript):
        yield name_of(target) if isinstance(target.slice, ast.Constant) else ""
        yield name_of(target.value)
        return
    yield name_of(target)
    if isinstance(target, ast.Name) and depth < MAX_HOPS:
        function = index.function_of(target)
        for use in ast.walk(function) if function is not None else ():
            if isinstance(use, ast.Name) and use.id == target.id and isinstance(use.ctx, ast.Load):
                if not any(
                    isinstance(o, ast.Compare | ast.If)
                    for o in index.around(use)
                    if o is not function and isinstance(o, ast.expr)
                ):
                    yield from _uses(index, use, depth + 1)


def _key_of(outer: ast.Dict, child: ast.AST) -> Iterator[str]:
    for key, value in zip(outer.keys, outer.values, strict=True):
        if value is child and isinstance(key, ast.Constant):
            yield str(key.value)


def _returned(index: Index, node: ast.AST, depth: int) -> Iterator[str]:
    """A value that a function returns is what the function is called, and what callers make of it."""
    function = index.function_of(node)
    if function is None:
        return
    if not function.decorator_list:
        yield function.name
    if depth < MAX_HOPS:
        for call in index.callers(function):
            if index.function_of(call) is not function:
                yield from _uses(index, call, depth + 1)


def _argument_names(index: Index, call: ast.Call, child: ast.AST) -> Iterator[str]:
    """What a positional argument is called by the function that gets it."""
    if child not in call.args:
        return
    at = call.args.index(child)
    if last(call.func) in ("set_cookie", "setdefault", "setex", "set", "hset") and at:
        yield from (str(a.value) for a in call.args[:at] if isinstance(a, ast.Constant))
        key = argument(call, "key", 0)
        yield name_of(key) if key is not None else ""
        return
    made = definition(index, call.func)
    if made is None:
        return
    target = made[1]
    if isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _parameter(target, at)
    elif isinstance(target, ast.ClassDef):
        init = next(
            (i for i in target.body if isinstance(i, ast.FunctionDef) and i.name == "__init__"),
            None,
        )
        if init is not None:
            yield from _parameter(init, at + 1)


def _parameter(function: Function, at: int) -> Iterator[str]:
    named = parameters(function)
    if at < len(named):
        yield named[at].arg


__all__ = ["InsecureRandomness"]
