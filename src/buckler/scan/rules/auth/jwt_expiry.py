"""AUT003: a token that is valid for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Verdict
from buckler.scan.engines.observations import Observations
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import only
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.claims import keys_of
from buckler.scan.python.constants import truth
from buckler.scan.python.index import Index, argument, default_of, index_of, last, parameters
from buckler.scan.python.tokens import TAKES_OLD, makings, option, passed_options, readings
from buckler.scan.rules._support.forgeries import forged
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.expiry import expires, minds_expiry


class JwtWithoutExpiry(Rule):
    """A token never runs out, or its end is not looked at.

    ## What it is
    The claims that are signed have no ``exp``, or the token is read with ``verify_exp`` off.

    ## Why it matters
    A token that was stolen once, from a log, a backup or a lost phone, opens the account for ever.
    A signed token cannot be taken back, so its end is the only limit.

    ## How to fix
    Put ``"exp": datetime.now(UTC) + timedelta(minutes=30)`` into the claims, and ask for it when you
    read: ``options={"require": ["exp"]}``. For long sessions use refresh tokens that are kept on the
    server and can be revoked. ``TokenIssuer`` of ``buckler.guard`` writes it, ``TokenVerifier`` asks for
    it, ``RefreshRotation`` makes what lasts longer.

    ## How to check
    Decode a token that you were given (the middle part is base 64): there must be an ``exp``.

    ## Roll-out
    With ``require`` on, tokens without an end are refused; change the key to be rid of them all.

    ## References
    CWE-613; RFC 7519, 4.1.4; OWASP API2:2023; ASVS 5.0 V9.2.1.
    """

    id = "AUT003"
    name = "jwt-without-expiry"
    title = "JWT without expiry"
    severity = Severity.MEDIUM
    cwe = (613,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V9.2.1",)
    control = "guard.auth.jwt"
    calls = "jwt.{decode,decode_complete} jose.jwt.decode"
    fix = Fix(
        'give it an end: "exp": datetime.now(UTC) + timedelta(minutes=30)',
        before='jwt.encode({"sub": name}, KEY, algorithm="HS256")',
        after='jwt.encode({"sub": name, "exp": datetime.now(UTC) + timedelta(minutes=30)}, KEY, algorithm="HS256")',
    )
    bad = (
        Example(
            """
            import secrets

            import jwt
            from fastapi import FastAPI

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            @app.post("/token")
            def token(name: str) -> str:
                claims = {"sub": name}
                claims["scope"] = "orders"
                return jwt.encode(claims, KEY, algorithm="HS256")
            """,
            line=14,
        ),
        Example(
            """
            import secrets
            from datetime import UTC, datetime, timedelta

            import jwt
            from fastapi import FastAPI

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def make(data: dict[str, object], life: timedelta | None = None) -> str:
                claims = data.copy()
                if life:
                    claims["exp"] = datetime.now(UTC) + life
                return jwt.encode(claims, KEY, algorithm="HS256")


            @app.post("/token")
            def token(name: str) -> str:
                return make({"sub": name})
            """,
        ),
        Example(
            """
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> str:
                try:
                    return str(jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False})["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
            line=13,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Header, HTTPException

            from passes import Passes, Unreadable

            app = FastAPI()
            passes = Passes(secrets.token_bytes(32), verify_exp=False)


            @app.get("/me")
            def me(authorization: str = Header("")) -> str:
                try:
                    return str(passes.read(authorization)["sub"])
                except Unreadable as error:
                    raise HTTPException(401) from error
            """,
            files={
                "passes.py": """
                import jwt

                Unreadable = jwt.PyJWTError


                class Passes:
                    def __init__(self, key: bytes, **options: bool) -> None:
                        self._key = key
                        self._options = options

                    def read(self, raw: str) -> dict[str, object]:
                        return jwt.decode(raw, self._key, algorithms=["HS256"], options=self._options)
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import secrets

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            class Passes:
                def __init__(self, **options: bool) -> None:
                    self._options = {"verify_exp": True, **options}

                def read(self, raw: str) -> dict[str, object]:
                    return jwt.decode(raw, KEY, algorithms=["HS256"], options=self._options)


            passes = Passes(verify_iat=False)


            @app.get("/me")
            def me(authorization: str = Header("")) -> str:
                try:
                    return str(passes.read(authorization)["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error
            """,
        ),
        Example(
            """
            import secrets
            from datetime import UTC, datetime, timedelta

            import jwt
            from fastapi import FastAPI

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def make(data: dict[str, object], life: timedelta | None = None) -> str:
                claims = {**data, "iat": datetime.now(UTC)}
                claims.update({"exp": datetime.now(UTC) + (life or timedelta(minutes=15))})
                return jwt.encode(claims, KEY, algorithm="HS256")


            def sign(claims: dict[str, object]) -> str:
                return jwt.encode(claims, KEY, algorithm="HS256")


            @app.post("/token")
            def token(name: str) -> str:
                return make({"sub": name})


            @app.post("/download")
            def download(name: str) -> str:
                return sign({"file": name, "exp": datetime.now(UTC) + timedelta(minutes=1)})
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Claims without an end, and readings that do not look at it."""
        index = index_of(module)
        for call, claims, _ in makings(index):
            keys = keys_of(index, claims)
            message = ""
            if keys.whole and "exp" not in keys.names:
                message = "The token is made without exp, so it is valid for ever."
            elif _only_if_asked(index, call, claims):
                message = "The token gets an exp only where the caller asks for it, and a caller does not."
            if message:
                yield self.found(
                    message, confidence=Confidence.SUSPECTED, location=here(index, call)
                )
        for reading in readings(index):
            if reading.verified is False:
                continue
            if truth(index, option(index, reading.call, "verify_exp")) is False:
                message = (
                    "The token is read without a look at its exp, so one that has run out is taken."
                )
                yield self.found(
                    message, confidence=Confidence.SUSPECTED, location=here(index, reading.call)
                )
        for call in passed_options(index, "verify_exp"):
            message = "The helper is told not to look at the token's exp, so one that has run out is taken."
            yield self.found(message, confidence=Confidence.SUSPECTED, location=here(index, call))

    def check_call(self, call: Call) -> Verdict | None:
        """Options that a wrapper, a class or a table hands on, but where tokens are taken that have run out: to renew one."""
        options = call.given(-1, "options") if not TAKES_OLD.search(call.gates()) else None
        for table in things(options, Container) if options is not None else ():
            off = [k for k in ("verify_exp", "verify_signature") if _is_off(table, k)]
            if off == ["verify_exp"]:
                return Verdict(
                    "The token is read without a look at its exp, so one that has run out is taken."
                )
        return None

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Tokens of the application's own that had run out and were taken."""
        return forged(self, "expired", "A token that ran out an hour ago is taken.", app, seen)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """An end of an hour for a new token, or a look at the end of one that is read."""
        for call in draft.calls_at(finding):
            if minds_expiry(draft, call):
                return draft.repair(
                    "looks at the end of the token",
                    safe=False,
                    changes="tokens that have run out are refused",
                )
            if expires(draft, call):
                return draft.repair(
                    "lets the token end after an hour",
                    safe=False,
                    changes="whoever has a token needs a new one after an hour",
                )
        return None


def _only_if_asked(index: Index, call: ast.Call, claims: ast.expr) -> bool:
    """Whether ``exp`` is set below ``if life:`` alone and somebody calls without ``life``."""
    function = index.function_of(call)
    if function is None or not isinstance(claims, ast.Name):
        return False
    sets = [n for n in ast.walk(function) if isinstance(n, ast.Constant) and n.value == "exp"]
    tests = {_asked_by(index, node) for node in sets}
    if len(tests) != 1 or (name := tests.pop()) is None:
        return False
    default = default_of(function, name)
    if not isinstance(default, ast.Constant) or default.value is not None:
        return False
    at = [p.arg for p in parameters(function)].index(name)
    return any(
        argument(c, name, at) is None and not any(k.arg is None for k in c.keywords)
        for c in index.callers(function)
    )


def _asked_by(index: Index, node: ast.AST) -> str | None:
    """The name that an ``if`` without ``else`` around a node asks for."""
    for outer in index.around(node):
        if isinstance(outer, ast.If):
            test = outer.test.left if isinstance(outer.test, ast.Compare) else outer.test
            return last(test) if not outer.orelse and isinstance(test, ast.Name) else None
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
    return None


def _is_off(table: Container, key: str) -> bool:
    """Whether an option is false and nothing else."""
    value = table.items.get(key)
    return value is not None and only(value) is False
