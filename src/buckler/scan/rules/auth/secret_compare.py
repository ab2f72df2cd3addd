"""AUT004: secrets that are compared with == tell how much of a guess is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.constants import value_of
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.python.modules import definition
from buckler.scan.python.words import ends, kind, name_of, root_of, telling, words
from buckler.scan.rules._support.passwords import is_stored_password
from buckler.scan.rules._support.source import here

_OPERATORS = (ast.Eq, ast.NotEq)
_FORM = re.compile(
    r"confirm|repeat|again|retype|verify|second|old|current|new|previous|username|email",
    re.IGNORECASE,
)
_VALIDATORS = (
    "validator",
    "field_validator",
    "model_validator",
    "root_validator",
    "validates",
    "validate",
)
_CONFIGURED = re.compile(
    r"^(settings|config|conf|cfg|env|environ|app_settings|get_settings|get_config|constants|secrets?|keys)$",
    re.IGNORECASE,
)
_WORDS = frozenset(
    {"bearer", "basic", "access", "refresh", "none", "null", "true", "false", "undefined", "digest"}
)
_OWNERS = frozenset(
    "api access auth reset csrf xsrf session verification webhook admin internal invite refresh device form".split()
)
_LINE = re.compile(
    r"pass|pwd|secret|token|key|sign|sig|mac|digest|otp|pin|code|auth|cred|expected|jwt",
    re.IGNORECASE,
)
_HEADERS = frozenset({"headers", "cookies", "query_params", "form", "header"})


class SecretComparedUnsafely(Rule):
    """A secret is compared with ``==``, which stops at the first letter that differs.

    ## What it is
    An API key, a token, a signature or a password from the request is compared with the right one
    by ``==`` or ``!=``. The comparison takes longer the more letters at the beginning are right.

    ## Why it matters
    Whoever can measure the time well, or often enough, finds the secret letter by letter instead
    of having to guess all of it. A forged signature of a webhook can be found the same way.

    ## How to fix
    ``hmac.compare_digest(given.encode(), expected.encode())``, or ``secrets.compare_digest``; both take
    the same time whatever differs. Encode first: texts with letters beyond ASCII raise a TypeError.

    ## How to check
    Look for ``==`` beside every name that ends in key, token, secret, signature or password.

    ## Roll-out
    Nothing changes for callers.

    ## References
    CWE-208; OWASP API2:2023; ASVS 5.0 V11.2.4.
    """

    id = "AUT004"
    name = "secret-compared-unsafely"
    title = "Secret compared with =="
    severity = Severity.LOW
    cwe = (208,)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.2.4",)
    control = "guard.auth.api_key"
    fix = Fix(
        "compare in constant time: hmac.compare_digest(given.encode(), expected.encode())",
        before="if key != settings.api_key:",
        after="if not hmac.compare_digest(key.encode(), settings.api_key.encode()):",
        safe=True,
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            FEED_KEY = os.environ.get("FEED_KEY")


            @app.get("/feed")
            def feed(x_key: str = Header(default="")) -> str:
                if x_key != FEED_KEY:
                    raise HTTPException(403)
                return "prices"
            """,
            line=11,
        ),
        Example(
            """
            import hashlib
            import hmac
            import secrets

            from fastapi import FastAPI, Header, HTTPException, Request

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def sign(body: bytes) -> str:
                return hmac.new(KEY, body, hashlib.sha256).hexdigest()


            @app.post("/events")
            async def event(request: Request, x_hub: str = Header(default="")) -> str:
                expected = sign(await request.body())
                if x_hub == f"sha256={expected}":
                    return "taken"
                raise HTTPException(401)
            """,
            line=18,
        ),
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException, Request
            from fastapi.security import HTTPBasic, HTTPBasicCredentials

            app = FastAPI()
            basic = HTTPBasic()


            @app.get("/figures")
            def figures(sent: HTTPBasicCredentials = Depends(basic)) -> str:
                if sent.username == "clerk" and sent.password == os.environ.get("CLERK_PASSWORD"):
                    return "12"
                raise HTTPException(401)


            @app.get("/internal")
            def internal(request: Request) -> str:
                if request.headers.get("authorization") != f"Bearer {os.environ.get('INTERNAL_TOKEN')}":
                    raise HTTPException(401)
                return "fine"
            """,
        ),
    )
    good = (
        Example(
            """
            import hmac
            import os

            from fastapi import FastAPI, Header, HTTPException
            from pydantic import BaseModel, model_validator

            app = FastAPI()
            FEED_KEY = os.environ.get("FEED_KEY", "")
            TOKEN_TYPE = "bearer"


            class SignUp(BaseModel):
                password: str
                password_repeat: str

                @model_validator(mode="after")
                def same(self) -> "SignUp":
                    if self.password != self.password_repeat:
                        raise ValueError("the passwords differ")
                    return self


            @app.get("/feed")
            def feed(x_key: str = Header(default=""), token_type: str = TOKEN_TYPE) -> str:
                if token_type != "bearer" or x_key == "" or FEED_KEY == "":
                    raise HTTPException(400)
                if not hmac.compare_digest(x_key.encode(), FEED_KEY.encode()):
                    raise HTTPException(403)
                return "prices"


            @app.post("/signup")
            def signup(payload: SignUp) -> str:
                if payload.password == payload.password_repeat:
                    return "welcome"
                raise HTTPException(422)
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Comparisons in which one side is a secret and the other may come from a request."""
        index = index_of(module)
        for node in index.all(ast.Compare):
            if len(node.ops) != 1 or not isinstance(node.ops[0], _OPERATORS):
                continue
            left, right = node.left, node.comparators[0]
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if not any(_LINE.search(module.line(n)) for n in lines):
                continue
            what = _secret(index, left, right)
            if what and not _harmless(index, node, left, right):
                yield self.found(
                    f"{what} is compared with ==, so the time it takes tells how much of a guess is right.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )


def _secret(index: Index, left: ast.expr, right: ast.expr) -> str:
    """What is compared, for people; an empty text where it is no secret."""
    for side, other in ((left, right), (right, left)):
        if _is_mac(index, side) and not _is_constant(other):
            return "A signature"
    names = [_names(side) for side in (left, right)]
    kinds = [{kind(n) for n in found} - {""} for found in names]
    strong = {"password", "secret", "key", "token", "signature", "code"}
    both = kinds[0] | kinds[1]
    if not both & strong:
        loose = all(any(ends(n, "key") for n in found) for found in names)
        ours = [_is_configured(index, side) for side in (left, right)]
        sent = [_from_request(index, side) for side in (left, right)]
        apart = (ours[0] and sent[1]) or (ours[1] and sent[0])
        return "A key" if loose and apart and not any(map(_is_constant, (left, right))) else ""
    if both <= {"token", "signature", "code"}:
        owned = any(words(n)[-2:-1] and words(n)[-2] in _OWNERS for found in names for n in found)
        told = any(_is_configured(index, s) or _from_request(index, s) for s in (left, right))
        if not told and not (owned and all(kinds)):
            return ""
    first = sorted(both & strong)[0]
    return {"code": "A one-time code", "key": "An API key"}.get(first, f"A {first}")


def _names(node: ast.expr) -> list[str]:
    """The names that a side of a comparison is known by; those in an f-string too."""
    if isinstance(node, ast.JoinedStr):
        return [name_of(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (node.left, node.right)
        numbers = any(
            isinstance(s, ast.Constant) and not isinstance(s.value, str | bytes) for s in sides
        )
        return [] if numbers else [*_names(node.left), *_names(node.right)]
    if isinstance(node, ast.Call) and last(node.func) in ("getenv",) and node.args:
        return [str(node.args[0].value)] if isinstance(node.args[0], ast.Constant) else []
    name = name_of(node)
    return [name] if name else []


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _is_mac(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is made by ``hmac``, here or in a helper of the project."""
    if depth > 3:
        return False
    for item in ast.walk(node):
        if isinstance(item, ast.Call):
            if index.name(item.func).startswith("hmac.") and last(item.func) in (
                "new",
                "digest",
                "hexdigest",
            ):
                return True
            made = definition(index, item.func)
            if made is not None and isinstance(made[1], ast.FunctionDef | ast.AsyncFunctionDef):
                returns = [
                    n
                    for n in ast.walk(made[1])
                    if isinstance(n, ast.Return) and n.value is not None
                ]
                if any(
                    n.value is not None and _is_mac(made[0], n.value, depth + 1) for n in returns
                ):
                    return True
        if isinstance(item, ast.Name) and any(
            _is_mac(index, v, depth + 1) for v in index.values(item)
        ):
            return True
    return False


def _is_configured(index: Index, node: ast.expr) -> bool:
    """Whether a value is set by us: a setting, an environment variable, a constant."""
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(v, ast.FormattedValue) and _is_configured(index, v.value)
            for v in node.values
        )
    if isinstance(node, ast.BinOp):
        return _is_configured(index, node.left) or _is_configured(index, node.right)
    named = index.name(node)
    if named.startswith(("os.getenv", "os.environ")):
        return True
    if isinstance(node, ast.Attribute | ast.Call) and _CONFIGURED.match(root_of(node)):
        return True
    if isinstance(node, ast.Attribute) and any(
        _CONFIGURED.match(part) for part in ast.unparse(node.value).replace("()", "").split(".")
    ):
        return True
    name = root_of(node)
    return name.isupper() and (bool(kind(name)) or ends(name, "key", "keys"))


def _from_request(index: Index, node: ast.expr) -> bool:
    """Whether a value comes with the request: a parameter of a handler, a header, a cookie."""
    if any(isinstance(item, ast.Attribute) and item.attr in _HEADERS for item in ast.walk(node)):
        return True
    root = next((n for n in ast.walk(node) if isinstance(n, ast.Name)), None)
    if root is None:
        return False
    values = index.values(root)
    if values:
        return any(
            isinstance(i, ast.Attribute) and i.attr in _HEADERS for v in values for i in ast.walk(v)
        )
    function = index.function_of(node)
    parameter = index.parameter(root)
    if parameter is None or function is None:
        return False
    marked = ast.unparse(parameter.annotation) if parameter.annotation is not None else ""
    return (
        bool(function.decorator_list)
        or "Depends" in marked
        or "Header" in marked
        or root.id.startswith("x_")
    )


def _harmless(index: Index, node: ast.Compare, left: ast.expr, right: ast.expr) -> bool:
    for side, other in ((left, right), (right, left)):
        if (
            isinstance(side, ast.Attribute)
            and side.attr.isupper()
            and last(side.value)[:1].isupper()
        ):
            return True  # a member of an enumeration
        if isinstance(side, ast.Constant) and not _is_real_constant(side, other):
            return True
        if isinstance(other, ast.Call) and last(other.func) in (
            "len",
            "type",
            "id",
            "hash",
            "count",
        ):
            return True
    if isinstance(left, ast.Call | ast.Attribute | ast.Name) and all(
        _is_ours(index, side) for side in (left, right)
    ):
        return True
    if any(root_of(side)[:1].isupper() and not root_of(side).isupper() for side in (left, right)):
        return True  # User.api_key == key is a condition of an SQL statement
    if is_stored_password(index, left, right):
        return True  # AUT010 says it, and the same change closes both
    function = index.function_of(node)
    if function is not None:
        if function.name in ("__eq__", "__ne__", "__lt__", "__hash__"):
            return True
        if any(
            last(d.func if isinstance(d, ast.Call) else d) in _VALIDATORS
            for d in function.decorator_list
        ):
            return True
    return _one_form(left, right)


def _is_real_constant(side: ast.Constant, other: ast.expr) -> bool:
    value = side.value.decode("latin-1") if isinstance(side.value, bytes) else side.value
    if (
        not isinstance(value, str)
        or len(value) < 6
        or value.lower() in _WORDS
        or " " in value.strip()
    ):
        return False
    strong = {kind(n) for n in _names(other)} & {"password", "secret", "key"}
    return bool(strong) or ((any(c.isdigit() for c in value) or "-" in value) and len(value) >= 8)


def _is_ours(index: Index, node: ast.expr) -> bool:
    """Whether a value has nothing to do with a request: a setting against a constant."""
    if _is_constant(node) or _is_configured(index, node):
        return True
    return (
        isinstance(node, ast.Name)
        and value_of(index, node) is not None
        and index.parameter(node) is None
    )


def _one_form(left: ast.expr, right: ast.expr) -> bool:
    """Two passwords of one form, or the old and the new one."""
    names = [n for side in (left, right) for n in _names(side)]
    if len(names) < 2 or not all(
        kind(n) == "password" for n in names if telling(n) != words("username")
    ):
        return False
    same_root = root_of(left) == root_of(right) and isinstance(left, ast.Attribute | ast.Subscript)
    if same_root and not _CONFIGURED.match(root_of(left)):
        return True
    return any(_FORM.search(n) for n in names)


__all__ = ["SecretComparedUnsafely"]
