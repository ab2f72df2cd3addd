"""ERR002: an answer tells what went wrong inside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Verdict
from buckler.scan.engines.observations import Observations
from buckler.scan.engines.source.flow.exceptions import WORDED
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.python.constants import number
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.evidence import at_place, shown
from buckler.scan.rules._support.handlers import general, handler_of, raised_at
from buckler.scan.rules._support.leaks import leak
from buckler.scan.rules._support.settings import planted

_PHRASES = {int(status): status.phrase for status in HTTPStatus if status >= 400}
_ABOUT_INPUT = re.compile(
    r"Validation|Schema|Syntax|Pars(?:e|ing)|Decod|NotFound|Invalid|Unresolvable|Format"
)
"""What exceptions of libraries are called that are about what was sent."""


class ExceptionDetailReturned(Rule):
    """The text of an exception, a statement or a traceback is in the answer.

    ## What it is
    ``HTTPException(500, detail=str(error))``, ``repr(error)``, ``traceback.format_exc()``, or a general handler that
    answers with the exception.

    ## Why it matters
    Such texts hold statements with their values, names of tables, paths, addresses of other services and
    sometimes keys. They tell an attacker what to try next, and whether it worked.

    ## How to fix
    Log the exception with an id, and answer the id: ``HTTPException(500, f"Error {id}")``. Texts for customers
    are constants, or belong to exceptions of your own.
    ``buckler.guard.ProblemDetails`` and ``Guard`` leave out a detail that repeats an exception.

    ## How to check
    Send the request of the proof: the answer must not say more than that something failed.

    ## Roll-out
    Support needs the log to look up the id.

    ## References
    CWE-209; OWASP API8:2023, A10:2025; ASVS 5.0 V16.5.1.
    """

    id = "ERR002"
    name = "exception-detail-returned"
    title = "Exception detail returned"
    severity = Severity.MEDIUM
    cwe = (209, 497)
    owasp = ("API8:2023", "A05:2021", "A10:2025")
    asvs = ("V16.5.1",)
    control = "guard.ProblemDetails"
    flows = Flows(
        "exception",
        """
        fastapi.HTTPException(1:detail) web.answer(0) web.answer.html(0) flask.abort(1:description) fastapi.WebSocketException(1:reason)
        starlette.responses.{Response,JSONResponse,PlainTextResponse,HTMLResponse,StreamingResponse}(0:content) fastapi.responses.{ORJSONResponse,UJSONResponse}(0:content)
        flask.jsonify(*) flask.make_response(0) flask.Response(0:response) django.http.{HttpResponse,HttpResponseServerError,HttpResponseBadRequest}(0:content) django.http.JsonResponse(0:data)
        starlette.websockets.WebSocket.{send_text,send_json}(0:data) starlette.websockets.WebSocket.close(1:reason)
        """,
        sources=frozenset({"exception"}),
    )
    fix = Fix(
        "log it and answer a constant text",
        before="raise HTTPException(500, detail=str(error)) from error",
        after='logger.exception("search failed")\nraise HTTPException(500, "The search failed") from None',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/split")
            def split(total: int, people: int) -> float:
                try:
                    return total / people
                except Exception as error:
                    raise HTTPException(400, detail=repr(error))
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.exception_handler(Exception)
            async def failed(request: Request, error: Exception) -> JSONResponse:
                return JSONResponse({"detail": str(error)}, status_code=500)


            @app.get("/goods/{name}")
            def goods(name: str) -> dict[str, str]:
                return {"name": name}
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI

            from stock import Stock

            app = FastAPI()
            stock = Stock()


            @app.get("/stock/{number}")
            def amount(number: int) -> dict[str, object]:
                return stock.amount(number)
            """,
            files={
                "stock.py": """
                import sqlite3


                class Stock:
                    def amount(self, number: int) -> dict[str, object]:
                        answer: dict[str, object] = {"number": number}
                        try:
                            with sqlite3.connect(":memory:") as db:
                                answer["amount"] = db.execute("SELECT amount FROM stock").fetchone()[0]
                        except sqlite3.Error as problem:
                            answer["error"] = f"no amount: {problem}"
                        return answer
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            class Sold(Exception):
                pass


            @app.exception_handler(Exception)
            async def failed(request: Request, error: Exception) -> JSONResponse:
                return JSONResponse({"detail": "Something went wrong"}, status_code=500)


            @app.get("/split")
            def split(total: int, people: int) -> float:
                try:
                    if people > 90:
                        raise Sold("We have no more than 90 plates")
                    return total / people
                except ZeroDivisionError:
                    raise HTTPException(400, "Nobody is coming") from None
                except Sold as problem:
                    raise HTTPException(409, str(problem)) from None


            @app.get("/echo")
            def echo(text: str) -> dict[str, str]:
                raise HTTPException(404, f"There is no {text}")
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """An exception on its way into an answer."""
        if not flow.taints:
            return None
        here = [t for t in flow.taints if t.token.source.path == flow.path]
        names = {t.token.source.name for t in here or flow.taints}
        if not here:
            # Of what was caught far away and raised again with words, only the words are known.
            names -= {"Exception", "BaseException"}
        said = "A traceback" if "traceback" in names else "The text of an exception"
        worded = {name.rpartition(".")[2] for name in WORDED}
        if all(name in worded or _ABOUT_INPUT.search(name) for name in names):
            return None  # they are raised with words for whoever called, about what was sent
        return Verdict(f"{said} is answered: it may tell of paths, hosts, statements and secrets.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The name of the status in place of what the exception says."""
        for call in draft.calls_at(finding):
            status = number(draft.index, argument(call, "status_code", 0))
            detail = argument(call, "detail", 1)
            if last(call.func) != "HTTPException" or detail is None or status not in _PHRASES:
                continue
            if isinstance(detail, ast.Dict | ast.List):
                return None
            draft.replace(detail, draft.quote(_PHRASES[status]))
            return draft.repair(
                "answers the name of the status",
                safe=False,
                changes="clients no longer read the text of the exception; log it where it is needed",
            )
        return None

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Answers to failures; tracebacks of debug mode are CFG006's."""
        told: set[str] = set()
        known: set[tuple[str | None, int | None]] = set()
        for operation in app.operations:
            for exchange in self._failures(operation, app, seen):
                secret = planted(exchange.answer.text, app.configured)
                what, mark = ("the environment", secret[:8]) if secret else leak(exchange)
                if not what:
                    continue
                told.add(operation.key)
                place = _place(exchange, operation, app)
                if place.operation is None and (place.path, place.line) in known:
                    break
                known.add((place.path, place.line))
                who = operation.key if place.operation else "The handler of all exceptions"
                yield self.found(
                    f"{who} answers an error with {what}.",
                    confidence=Confidence.PROVED,
                    location=place,
                    proof=(
                        shown(
                            exchange,
                            seen.identities,
                            mark=mark,
                            why=f"holds {what}",
                            secrets=[secret] if secret else [],
                        ),
                    ),
                )
                break
        yield from self._general(app, seen, told, known)

    def _failures(
        self, operation: Operation, app: AppModel, seen: Observations
    ) -> Iterator[Exchange]:
        for exchange in seen.failures.get(operation.key, ()):
            answer = exchange.answer
            debugging = app.debug and answer.error is not None
            succeeded = answer.status is not None and answer.status < 400
            if (
                not debugging
                and not succeeded
                and (exchange.reached or (answer.status or 0) >= 500)
            ):
                yield exchange

    def _general(
        self,
        app: AppModel,
        seen: Observations,
        told: set[str],
        known: set[tuple[str | None, int | None]],
    ) -> Iterable[Finding]:
        """One finding for the code that answers every exception."""
        for key, (text, exchange) in seen.raised.items():
            operation = app.find(key)
            answer = exchange.answer
            if operation is None or key in told or text not in answer.text:
                continue
            if (app.debug and answer.error is not None) or (answer.status or 0) < 400:
                continue
            place = general(app, operation)
            if (place.path, place.line) in known:
                continue
            known.add((place.path, place.line))
            yield self.found(
                "Errors that nobody expected are answered with the text of the exception.",
                confidence=Confidence.OBSERVED,
                location=place,
                anchor="" if place.path else "handler",
                proof=(
                    shown(exchange, seen.identities, mark=text, why="the text of the exception"),
                ),
            )


def _place(exchange: Exchange, operation: Operation, app: AppModel) -> Location:
    """The general handler where an exception got out of the operation and it answered, else the
    line that made the error.
    """
    place = handler_of(app, operation)
    if place is not None and exchange.answer.error and (exchange.answer.status or 0) >= 500:
        return at_place(place)
    return raised_at(exchange, operation)
