"""HDR004: X-Content-Type-Options: nosniff."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.guarding import guarded
from buckler.scan.rules._support.kinds import has_body, header_finding


class ContentTypeOptionsMissing(Rule):
    """Browsers may guess the type of an answer.

    ## What it is
    Without ``X-Content-Type-Options: nosniff`` a browser may treat an answer as another type than the one
    that ``Content-Type`` says.

    ## Why it matters
    A file that somebody uploaded as text or picture is run as a script or shown as a page.

    ## How to fix
    Send ``X-Content-Type-Options: nosniff`` with every answer, from outside of the whole stack, and the right
    ``Content-Type``.
    ``buckler.guard.Guard`` and ``SecurityHeaders`` do so.

    ## How to check
    ``curl -i`` an address that does not exist, one that is refused and one that fails: the header is on
    each of them.

    ## Roll-out
    Files with a wrong type stop working; correct their type.

    ## References
    CWE-693; ASVS 5.0 V3.4.4; Fetch standard.
    """

    id = "HDR004"
    name = "content-type-options-missing"
    title = "Content-Type-Options missing"
    severity = Severity.LOW
    cwe = (693,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.4",)
    control = "guard.headers.content_type_options.ContentTypeOptions"
    fix = Fix(
        "send it with every answer, from outside of the whole stack",
        before="app = FastAPI()",
        after="app = FastAPI()\nGuard(app)  # X-Content-Type-Options: nosniff",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/goods/{number}")
            def goods(number: int) -> int:
                return number
            """,
            line=3,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.middleware("http")
            async def headers(request, call_next):
                response = await call_next(request)
                response.headers["X-Content-Type-Options"] = "nosniff"
                return response


            @app.get("/goods/{number}")
            def goods(number: int) -> int:
                return number
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from starlette.datastructures import MutableHeaders

            HEADERS = {
                "X-Content-Type-Options": "nosniff",
            }


            class SecurityHeaders:
                def __init__(self, app):
                    self.app = app

                async def __call__(self, scope, receive, send):
                    async def complete(message):
                        if message["type"] == "http.response.start":
                            headers = MutableHeaders(scope=message)
                            for name, value in HEADERS.items():
                                headers.setdefault(name, value)
                        await send(message)

                    await self.app(scope, receive, complete if scope["type"] == "http" else send)


            class Site(FastAPI):
                def build_middleware_stack(self):
                    return SecurityHeaders(super().build_middleware_stack())


            app = Site()


            @app.get("/goods/{number}")
            def goods(number: int) -> int:
                return number
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Kinds of answer without the header."""
        return header_finding(
            self,
            app,
            seen,
            "X-Content-Type-Options",
            lambda answer: (
                (answer.header("x-content-type-options") or "").strip().lower() == "nosniff"
            ),
            applies=has_body,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(
            draft, application_at(draft, finding), "sends X-Content-Type-Options, by Guard"
        )
