"""CFG017: routes that answer TRACE."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument

_BAD = frozenset({"TRACE", "TRACK", "CONNECT", "DEBUG"})


class TraceMethod(Rule):
    """A route answers TRACE or CONNECT.

    ## What it is
    ``@app.trace("/…")``, or ``methods=[…, "TRACE"]`` in a route that takes every method, as proxies and catch-all
    handlers do.

    ## Why it matters
    TRACE gives the request back, credentials that a proxy has added included. Checks that list the methods
    they protect do not know it.

    ## How to fix
    List the methods that the route is for: ``methods=["GET", "POST"]``.

    ## How to check
    ``curl -X TRACE`` must answer 405.

    ## Roll-out
    No browser and no ordinary client sends TRACE.

    ## References
    CWE-650, CWE-749; RFC 9110 section 9.3.8; OWASP API8:2023; ASVS 5.0 V13.4.4.
    """

    id = "CFG017"
    name = "trace-method"
    title = "TRACE answered"
    severity = Severity.LOW
    cwe = (650, 749)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.4",)
    calls = """
        fastapi.APIRouter.{trace,api_route,add_api_route,route,add_route} starlette.routing.Route flask.Flask.{route,add_url_rule}
        """
    fix = Fix(
        "list the methods that the route is for",
        before='@app.api_route("/x", methods=["GET", "TRACE"])',
        after='@app.api_route("/x", methods=["GET"])',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.api_route("/hook", methods=["GET", "POST", "TRACE"])
            async def hook(request: Request) -> str:
                return request.method
            """,
            line=6,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.trace("/echo")
            def echo(request: Request) -> dict[str, str]:
                return dict(request.headers)
            """,
            line=6,
        ),
        Example(
            """
            from fastapi import FastAPI

            from proxying import forward
            from verbs import ALL

            app = FastAPI()
            app.add_api_route("/{path:path}", forward, methods=ALL)
            """,
            files={
                "verbs.py": 'ALL = ["GET", "POST", "PUT", "PATCH", "DELETE", "CONNECT"]',
                "proxying.py": """
                def forward(path: str) -> str:
                    return path
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.api_route("/hook", methods=["GET", "POST"])
            async def hook(request: Request) -> str:
                return request.method


            @app.get("/trace")
            def trace() -> str:
                return "no method"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from starlette.routing import Route

            VERBS = ["GET", "HEAD", "OPTIONS"]


            async def handler(request: object) -> None:
                return None


            app = FastAPI(routes=[Route("/files", handler, methods=VERBS)])
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            class Tracer:
                def trace(self, name: str) -> str:
                    return name


            @app.get("/name")
            def name() -> str:
                return Tracer().trace("TRACE")
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A route for a method that ought to have none."""
        if call.name.endswith(".trace"):
            return Verdict("The route answers TRACE.")
        given = call.given(-1, "methods")
        names = {
            (one_text(item) or "").upper()
            for thing in (things(given, Container) if given is not None else ())
            for item in thing.all()
        }
        bad = sorted(names & _BAD)
        return Verdict(f"The route answers {', '.join(bad)}.") if bad else None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The list without them."""
        for call in draft.calls_at(finding):
            given = argument(call, "methods")
            if not isinstance(given, ast.List | ast.Tuple | ast.Set):
                continue
            numbers = [
                number
                for number, item in enumerate(given.elts)
                if isinstance(item, ast.Constant) and str(item.value).upper() in _BAD
            ]
            if numbers and len(numbers) < len(given.elts):
                draft.remove_elements(given, *numbers)
                return draft.repair("takes methods away that no client sends")
        return None
