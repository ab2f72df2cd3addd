"""SEC009: a secret in the session cookie, which is signed and not encrypted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.python.words import kind, words
from buckler.scan.rules._support.source import here

_HARMLESS = re.compile(
    r"csrf|xsrf|(^|_)(id|type|hash|expires?|expires_at|exp|name|state|nonce)$", re.IGNORECASE
)
_CARRIES = re.compile(r"request|websocket|^req$|^ws$|^connection$", re.IGNORECASE)
_PLAIN_TOKENS = frozenset({"token", "jwt"})


class SecretInSessionCookie(Rule):
    """A password, key or token of another service is put into the session cookie.

    ## What it is
    ``request.session["access_token"] = …``. Starlette's ``SessionMiddleware`` signs the cookie, so nobody can change it, but
    its content is base64 that everybody who has the cookie can read.

    ## Why it matters
    The secret leaves the server with every answer: it lies in the browser's profile and in logs of proxies, and whoever takes
    the session takes the access to the other service too, which a sign-out here does not end.

    ## How to fix
    Keep it on the server under the id of the session and put the id into the cookie only.
    ``buckler.guard.auth.session`` keeps sessions on the server.

    ## How to check
    Decode the first part of the ``session`` cookie with base64: nothing in it may be a secret.

    ## Roll-out
    Sessions of before hold the secret still: change the secret or let the sessions end.

    ## References
    CWE-315, CWE-522; Starlette, SessionMiddleware; ASVS 5.0 V7.2.1, V14.2.1.
    """

    id = "SEC009"
    name = "secret-in-session-cookie"
    title = "Secret in the session cookie"
    severity = Severity.MEDIUM
    cwe = (315, 522)
    owasp = ("API8:2023", "A02:2021", "A04:2025")
    asvs = ("V7.2.1", "V14.2.1")
    control = "guard.auth.session"
    fix = Fix(
        "keep it on the server, under the id of the session",
        before='request.session["access_token"] = token',
        after='VAULT[session_id] = token\nrequest.session["id"] = session_id',
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI, Request
            from starlette.middleware.sessions import SessionMiddleware

            app = FastAPI()
            app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_KEY"], https_only=True)


            @app.post("/enter")
            def enter(request: Request, name: str, password: str) -> str:
                request.session["name"] = name
                request.session["password"] = password
                return "welcome"
            """,
            line=13,
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.get("/back")
            async def back(request: Request, code: str) -> str:
                async with httpx2.AsyncClient(timeout=5) as client:
                    answer = await client.post("https://login.mill.example/token", data={"code": code})
                tokens = answer.json()
                request.session.update(access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])
                return "welcome"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            from visits import router

            app = FastAPI()
            app.include_router(router)
            """,
            files={
                "visits.py": """
                from fastapi import APIRouter, Request

                router = APIRouter()


                @router.post("/connect")
                def connect(request: Request, api_key: str) -> str:
                    session = request.session
                    session["api_key"] = api_key
                    return "connected"
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import secrets

            from fastapi import FastAPI, Request

            app = FastAPI()
            TOKENS: dict[str, str] = {}


            @app.post("/connect")
            def connect(request: Request, access_token: str) -> str:
                number = secrets.token_urlsafe(16)
                TOKENS[number] = access_token
                request.session["id"] = number
                request.session["csrf_token"] = secrets.token_urlsafe(16)
                request.session["token_type"] = "bearer"
                return "connected"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/leave")
            def leave(request: Request) -> str:
                request.session.pop("access_token", None)
                request.session["password"] = None
                return "gone"
            """,
        ),
        Example(
            """
            import requests
            from fastapi import FastAPI

            app = FastAPI()
            session = requests.Session()
            session.headers["authorization"] = "none"
            kept: dict[str, str] = {}


            @app.post("/connect")
            def connect(password: str) -> str:
                kept["password"] = password
                return "connected"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """What is put under the name of a secret into the session of a request."""
        index = index_of(module)
        for node, name, value in _put(index):
            empty = isinstance(value, ast.Constant) and not value.value
            if _is_secret(name) and not empty:
                yield self.found(
                    f"{name} is put into the session cookie, which is signed but can be read.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )


def _is_secret(name: str) -> bool:
    if _HARMLESS.search(name) or name.lower() in _PLAIN_TOKENS or not words(name):
        return False
    return kind(name) in ("password", "secret", "token", "key")


def _put(index: Index) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    for assign in index.settings():
        for target in assign.targets if isinstance(assign, ast.Assign) else [assign.target]:
            if (
                isinstance(target, ast.Subscript)
                and _is_session(index, target.value)
                and assign.value is not None
            ):
                if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
                    yield assign, target.slice.value, assign.value
    for call in index.called("update"):
        if isinstance(call.func, ast.Attribute) and _is_session(index, call.func.value):
            for keyword in call.keywords:
                if keyword.arg is not None:
                    yield call, keyword.arg, keyword.value
            for given in call.args:
                if isinstance(given, ast.Dict):
                    for key, value in zip(given.keys, given.values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            yield call, key.value, value


def _is_session(index: Index, node: ast.expr) -> bool:
    """``request.session``, or a name that was set to it."""
    if isinstance(node, ast.Attribute) and node.attr == "session":
        return bool(_CARRIES.search(last(node.value)))
    return isinstance(node, ast.Name) and any(
        isinstance(v, ast.Attribute) and _is_session(index, v) for v in index.values(node)
    )
