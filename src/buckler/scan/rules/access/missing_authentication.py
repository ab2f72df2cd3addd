"""ACC001: an operation that answers nobody although it ought to ask who is there."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.access import (
    has_authentication,
    is_internal,
    is_optional,
    is_public,
    open_to_nobody,
    personal_data,
    unscoped,
    why_protected,
)
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.access._fixes.gates import protected_like_the_others


class MissingAuthentication(Rule):
    """An operation that changes or shows something does not ask who is calling.

    ## What it is
    A route without a dependency that finds out who sends the request, or with one that takes any
    made-up token. Often the routes beside it have one and this was forgotten.

    How grave it is follows from what the request without credentials did, and from whether the
    application asks anybody who he is (identities, a security scheme, a 401; a signed webhook does not
    count):

    | The request | somebody is asked elsewhere | nobody is asked anywhere |
    | --- | --- | --- |
    | changed the database | high, proved | medium, proved |
    | showed personal data | high, proved | medium, proved |
    | has a method or path that is not for everybody | high, proved | medium, observed |
    | was let in where all beside it are refused | medium, proved | - |

    ## Why it matters
    Whoever knows the address can do it: change data, delete it, read what is not for the public.

    ## How to fix
    Give the dependency to the router, so that a new route has it from the start:
    ``APIRouter(prefix="/orders", dependencies=[Depends(current_user)])``. What is open on purpose is
    declared: ``public = ["GET /health"]`` in ``[tool.buckler]``, or ``public`` of ``buckler.guard`` at the
    route. A ``Guard(app, secret=…, database=…)`` does not start while a route says nothing of who may pass.

    ## How to check
    Send the request of the proof without any credential: it must answer 401.

    ## Roll-out
    Look at the access log first for callers that send no credential, and tell them.

    ## References
    CWE-306; OWASP API2:2023, A01:2025, A07:2025; ASVS 5.0 V8.2.1, V8.3.1.
    """

    id = "ACC001"
    name = "missing-authentication"
    title = "Missing authentication"
    severity = Severity.HIGH
    cwe = (306, 287)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V8.2.1", "V8.3.1")
    control = "guard.access"
    fix = Fix(
        "ask for the user in the router: dependencies=[Depends(current_user)]",
        before='router = APIRouter(prefix="/orders")',
        after='router = APIRouter(prefix="/orders", dependencies=[Depends(current_user)])',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            key = APIKeyHeader(name="X-Key")
            goods = {1: 3}


            def signed_in(given: str = Depends(key)) -> None:
                if given != "alice-key-1":
                    raise HTTPException(401)


            @app.get("/goods/{number}", dependencies=[Depends(signed_in)])
            def read(number: int) -> int:
                return goods.get(number, 0)


            @app.put("/goods/{number}")
            def change(number: int, pieces: int = 1) -> int:
                goods[number] = pieces
                return pieces
            """,
            line=20,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            backoffice = FastAPI()


            @backoffice.get("/figures")
            def figures() -> dict[str, int]:
                return {"orders": 12}


            app.mount("/admin", backoffice)
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token")
            notes: list[str] = []


            @app.post("/notes")
            def write(text: str, token: str = Depends(scheme)) -> int:
                notes.append(text)
                return len(notes)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import APIRouter, Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            key = APIKeyHeader(name="X-Key")
            goods = {1: 3}


            def signed_in(given: str = Depends(key)) -> None:
                if given != "alice-key-1":
                    raise HTTPException(401)


            router = APIRouter(prefix="/goods", dependencies=[Depends(signed_in)])


            @router.get("/{number}")
            def read(number: int) -> int:
                return goods.get(number, 0)


            @router.put("/{number}")
            def change(number: int, pieces: int = 1) -> int:
                goods[number] = pieces
                return pieces


            @app.get("/health")
            def health() -> dict[str, str]:
                return {"status": "ok"}


            app.include_router(router)
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
        ),
        Example(
            """
            import hashlib
            import hmac
            import secrets

            from fastapi import FastAPI, Header, HTTPException, Request

            app = FastAPI()
            SECRET = secrets.token_bytes(32)
            paid: list[bytes] = []


            @app.post("/payments/hook")
            async def paid_hook(request: Request, x_signature: str = Header("")) -> dict[str, bool]:
                body = await request.body()
                expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
                if not hmac.compare_digest(x_signature.encode(), expected.encode()):
                    raise HTTPException(401)
                paid.append(body)
                return {"ok": True}


            @app.get("/products")
            def products() -> list[str]:
                return ["spade", "rake"]
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations that did their work for nobody."""
        known = has_authentication(app, seen)
        for operation in app.operations:
            exchange = open_to_nobody(operation, seen)
            if exchange is not None and not operation.is_websocket:
                yield from self._open(operation, app, seen, exchange, known)
            elif operation.key in seen.forged and not unscoped(operation):
                yield from self._forged(operation, app, seen)

    def _open(
        self,
        operation: Operation,
        app: AppModel,
        seen: Observations,
        exchange: Exchange,
        known: bool,
    ) -> Iterable[Finding]:
        if is_optional(operation) or (operation.hidden and operation.method == "GET"):
            return
        why = why_protected(operation, app, seen, exchange)
        if not why:
            return
        people = personal_data(exchange)
        written = "sql-write" in exchange.answer.effects
        strong = operation.changes_state or is_internal(operation) or written or people != ""
        yield self.found(
            f"Nobody has to sign in for {operation.key}: {why}.",
            confidence=Confidence.PROVED if known or written or people else Confidence.OBSERVED,
            severity=Severity.HIGH if known and strong else Severity.MEDIUM,
            location=at(operation),
            proof=(shown(exchange, seen.identities, why="answered without any credential"),),
        )

    def _forged(self, operation: Operation, app: AppModel, seen: Observations) -> Iterable[Finding]:
        exchange = seen.forged[operation.key]
        if is_public(operation, app) or is_optional(operation):
            return
        yield self.found(
            f"{operation.key} takes any credential: the one that was sent is made up.",
            confidence=Confidence.PROVED,
            location=at(operation),
            proof=(shown(exchange, seen.identities, why="answered with a made-up credential"),),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The dependency of the routes beside it, where there is one that refuses."""
        found = route_at(draft, finding)
        name = protected_like_the_others(draft, *found) if found is not None else ""
        operation = finding.location.operation
        if not name or operation is None:
            return None
        return draft.repair(
            f"asks for {name}, as the routes beside it do",
            safe=False,
            changes=f"whoever {name} refuses gets no answer from {operation} any more",
            wanted=Wanted(refused=frozenset({operation})),
        )
