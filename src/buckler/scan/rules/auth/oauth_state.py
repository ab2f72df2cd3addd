"""AUT019: a sign-in with another service that can be begun by somebody else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.index import Index, index_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules._support.state_kept import empty_on_both_sides

_CODE = re.compile(r"response_type=(code|token|id_token)\b")
_PROTECTS = ("state", "code_challenge", "nonce")


class OauthWithoutState(Rule):
    """An authorization request carries neither ``state`` nor a code challenge.

    ## What it is
    The address that sends the browser to another service for a sign-in has ``response_type=code`` and a client id, but
    neither ``state`` nor ``code_challenge`` (PKCE). The answer cannot be tied to the browser that asked. Or ``state`` is
    compared, but a session that has none and an answer that brings none are alike: ``"" == ""``.

    ## Why it matters
    An attacker begins a sign-in, keeps the answer's address and lets the victim open it: the victim is then signed in to the
    attacker's account, or the attacker's account at the other service is linked to the victim's, and opens it from then on.

    ## How to fix
    Draw ``state = secrets.token_urlsafe(32)``, keep it in the session, send it, and compare it when the answer comes; send
    ``code_challenge`` with ``code_challenge_method=S256`` as well. Refuse an answer where the session has no ``state``. Authlib's ``authorize_redirect`` does both.

    ## How to check
    Open the address of the answer with another ``state`` in a second browser: it must be refused.

    ## Roll-out
    Sign-ins that are under way while the change is rolled out have to begin again.

    ## References
    CWE-352; RFC 6749, 10.12; RFC 7636; RFC 9700, 2.1; ASVS 5.0 V10.2.1.
    """

    id = "AUT019"
    name = "oauth-without-state"
    title = "Authorization request without state"
    severity = Severity.MEDIUM
    cwe = (352,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V10.2.1",)
    fix = Fix(
        "send state and code_challenge, and compare state when the answer comes",
        before='{"response_type": "code", "client_id": CLIENT}',
        after='{"response_type": "code", "client_id": CLIENT, "state": state, "code_challenge": challenge}',
    )
    bad = (
        Example(
            """
            from urllib.parse import urlencode

            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/enter")
            def enter() -> RedirectResponse:
                asked = urlencode(
                    {
                        "response_type": "code",
                        "client_id": "mill",
                        "redirect_uri": "https://mill.example/back",
                    }
                )
                return RedirectResponse(f"https://login.example/authorize?{asked}")
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            from login import address

            app = FastAPI()


            @app.get("/enter")
            def enter() -> RedirectResponse:
                return RedirectResponse(address("mill"))
            """,
            files={
                "login.py": """
                BACK = "https://mill.example/back"


                def address(client: str) -> str:
                    return (
                        "https://login.example/authorize?response_type=code"
                        f"&client_id={client}&redirect_uri={BACK}&scope=openid"
                    )
                """,
            },
        ),
        Example(
            """
            import os

            import httpx2
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()
            CLIENT = os.environ.get("CLIENT", "mill")


            @app.get("/enter")
            def enter() -> RedirectResponse:
                sent = dict(client_id=CLIENT, response_type="code", scope="email", redirect_uri="https://mill.example/back")
                return RedirectResponse(str(httpx2.URL("https://login.example/authorize", params=sent)))
            """,
        ),
        Example(
            """
            import hmac

            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.get("/back")
            def back(request: Request, code: str, state: str = "") -> str:
                kept = request.session.pop("oauth_state", "")
                if not hmac.compare_digest(kept.encode(), state.encode()):
                    raise HTTPException(400)
                return code
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, Query, Request

            app = FastAPI()


            @app.get("/return")
            def returned(request: Request, code: str = Query(), state: str | None = Query(None)) -> str:
                if request.session.get("state") != state:
                    raise HTTPException(400)
                return code
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.get("/entered")
            async def entered(request: Request) -> str:
                sent = request.query_params.get("state")
                if sent == request.cookies.get("login_state"):
                    return request.query_params["code"]
                raise HTTPException(403)
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            import hmac

            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.get("/back")
            def back(request: Request, code: str, state: str) -> str:
                if not hmac.compare_digest(request.session.pop("oauth_state", "").encode(), state.encode()) or not state:
                    raise HTTPException(400)
                return code


            @app.get("/return")
            def returned(request: Request, code: str, state: str | None = None) -> str:
                kept = request.session.get("state")
                if kept is None or kept != state:
                    raise HTTPException(400)
                return code


            @app.get("/entered")
            async def entered(request: Request, code: str) -> str:
                if request.query_params["state"] == request.cookies.get("login_state"):
                    return code
                raise HTTPException(403)
            """,
        ),
        Example(
            """
            import secrets
            from urllib.parse import urlencode

            from fastapi import FastAPI, Request
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/enter")
            def enter(request: Request) -> RedirectResponse:
                request.session["state"] = state = secrets.token_urlsafe(32)
                asked = {"response_type": "code", "client_id": "mill", "redirect_uri": "https://mill.example/back"}
                asked["state"] = state
                return RedirectResponse(f"https://login.example/authorize?{urlencode(asked)}")
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()
            BASE = "https://login.example/authorize?response_type=code&client_id=mill&redirect_uri=https://mill.example/back"


            @app.get("/enter")
            def enter(state: str, challenge: str) -> RedirectResponse:
                return RedirectResponse(f"{BASE}&state={state}&code_challenge={challenge}")
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/authorize")
            def authorize(response_type: str, client_id: str) -> dict[str, str]:
                if response_type != "code":
                    raise HTTPException(400)
                return {"client_id": client_id, "response_type": response_type}
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Parameters and addresses of authorization requests, unless what is around them adds one."""
        index = index_of(module)
        for node in (*_dictionaries(index), *_addresses(index)):
            scope = index.function_of(node) or index.tree
            if not any(_protects(item) for item in ast.walk(scope)) and not _used_elsewhere(
                index, node
            ):
                yield self.found(
                    "An authorization request is made without state and without a code challenge.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )
        for compared in empty_on_both_sides(index):
            yield self.found(
                "The state of an answer is taken where neither the session nor the answer has one: both are empty.",
                confidence=Confidence.SUSPECTED,
                location=here(index, compared),
            )


def _dictionaries(index: Index) -> Iterator[ast.expr]:
    for node in index.all(ast.Dict):
        found = {
            key.value: value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        if (
            None not in node.keys
            and {"client_id", "redirect_uri"} <= set(found)
            and _asks(found.get("response_type"))
        ):
            yield node
    for call in index.called("dict", "urlencode"):
        named = {k.arg: k.value for k in call.keywords}
        if (
            None not in named
            and {"client_id", "redirect_uri"} <= set(named)
            and _asks(named.get("response_type"))
        ):
            yield call


def _asks(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in (
        "code",
        "token",
        "id_token",
        "token id_token",
    )


def _addresses(index: Index) -> Iterator[ast.expr]:
    for node in index.all(ast.Constant):
        if not isinstance(node.value, str) or not _CODE.search(node.value):
            continue
        whole: ast.expr = node
        for outer in index.around(node):
            if not isinstance(outer, ast.JoinedStr | ast.BinOp):
                break
            whole = outer
        text = ast.unparse(whole)
        if "client_id=" in text and not isinstance(index.parents.get(whole), ast.Expr):
            yield whole


def _protects(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value in _PROTECTS or any(f"{word}=" in node.value for word in _PROTECTS)
    return isinstance(node, ast.keyword) and node.arg in _PROTECTS


def _used_elsewhere(index: Index, node: ast.expr) -> bool:
    """Whether it is a constant of the module, to which a function adds one of them."""
    return index.function_of(node) is None and any(_protects(item) for item in ast.walk(index.tree))
