"""ACC008: a websocket that anybody may open, from any site."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import has_authentication, is_public
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.access._fixes.origins import own_site_alone

_REFUSED = (1008, 3000, 3003)


class WebsocketWithoutAuthentication(Rule):
    """A websocket is accepted without a user, or from any origin.

    ## What it is
    The handler calls ``accept()`` without asking who is there, or takes the visitor's cookie without
    looking at the ``Origin`` header. Middleware for HTTP (``@app.middleware("http")``) does not see
    websockets, and the same-origin policy of browsers does not cover them.

    ## Why it matters
    Anybody reads along and sends messages. With a cookie, every site that the visitor opens can do so
    in the visitor's name.

    ## How to fix
    Before ``accept()``: compare ``websocket.headers.get("origin")`` with your own origins and find out
    the user; close with 1008 otherwise. ``requires("orders:read")`` of ``buckler.guard`` among the
    parameters closes it before it is accepted.

    ## How to check
    Open the websocket with ``Origin: https://example.org`` and without a credential: it must be refused.

    ## Roll-out
    Programs that are no browsers send no origin: let them in by their credential.

    ## References
    CWE-1385, CWE-306; OWASP API2:2023; ASVS 5.0 V4.4.2.
    """

    id = "ACC008"
    name = "websocket-without-authentication"
    title = "Websocket without authentication"
    severity = Severity.HIGH
    cwe = (1385, 306)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V4.4.2", "V4.4.3")
    control = "guard.access"
    fix = Fix(
        "compare the origin and find out the user before accept()",
        before="await websocket.accept()",
        after='if websocket.headers.get("origin") not in ORIGINS or user is None:\n    await websocket.close(1008)\n    return\nawait websocket.accept()',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, WebSocket

            app = FastAPI()


            @app.websocket("/chat")
            async def chat(websocket: WebSocket) -> None:
                await websocket.accept()
                await websocket.send_text("welcome")
                await websocket.close()
            """,
            line=7,
        ),
        Example(
            """
            from fastapi import Cookie, FastAPI, WebSocket

            app = FastAPI()


            @app.websocket("/meters/live")
            async def live(websocket: WebSocket, session: str = Cookie("")) -> None:
                if session != "alice-session":
                    await websocket.close(1008)
                    return
                await websocket.accept()
                await websocket.send_text("order 1 was sent")
                await websocket.close()
            """,
            settings='identities.alice.cookie = "session=alice-session"\n',
        ),
    )
    good = (
        Example(
            """
            from fastapi import Cookie, FastAPI, WebSocket

            app = FastAPI()
            ORIGINS = {"https://www.shop.example"}


            @app.websocket("/meters/live")
            async def live(websocket: WebSocket, session: str = Cookie("")) -> None:
                if websocket.headers.get("origin") not in ORIGINS or session != "alice-session":
                    await websocket.close(1008)
                    return
                await websocket.accept()
                await websocket.send_text("order 1 was sent")
                await websocket.close()
            """,
            settings='identities.alice.cookie = "session=alice-session"\n',
        ),
        Example(
            """
            from fastapi import FastAPI, WebSocket

            app = FastAPI()


            @app.websocket("/feed")
            async def feed(websocket: WebSocket) -> None:
                await websocket.accept()
                if await websocket.receive_text() != "token alice-token":
                    await websocket.close(1008)
                    return
                await websocket.send_text("order 1 was sent")
                await websocket.close()
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Websockets that were accepted from a foreign origin."""
        for operation in app.operations:
            if not operation.is_websocket or is_public(operation, app):
                continue
            taken = [e for e in seen.websockets.get(operation.key, ()) if _accepted(e)]
            if not taken:
                continue
            anybody = next((e for e in taken if e.request.identity is None), None)
            exchange = anybody or taken[0]
            who = (
                "anybody, from any site"
                if anybody
                else "a foreign site in the name of its visitors"
            )
            strong = has_authentication(app, seen)
            yield self.found(
                f"{operation.key} is opened to {who}.",
                confidence=Confidence.PROVED,
                severity=Severity.HIGH if strong else Severity.MEDIUM,
                location=at(operation),
                proof=(shown(exchange, seen.identities, why="accepted with a foreign Origin"),),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Pages of this site alone, where whoever connects is known; who may is not for a fixer to say."""
        found = route_at(draft, finding)
        visitors = finding.message.endswith("in the name of its visitors.")
        if found is None or not visitors or not own_site_alone(draft, found[0]):
            return None
        return draft.repair(
            "refuses websockets that pages of other sites open",
            safe=False,
            changes="pages on another host than the one that answers cannot open this websocket",
        )


def _accepted(exchange: Exchange) -> bool:
    """Whether the websocket stayed open; closing with a code of refusal is a late no."""
    close = exchange.answer.close
    refused = close is not None and (close in _REFUSED or 4000 <= close < 5000)
    return exchange.answer.status == 101 and exchange.reached and not refused
