"""CFG018: websockets that any page may open in its visitor's name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Function, Index, index_of, last, parameters
from buckler.scan.rules._support.source import here
from buckler.scan.rules.config._fixes.own_pages import own_pages_only

_ORIGIN = re.compile(r"\borigins?\b|_origin|origin_|csrf", re.IGNORECASE)


class WebsocketWithoutOrigin(Rule):
    """A websocket trusts a cookie, and does not look at the page that opened it.

    ## What it is
    The handler takes the session from a cookie. Browsers send cookies with every websocket, from any site, and
    neither CORS nor SameSite=None stops it: only the ``Origin`` header tells.

    ## Why it matters
    A page of somebody else opens the socket in its visitor's name, reads what comes and sends what it likes:
    cross-site websocket hijacking.

    ## How to fix
    Compare ``websocket.headers["origin"]`` with your own addresses before ``accept()``, or take a token in the first
    message in place of the cookie. ``buckler.guard.WebSocketBounds`` does the former for the whole application.

    ## How to check
    Open the socket with ``Origin: https://example.org`` and a valid cookie: it must be refused.

    ## Roll-out
    Clients that are no browsers send no Origin: let those through that have no cookie either.

    ## References
    CWE-1385, CWE-346; RFC 6455 section 10.2; OWASP A01:2025; ASVS 5.0 V4.4.2.
    """

    id = "CFG018"
    name = "websocket-origin-unchecked"
    title = "Websocket without a check of its origin"
    severity = Severity.MEDIUM
    cwe = (1385, 346)
    owasp = ("API2:2023", "A01:2021", "A01:2025")
    asvs = ("V4.4.2",)
    control = "guard.WebSocketBounds"
    words = ("websocket",)
    fix = Fix(
        "compare the origin before accept()",
        before="await websocket.accept()",
        after='if websocket.headers.get("origin") not in ORIGINS:\n    raise WebSocketException(1008)\nawait websocket.accept()',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, WebSocket

            app = FastAPI()
            SESSIONS = {"s1": "ann"}


            @app.websocket("/live")
            async def live(websocket: WebSocket) -> None:
                user = SESSIONS[websocket.cookies["session"]]
                await websocket.accept()
                await websocket.send_text(user)
            """,
            line=7,
        ),
        Example(
            """
            from typing import Annotated

            from fastapi import Cookie, FastAPI, WebSocket

            app = FastAPI()


            @app.websocket("/chat/{room}")
            async def chat(websocket: WebSocket, room: str, session: Annotated[str, Cookie()]) -> None:
                await websocket.accept()
                await websocket.send_text(session[:0] + room)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            from sockets import router

            app = FastAPI()
            app.include_router(router)
            """,
            files={
                "sockets.py": """
                from fastapi import APIRouter, Cookie, Depends, WebSocket

                router = APIRouter()


                def user(session: str = Cookie()) -> str:
                    return session


                @router.websocket("/prices")
                async def prices(websocket: WebSocket, name: str = Depends(user)) -> None:
                    await websocket.accept()
                    await websocket.send_text(name)
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, WebSocket, WebSocketException

            app = FastAPI()
            SESSIONS = {"s1": "ann"}


            @app.websocket("/live")
            async def live(websocket: WebSocket) -> None:
                if websocket.headers.get("origin") != "https://shop.example":
                    raise WebSocketException(1008)
                user = SESSIONS[websocket.cookies["session"]]
                await websocket.accept()
                await websocket.send_text(user)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Header, WebSocket

            app = FastAPI()


            @app.websocket("/live")
            async def live(websocket: WebSocket, authorization: str = Header()) -> None:
                await websocket.accept()
                await websocket.send_text(authorization[:0])
            """,
        ),
        Example(
            """
            from fastapi import Cookie, Depends, FastAPI, WebSocket

            from checks import known_origin

            app = FastAPI()


            @app.websocket("/live", dependencies=[Depends(known_origin)])
            async def live(websocket: WebSocket, session: str = Cookie()) -> None:
                await websocket.accept()
                await websocket.send_text(session)


            @app.get("/me")
            def me(session: str = Cookie()) -> str:
                return session
            """,
            files={
                "checks.py": """
                from fastapi import WebSocket, WebSocketException


                def known_origin(websocket: WebSocket) -> None:
                    if websocket.headers.get("origin") != "https://shop.example":
                        raise WebSocketException(1008)
                """,
            },
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Handlers of websockets that read a cookie in a file that knows no origin."""
        index = index_of(module)
        if _knows_origins(index):
            return
        for function in index.functions:
            if _is_socket(function) and _reads_cookie(index, function, 0):
                yield self.found(
                    "The websocket trusts a cookie, which browsers send for any page that opens it.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, function.decorator_list[0]),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A check of the origin in each socket of the file, since one of them would hide the others."""
        index = draft.index
        sockets = [f for f in index.functions if _is_socket(f) and _reads_cookie(index, f, 0)]
        if _knows_origins(index) or not own_pages_only(draft, sockets):
            return None
        told = "pages of other hosts cannot open the socket, and none can behind a proxy that changes the Host header"
        return draft.repair("lets pages of its own host open the socket", safe=False, changes=told)


def _knows_origins(index: Index) -> bool:
    for node in ast.walk(index.tree):
        word = getattr(node, "value", getattr(node, "id", getattr(node, "attr", "")))
        names = (word, getattr(node, "attr", ""), getattr(node, "name", ""))
        if any(isinstance(n, str) and len(n) < 100 and _ORIGIN.search(n) for n in names):
            return True
    return False


def _is_socket(function: Function) -> bool:
    return any(
        isinstance(d, ast.Call) and last(d.func) in ("websocket", "websocket_route")
        for d in function.decorator_list
    )


def _reads_cookie(index: Index, function: Function, depth: int) -> bool:
    """Whether it, or a dependency of the same file, takes a cookie."""
    if depth > 4:
        return False
    if any(isinstance(n, ast.Attribute) and n.attr == "cookies" for n in ast.walk(function)):
        return True
    given = [*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)]
    given += [p.annotation for p in parameters(function) if p.annotation is not None]
    for call in (n for node in given for n in ast.walk(node) if isinstance(n, ast.Call)):
        if last(call.func) in ("Cookie", "APIKeyCookie"):
            return True
        if last(call.func) in ("Depends", "Security") and call.args:
            inner = index.function(last(call.args[0]))
            if inner is not None and _reads_cookie(index, inner, depth + 1):
                return True
    return False
