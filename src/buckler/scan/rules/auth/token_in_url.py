"""AUT018: a token in the address that a browser is sent to, or that is asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.index import Index, argument, index_of
from buckler.scan.rules._support.source import here

_TAIL = re.compile(
    r"[?&](access_token|refresh_token|id_token|token|jwt|session|session_id|password|client_secret)=$",
    re.IGNORECASE,
)
_RESPONSES = frozenset(
    {"fastapi.responses.RedirectResponse", "starlette.responses.RedirectResponse", "flask.redirect"}
)
_CLIENTS = re.compile(r"^(httpx2?|requests|aiohttp|niquests)\.")
_SECRETS = re.compile(
    r"^(access_token|refresh_token|id_token|jwt|session_id|password|client_secret)$", re.IGNORECASE
)


class TokenInUrl(Rule):
    """A token is put into the query of an address.

    ## What it is
    ``RedirectResponse(f"/app?token={token}")`` after a sign-in, or a request to another service with
    ``?access_token=…`` in its address.

    ## Why it matters
    Addresses are kept: in the browser's history, in the logs of every proxy and server on the way, in the ``Referer`` of the next
    page and in the figures of whoever measures visits. Each of them can use the token.

    ## How to fix
    Give a browser a cookie, ``set_cookie("__Host-session", …, secure=True, httponly=True)``, or a code that works once; send a
    service the header ``Authorization: Bearer``. ``buckler.guard.auth.session`` keeps the session in such a cookie.

    ## How to check
    Sign in and look at the address line and at the access log: no token may be there.

    ## Roll-out
    The page that reads the token from its address has to use the cookie in its place.

    ## References
    CWE-598, CWE-522; RFC 6750, 5.3; RFC 9700, 4.3.2; ASVS 5.0 V14.2.1.
    """

    id = "AUT018"
    name = "token-in-url"
    title = "Token in an address"
    severity = Severity.MEDIUM
    cwe = (598, 522)
    owasp = ("API2:2023", "A04:2021", "A07:2025")
    asvs = ("V14.2.1",)
    control = "guard.auth.session"
    fix = Fix(
        "a cookie for browsers, the header Authorization for services",
        before='return RedirectResponse(f"/app?token={token}")',
        after='answer = RedirectResponse("/app")\nanswer.set_cookie("__Host-session", token, secure=True, httponly=True)\nreturn answer',
    )
    bad = (
        Example(
            """
            import os
            import time

            import jwt
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()
            KEY = os.environ.get("TOKEN_KEY", "")


            @app.get("/back")
            def back(code: str) -> RedirectResponse:
                token = jwt.encode({"sub": code, "exp": time.time() + 600}, KEY, algorithm="HS256")
                return RedirectResponse(f"https://mill.example/app?token={token}")
            """,
            line=15,
        ),
        Example(
            """
            from fastapi import FastAPI

            from partners import balance

            app = FastAPI()


            @app.get("/balance")
            def shown() -> str:
                return balance()
            """,
            files={
                "partners.py": """
                import os

                import httpx2

                BASE = "https://bank.example/balance"


                def balance() -> str:
                    address = BASE + "?account=7&access_token=" + os.environ["BANK_TOKEN"]
                    return httpx2.get(address, timeout=5).text
                """,
            },
        ),
        Example(
            """
            import os

            import requests
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/posts")
            def posts() -> str:
                sent = {"page": 1, "access_token": os.environ["FEED_TOKEN"]}
                return requests.get("https://feed.example/posts", params=sent, timeout=5).text
            """,
        ),
    )
    good = (
        Example(
            """
            import os

            import httpx2
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/back")
            def back(code: str, page_token: str) -> RedirectResponse:
                answer = RedirectResponse(f"/app?page_token={page_token}&state={code}")
                answer.set_cookie("__Host-session", code, secure=True, httponly=True)
                return answer


            @app.get("/posts")
            def posts() -> str:
                head = {"Authorization": f"Bearer {os.environ['FEED_TOKEN']}"}
                return httpx2.get("https://feed.example/posts?page=1", headers=head, timeout=5).text
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI

            app = FastAPI()
            mails: list[str] = []


            @app.post("/forgot")
            def forgot(name: str) -> str:
                mails.append(f"https://mill.example/reset?token={secrets.token_urlsafe(32)}")
                return "a mail is on its way"
            """,
        ),
        Example(
            """
            import os

            import requests
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/exchange")
            def exchange(code: str) -> str:
                sent = {"code": code, "client_secret": os.environ["CLIENT_SECRET"]}
                return requests.post("https://login.example/token", data=sent, timeout=5).text
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Redirects and requests whose address ends a constant part with the name of a token."""
        index = index_of(module)
        for call in (
            *index.called("RedirectResponse", "redirect"),
            *index.called("get", "post", "request", "put", "delete"),
        ):
            name = index.name(call.func)
            answer = name in _RESPONSES
            if not (answer or _CLIENTS.match(name)):
                continue
            where = argument(call, "url", 1 if name.endswith(".request") else 0)
            found = next((t for t in _before_holes(index, where, 0) if _TAIL.search(t)), None)
            if found is None and not answer:
                found = next(_secret_params(index, argument(call, "params")), None)
            if found is not None:
                yield self.found(
                    "A token is put into the query of an address, where logs and histories keep it.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )


def _before_holes(index: Index, node: ast.expr | None, depth: int) -> Iterator[str]:
    """The constant text in front of each value of an address."""
    match node:
        case ast.JoinedStr():
            for before, value in zip(node.values, node.values[1:], strict=False):
                if isinstance(before, ast.Constant) and isinstance(value, ast.FormattedValue):
                    yield str(before.value)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from _before_holes(index, left, depth)
            end = left.right if isinstance(left, ast.BinOp) else left
            if isinstance(end, ast.Constant) and not isinstance(right, ast.Constant):
                yield str(end.value)
        case ast.Name() if depth < 3:
            for value in index.values(node):
                yield from _before_holes(index, value, depth + 1)


def _secret_params(index: Index, node: ast.expr | None) -> Iterator[str]:
    values = [node, *(index.values(node) if isinstance(node, ast.Name) else [])]
    for value in values:
        if isinstance(value, ast.Dict):
            for key in value.keys:
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and _SECRETS.match(key.value)
                ):
                    yield key.value
