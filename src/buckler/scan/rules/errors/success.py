"""ERR003: a failure is answered as a success."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.data import parsed
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.handlers import general
from buckler.scan.rules._support.leaks import leak
from buckler.scan.rules.errors._fixes.handlers import failure_told

_KEYS = ("error", "errors", "exception", "traceback", "detail", "message", "reason")


class ErrorAnsweredAsSuccess(Rule):
    """An exception is answered with 200.

    ## What it is
    A general handler, a layer or an ``except Exception`` turns every failure into an answer with a status of success;
    that it failed stands, at most, in the text.

    ## Why it matters
    Nothing notices: no alarm, no circuit breaker, no retry, no test. Callers go on as if it had worked, also when it
    was the check of a right that failed.

    ## How to fix
    Answer 500 from the handler: ``JSONResponse({"detail": "…"}, status_code=500)``, and catch only exceptions that you
    expect, with the status that fits.
    Let other exceptions pass: ``buckler.guard.ProblemDetails`` and ``Guard`` answer 500 and log the story.

    ## How to check
    Make the operation fail: it must answer a status of 400 or more.

    ## Roll-out
    Callers that only read the text must look at the status; announce it.

    ## References
    CWE-755, CWE-393; OWASP API8:2023, A10:2025; ASVS 5.0 V16.5.3, V16.5.4.
    """

    id = "ERR003"
    name = "error-answered-as-success"
    title = "Error answered as success"
    severity = Severity.MEDIUM
    cwe = (755, 393)
    owasp = ("API8:2023", "A04:2021", "A10:2025")
    asvs = ("V16.5.3", "V16.5.4")
    control = "guard.ProblemDetails"
    fix = Fix(
        "answer with a status of failure",
        before='return JSONResponse({"ok": False})',
        after='return JSONResponse({"ok": False}, status_code=500)',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.exception_handler(Exception)
            async def failed(request: Request, error: Exception) -> JSONResponse:
                return JSONResponse({"ok": False})


            @app.get("/split")
            def split(total: int, people: int) -> float:
                return total / people
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/split")
            def split(total: int, people: int) -> dict[str, object]:
                try:
                    return {"each": total / people}
                except Exception as error:
                    return {"error": str(error)}
            """,
            line=7,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.exception_handler(Exception)
            async def failed(request: Request, error: Exception) -> JSONResponse:
                return JSONResponse({"ok": False}, status_code=500)


            @app.get("/split")
            def split(total: int, people: int) -> float:
                if not people:
                    raise HTTPException(400, "Nobody is coming")
                return total / people


            @app.get("/coupons/{code}")
            def coupon(code: str) -> dict[str, object]:
                return {"ok": False, "detail": "There is no such coupon"}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Exceptions that were answered 2xx: by a general handler, or by the operation itself."""
        known: set[tuple[str | None, int | None]] = set()
        for operation, exchange, proved in _swallowed(app, seen):
            place = general(app, operation)
            if (place.path, place.line) not in known:
                known.add((place.path, place.line))
                yield self.found(
                    f"An error in {operation.key} is answered with {exchange.answer.status}.",
                    confidence=Confidence.PROVED if proved else Confidence.OBSERVED,
                    location=place,
                    proof=(shown(exchange, seen.identities, why="the handler had failed"),),
                )
        yield from self._own(app, seen)

    def _own(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        told: set[str] = set()
        for exchange in seen.everything:
            operation, answer = exchange.operation, exchange.answer
            if operation is None or operation.key in told or not _succeeded(exchange):
                continue
            data = parsed(answer.body) if "json" in answer.media_type else None
            if not isinstance(data, dict) or not any(key in data for key in _KEYS):
                continue
            what, mark = leak(exchange)
            if what and any(mark in str(data.get(key)) for key in _KEYS):
                told.add(operation.key)
                yield self.found(
                    f"{operation.key} answers a failure with {answer.status} and {what}.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(shown(exchange, seen.identities, mark=mark, why=f"holds {what}"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The status 500, where the failure is answered."""
        if not failure_told(draft, finding.location.line or 0):
            return None
        return draft.repair(
            "answers a failure with 500",
            safe=False,
            changes="clients that look at the status see a failure where they saw a success",
        )


def _swallowed(app: AppModel, seen: Observations) -> Iterator[tuple[Operation, Exchange, bool]]:
    """Exceptions that somebody else than the handler answered 2xx; those that came by themselves first."""
    for key, kept in seen.failures.items():
        operation = app.find(key)
        for exchange in kept:
            if (
                operation is not None
                and exchange.answer.error
                and not exchange.answer.error.get("background")
                and _succeeded(exchange)
                and exchange.reached
            ):
                yield operation, exchange, True
    for key, (_, exchange) in seen.raised.items():
        operation = app.find(key)
        if operation is not None and _succeeded(exchange):
            yield operation, exchange, False


def _succeeded(exchange: Exchange) -> bool:
    return 200 <= (exchange.answer.status or 0) < 300
