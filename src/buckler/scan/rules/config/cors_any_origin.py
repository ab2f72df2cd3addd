"""CFG001: every site may send requests in the name of its visitors and read the answers."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import last, unpacks
from buckler.scan.rules._support.cors import evidence_of, location_of, taken, with_credentials


class CorsAnyOriginWithCredentials(Rule):
    """Any origin is allowed, and cookies may be sent along.

    ## What it is
    ``allow_origins=["*"]`` together with ``allow_credentials=True``: Starlette then answers every ``Origin``
    with itself. Code that copies the header ``Origin`` into the answer does the same.

    ## Why it matters
    Every site that a signed-in visitor opens can call the interface in the visitor's name and read what it
    answers.

    ## How to fix
    Name the origins: ``allow_origins=["https://www.example.com"]``. Where the interface is for everybody and
    needs no cookies, leave ``allow_credentials`` out.
    ``Guard(app, cors=Cors([…]))`` of ``buckler.guard`` takes no ``*`` with credentials.

    ## How to check
    ``curl -H 'Origin: https://example.org'``: the answer must not have ``Access-Control-Allow-Origin`` with it.

    ## Roll-out
    Collect the origins of your pages from the log first; pages that are not in the list stop working.

    ## References
    CWE-942; OWASP API8:2023; ASVS 5.0 V3.4.2; Fetch standard.
    """

    id = "CFG001"
    name = "cors-any-origin-with-credentials"
    title = "CORS: any origin with credentials"
    severity = Severity.HIGH
    cwe = (942, 346)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.2",)
    control = "guard.Cors"
    fix = Fix(
        "name the origins",
        before='allow_origins=["*"], allow_credentials=True',
        after='allow_origins=["https://www.example.com"], allow_credentials=True',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
            line=5,
        ),
        Example(
            """
            from fastapi import FastAPI, Request, Response

            app = FastAPI()


            @app.middleware("http")
            async def cors(request: Request, call_next):
                response = await call_next(request)
                if origin := request.headers.get("origin"):
                    response.headers["Access-Control-Allow-Origin"] = origin
                    response.headers["Access-Control-Allow-Credentials"] = "true"
                return response


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
            line=10,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(
                CORSMiddleware, allow_origins=["https://www.shop.example"], allow_credentials=True
            )
            feed = FastAPI()
            feed.add_middleware(CORSMiddleware, allow_origins=["*"])


            @feed.get("/news")
            def news() -> list[int]:
                return [1]


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]


            app.mount("/feed", feed)
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Answers that let an origin in that nobody can have named."""
        for source, exchange in taken(app, seen, FOREIGN_ORIGIN):
            if with_credentials(exchange):
                yield self.found(
                    f"{exchange.request.path} lets any origin in, with credentials.",
                    confidence=Confidence.PROVED,
                    location=location_of(app, source),
                    proof=(evidence_of(source, exchange, seen, "a foreign origin is allowed"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """No credentials with any origin: only the operator knows which origins are meant."""
        for call in draft.calls_at(finding):
            named = any(last(item) == "CORSMiddleware" for item in (call.func, *call.args))
            if named and not unpacks(call):
                draft.remove_keyword(call, "allow_credentials")
                return draft.repair(
                    "takes no cookies from foreign origins",
                    safe=False,
                    changes="pages of other origins that send cookies stop working until their origins "
                    "are named in allow_origins and allow_credentials is set again",
                )
        return None
