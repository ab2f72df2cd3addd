"""ACC006: a route that an earlier one answers instead of."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at
from buckler.scan.rules._support.shadows import access_of, shadowed
from buckler.scan.rules.access._fixes.order import moved_before


class ShadowedRoute(Rule):
    """An earlier route takes every address of this one, so this one is never reached.

    ## What it is
    Routes are tried in the order in which they were added. ``/users/{user_id}`` also matches
    ``/users/me``, so a later ``/users/me`` never runs; its callers get the answer, or the 422, of the
    other one.

    ## Why it matters
    Code that does not run is code whose checks do not run. What was tested by calling the function is
    not what answers.

    ## How to fix
    Put the fixed path before the one with a parameter, or narrow the parameter:
    ``/users/{user_id:int}``.

    ## How to check
    Call the address and see by the answer which handler ran.

    ## Roll-out
    The address answers something else from then on; tell its callers.

    ## References
    CWE-697; OWASP API8:2023 Security Misconfiguration; ASVS 5.0 V8.3.1.
    """

    id = "ACC006"
    name = "shadowed-route"
    title = "Shadowed route"
    severity = Severity.LOW
    cwe = (697,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V8.3.1",)
    fix = Fix(
        "put the fixed path first",
        before='@app.get("/users/{user_id}")\n…\n@app.get("/users/me")',
        after='@app.get("/users/me")\n…\n@app.get("/users/{user_id}")',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/goods/{number}")
            def one(number: int) -> int:
                return number


            @app.get("/goods/featured")
            def featured() -> list[int]:
                return [1]
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import APIRouter, FastAPI

            app = FastAPI()
            first = APIRouter(prefix="/pages")
            second = APIRouter(prefix="/pages")


            @first.get("/{name:path}")
            def page(name: str) -> str:
                return name


            @second.get("/news/{number}")
            def news(number: int) -> int:
                return number


            app.include_router(first)
            app.include_router(second)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/goods/featured")
            def featured() -> list[int]:
                return [1]


            @app.get("/goods/{number:int}")
            def one(number: int) -> int:
                return number


            @app.get("/goods/{name}")
            def named(name: str) -> str:
                return name


            @app.post("/goods/{number}")
            def change(number: int) -> int:
                return number
            """,
        ),
    )

    def check_app(self, app: AppModel) -> Iterable[Finding]:
        """Operations that come after one that takes all of their addresses."""
        for later, earlier in shadowed(app):
            if access_of(later) <= access_of(earlier):
                yield self.found(
                    f"{later.key} is never reached: {earlier.key} comes first and takes its address.",
                    confidence=Confidence.OBSERVED,
                    location=at(later),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The later handler before the earlier one."""
        found, operation = route_at(draft, finding), finding.location.operation
        earlier = finding.message.partition(" is never reached: ")[2].partition(" comes first")[0]
        if found is None or operation is None or not moved_before(draft, found[0], earlier):
            return None
        return draft.repair(
            f"puts {operation} before {earlier}",
            safe=False,
            changes=f"{operation} is answered by its own handler, under its own conditions",
            wanted=Wanted(rerouted=frozenset({operation})),
        )
