"""CFG006: an application that shows its inside when something fails."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import truth
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.evidence import at_main, shown


class DebugMode(Rule):
    """``FastAPI(debug=True)`` answers errors with a traceback.

    ## What it is
    In debug mode Starlette answers an exception that nobody caught with the traceback, the lines of code around
    it and, in a browser, the values there.

    ## Why it matters
    An attacker only has to make something fail to read code, paths, versions and values.

    ## How to fix
    Leave ``debug`` out, or take it from a setting that is off by default.

    ## How to check
    Make an operation fail: it answers 500 with a plain text.

    ## Roll-out
    Developers find the traceback in the log; nothing else changes.

    ## References
    CWE-489, CWE-209; OWASP API8:2023; ASVS 5.0 V13.4.2.
    """

    id = "CFG006"
    name = "debug-mode"
    title = "Debug mode"
    severity = Severity.MEDIUM
    cwe = (489,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.2",)
    fix = Fix("leave debug out", before="FastAPI(debug=True)", after="FastAPI()", safe=True)
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI(debug=True)


            @app.get("/half/{number}")
            def half(number: int) -> float:
                return 1 / number
            """,
            line=3,
        ),
    )
    good = (
        Example(
            """
            import os

            from fastapi import FastAPI

            app = FastAPI(debug=os.environ.get("SHOP_DEBUG") == "yes")


            @app.get("/half/{number}")
            def half(number: int) -> float:
                return 1 / number
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """The setting, and an answer that shows what it does."""
        if not app.debug:
            return
        answers = (
            *(e for kept in seen.failures.values() for e in kept),
            *(e for _, e in seen.raised.values()),
        )
        traced = next(
            (e for e in answers if "Traceback (most recent call last)" in e.answer.text), None
        )
        evidence = (
            (shown(traced, seen.identities, mark="Traceback", why="a traceback"),) if traced else ()
        )
        yield self.found(
            "The application runs with debug=True.",
            confidence=Confidence.OBSERVED,
            location=at_main(app),
            anchor="debug",
            proof=(*evidence, proofs.setting("debug", True, expected="False")),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Off, which is the default."""
        for call in draft.calls_at(finding):
            made = last(call.func) in ("FastAPI", "Starlette")
            if made and truth(draft.index, argument(call, "debug")) is True:
                draft.remove_keyword(call, "debug")
                return draft.repair("leaves debug mode off")
        return None
