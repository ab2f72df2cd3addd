"""ACC007: a route that a less protected one answers instead of."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.shadows import access_of, shadowed
from buckler.scan.rules.access._fixes.order import moved_before


class ShadowedRouteOtherAccess(Rule):
    """A protected route is answered by an earlier one that asks for less.

    ## What it is
    Routes are tried in the order in which they were added. An earlier route with a parameter takes the
    address of this one, and it does not have the dependencies that this one has.

    ## Why it matters
    The check that was written for the address never runs. Whoever may call the earlier route gets what
    the later one was to protect.

    ## How to fix
    Put the fixed path before the one with a parameter, or give both the same dependencies.
    ``Guard.access_table()`` of ``buckler.guard`` lists routes in the order in which they are tried.

    ## How to check
    Call the address as somebody without the right: it must answer 403.

    ## Roll-out
    Callers that used the address without the right are refused from then on.

    ## References
    CWE-863; OWASP API5:2023 Broken Function Level Authorization; ASVS 5.0 V8.2.1.
    """

    id = "ACC007"
    name = "shadowed-route-other-access"
    title = "Shadowed route with other access"
    severity = Severity.HIGH
    cwe = (863, 697)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1",)
    control = "guard.access"
    fix = Fix(
        "put the protected, fixed path first",
        before='@app.get("/reports/{name}")\n…\n@app.get("/reports/yearly", dependencies=[Depends(admin)])',
        after='@app.get("/reports/yearly", dependencies=[Depends(admin)])\n…\n@app.get("/reports/{name}")',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            @app.get("/reports/{name}")
            def report(name: str) -> str:
                return f"report {name}"


            @app.get("/reports/yearly", dependencies=[Depends(require_admin)])
            def yearly() -> str:
                return "who did what"
            """,
            line=17,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            @app.get("/reports/yearly", dependencies=[Depends(require_admin)])
            def yearly() -> str:
                return "who did what"


            @app.get("/reports/{name}")
            def report(name: str) -> str:
                return f"report {name}"
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            @app.get("/reports/{name}", dependencies=[Depends(require_admin)])
            def report(name: str) -> str:
                return f"report {name}"


            @app.get("/reports/yearly", dependencies=[Depends(require_admin)])
            def yearly() -> str:
                return "who did what"
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Shadowed operations with a check that the earlier one has not."""
        for later, earlier in shadowed(app):
            lost = access_of(later) - access_of(earlier)
            if not lost:
                continue
            exchange = self._answered(later, earlier, seen)
            names = ", ".join(sorted(name.rpartition(".")[2] for name in lost))
            yield self.found(
                f"{earlier.key} comes first and answers for {later.key}, without {names}.",
                confidence=Confidence.PROVED if exchange else Confidence.OBSERVED,
                location=at(later),
                proof=(shown(exchange, seen.identities, why=f"answered by {earlier.entered}"),)
                if exchange
                else (),
            )

    def _answered(
        self, later: Operation, earlier: Operation, seen: Observations
    ) -> Exchange | None:
        for exchange in seen.matrix.get(later.key, {}).values():
            answer = exchange.answer
            if (
                earlier.entered in answer.entered
                and later.entered not in answer.entered
                and answer.ok
            ):
                return exchange
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The later handler before the earlier one."""
        found, operation = route_at(draft, finding), finding.location.operation
        earlier = finding.message.partition(" comes first")[0]
        if found is None or operation is None or not moved_before(draft, found[0], earlier):
            return None
        return draft.repair(
            f"puts {operation} before {earlier}",
            safe=False,
            changes=f"{operation} is answered by its own handler, under its own conditions",
            wanted=Wanted(rerouted=frozenset({operation})),
        )
