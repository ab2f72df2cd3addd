"""ACC017: a refusal that is made and not raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.handlers import ENTRIES, is_handler
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here

_REFUSAL = re.compile(
    r"^(fastapi|starlette)(\.exceptions)?\.(HTTPException|WebSocketException)$|^PermissionError$"
)


class RefusalNotRaised(Rule):
    """A refusal is made and not raised, so that nobody is refused.

    ## What it is
    ``HTTPException(403)`` stands as a statement of its own, or a handler or dependency returns it. Python makes the
    object and goes on: without ``raise`` it stops nothing.

    ## Why it matters
    The check is there to be read, and lets everybody pass: the code behind it runs for whoever was to be kept from it. A
    returned one is answered with 200, and from a dependency it counts as the value that the handler asked for.

    ## How to fix
    Write ``raise`` before it. A test that the refusal comes keeps it so. ``requires`` and ``owned`` of ``buckler.guard``
    refuse without a line of the handler's.

    ## How to check
    Send the request as somebody who has no right to it: the answer must be 401 or 403.

    ## Roll-out
    Callers that were let in so far are refused.

    ## References
    CWE-862, CWE-390, CWE-705; OWASP API5:2023; ASVS 5.0 V8.2.1, V16.5.3.
    """

    id = "ACC017"
    name = "refusal-not-raised"
    title = "Refusal that is not raised"
    severity = Severity.HIGH
    cwe = (862, 390, 705)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1", "V16.5.3")
    words = ("HTTPException", "WebSocketException", "PermissionError")
    control = "guard.Guard"
    fix = Fix(
        "write raise before it",
        before="if not user.is_admin:\n    HTTPException(403)",
        after="if not user.is_admin:\n    raise HTTPException(403)",
    )
    bad = (
        Example(
            """
            from functools import wraps

            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            def clerks_only(handler):
                @wraps(handler)
                async def inner(request: Request):
                    if request.headers.get("x-role") != "clerk":
                        HTTPException(403, "for clerks")
                    return await handler(request)

                return inner


            @app.get("/orders")
            @clerks_only
            async def orders(request: Request) -> list[str]:
                return ["tea"]
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header
            from starlette import exceptions

            app = FastAPI()


            def person(authorization: str = Header("")):
                if authorization != "Bearer 5b1c":
                    return exceptions.HTTPException(status_code=401)
                return "ann"


            @app.delete("/notes/{number}")
            def remove(number: int, who: str = Depends(person)) -> int:
                return number
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException as Refused

            app = FastAPI()
            NOTES = {1: ("ann", "milk")}


            @app.get("/notes/{number}")
            def note(number: int, name: str) -> object:
                owner, text = NOTES[number]
                if owner != name:
                    return Refused(403)
                return text
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def refused(status: int) -> HTTPException:
                return HTTPException(status, headers={"WWW-Authenticate": "Bearer"})


            def person(authorization: str = Header("")) -> str:
                if authorization != "Bearer 5b1c":
                    raise refused(401)
                return "ann"


            @app.get("/notes/{number}")
            def note(number: int, who: str = Depends(person)) -> int:
                error = HTTPException(404)
                if number > 10:
                    raise error
                return number
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            class TooMany(HTTPException):
                def __init__(self) -> None:
                    HTTPException.__init__(self, 429)


            def as_error(request: Request, status: int) -> HTTPException:
                return HTTPException(status, f"{request.method} is not for you")


            @app.exception_handler(LookupError)
            async def missing(request: Request, error: LookupError) -> JSONResponse:
                return JSONResponse({"detail": "not here"}, 404)


            @app.get("/")
            def home(request: Request) -> str:
                if request.url.query:
                    raise as_error(request, 403)
                raise TooMany
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Exceptions that refuse somebody, as a statement or as what a handler or dependency returns."""
        index = index_of(module)
        for statement, call in _lost(index):
            returned = isinstance(statement, ast.Return)
            done = "returned" if returned else "made and dropped"
            yield self.found(
                f"{last(call.func)} is {done} where it has to be raised, so nobody is refused.",
                confidence=Confidence.OBSERVED,
                location=here(index, call),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``raise`` before it."""
        for statement, call in _lost(draft.index):
            if call.lineno == finding.location.line:
                draft.replace(statement, f"raise {draft.of(call)}")
                return draft.repair(
                    "raises the refusal",
                    safe=False,
                    changes="whoever was let in though the check refuses him is refused",
                )
        return None


def _lost(index: Index) -> Iterator[tuple[ast.Expr | ast.Return, ast.Call]]:
    for call in index.all(ast.Call):
        statement = index.parents.get(call)
        if not isinstance(statement, ast.Expr | ast.Return):
            continue
        if not _REFUSAL.match(index.name(call.func)):
            continue
        if isinstance(statement, ast.Expr) or _answers(index, statement):
            yield statement, call


def _answers(index: Index, statement: ast.Return) -> bool:
    """Whether a function answers a request or a dependency with what it returns; others make errors for their callers."""
    function = index.function_of(statement)
    if function is None or isinstance(function, ast.Lambda):
        return False
    if any(isinstance(index.parents.get(call), ast.Raise) for call in index.callers(function)):
        return False
    depended = any(
        last(given) == function.name
        for call in index.called("Depends", "Security")
        for given in call.args
    )
    return is_handler(function) or depended or _takes_parts(function)


def _takes_parts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether its defaults or annotations are FastAPI's, beside ``Request``, which helpers take as well."""
    found = set(ENTRIES.findall(ast.unparse(function.args)))
    return bool(found - {"Request", "WebSocket"})
