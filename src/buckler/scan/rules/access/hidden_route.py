"""ACC002: a route that is left out of the documentation and open to anybody."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import is_internal, is_optional, is_public, open_to_nobody
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.kinds import is_page
from buckler.scan.rules.access._fixes.gates import protected_like_the_others


class HiddenRouteUnprotected(Rule):
    """A route with ``include_in_schema=False`` answers whoever knows its address.

    ## What it is
    The route is not in the OpenAPI document, and nothing asks for a credential. That it is hidden is
    its only protection.

    ## Why it matters
    Addresses are found: in logs, in scripts, by word lists. Reviews and scans that start from the
    OpenAPI document never see the route, so it stays open for long.

    ## How to fix
    Give it a dependency like any other route, or take it out. If it is for machines, ask for a key of
    their own. A ``Guard`` with identities of ``buckler.guard`` names it at the start, hidden or not.

    ## How to check
    Call the address without a credential: it must answer 401, 403 or 404.

    ## Roll-out
    Give the callers their credential first; internal jobs are easily forgotten.

    ## References
    CWE-1059, CWE-306; OWASP API9:2023 Improper Inventory Management; ASVS 5.0 V8.2.1.
    """

    id = "ACC002"
    name = "hidden-route-unprotected"
    title = "Hidden route without protection"
    severity = Severity.MEDIUM
    cwe = (1059, 306)
    owasp = ("API9:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1",)
    control = "guard.access"
    fix = Fix(
        "ask for a credential: dependencies=[Depends(require_internal)]",
        before='@router.get("/cache", include_in_schema=False)',
        after='@router.get("/cache", include_in_schema=False, dependencies=[Depends(require_internal)])',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            events = ["start"]


            @app.get("/debug/events", include_in_schema=False)
            def debug_events() -> list[str]:
                return events
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            router = APIRouter(include_in_schema=False)


            def staff(x_staff_key: str = Header("")) -> None:
                if x_staff_key != "from-the-environment":
                    raise HTTPException(401)


            @router.get("/tools/queue")
            def queue() -> dict[str, int]:
                return {"waiting": 3}


            @router.get("/tools/log", dependencies=[Depends(staff)])
            def log() -> list[str]:
                return ["start"]


            app.include_router(router)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            def internal(x_internal_key: str = Header("")) -> None:
                if x_internal_key != "from-the-environment":
                    raise HTTPException(404)


            @app.get("/debug/events", include_in_schema=False, dependencies=[Depends(internal)])
            def debug_events() -> list[str]:
                return ["start"]


            @app.get("/health", include_in_schema=False)
            def health() -> dict[str, str]:
                return {"status": "ok"}


            @app.get("/about", include_in_schema=False, response_class=HTMLResponse)
            def about() -> str:
                return "<h1>About us</h1>"
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Hidden operations that answered nobody with data."""
        for operation in app.operations:
            exchange = open_to_nobody(operation, seen)
            if exchange is None or not operation.hidden or operation.method != "GET":
                continue
            if is_public(operation, app) or is_optional(operation):
                continue
            if is_page(exchange.answer) and not is_internal(operation):
                continue
            yield self.found(
                f"{operation.key} is left out of the schema and answers anybody.",
                confidence=Confidence.PROVED,
                location=at(operation),
                proof=(shown(exchange, seen.identities, why="answered without any credential"),),
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
