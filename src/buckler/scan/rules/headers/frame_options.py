"""HDR003: X-Frame-Options or frame-ancestors."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Answer
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support import csp
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.guarding import guarded
from buckler.scan.rules._support.kinds import has_body, header_finding


class FrameOptionsMissing(Rule):
    """Other sites may show the answers in a frame.

    ## What it is
    Neither ``X-Frame-Options`` nor the directive ``frame-ancestors`` of a Content-Security-Policy says
    who may frame the answer.

    ## Why it matters
    Another site lays the page invisibly over its own and lets visitors click on things that they do not
    see, in their own session (clickjacking).

    ## How to fix
    Send ``Content-Security-Policy: frame-ancestors 'none'`` and, for old browsers, ``X-Frame-Options:
    DENY`` with every answer, from outside of the whole stack.
    ``buckler.guard.Guard`` and ``SecurityHeaders`` do so.

    ## How to check
    ``curl -i`` an address that does not exist, one that is refused and one that fails: the header is on
    each of them.

    ## Roll-out
    If partners show your pages in frames, name their origins in ``frame-ancestors``.

    ## References
    CWE-1021; ASVS 5.0 V3.4.6; RFC 7034.
    """

    id = "HDR003"
    name = "frame-options-missing"
    title = "Frame options missing"
    severity = Severity.MEDIUM
    cwe = (1021,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.6",)
    control = "guard.headers.frame_options.FrameOptions"
    fix = Fix(
        "send it with every answer, from outside of the whole stack",
        before="app = FastAPI()",
        after="app = FastAPI()\nGuard(app)  # X-Frame-Options: DENY",
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
                response.headers["X-Frame-Options"] = "DENY"
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
                "X-Frame-Options": "DENY",
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
            "X-Frame-Options or frame-ancestors",
            _framed,
            applies=has_body,
            severity=lambda kinds: Severity.MEDIUM if "html" in kinds else Severity.LOW,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(
            draft, application_at(draft, finding), "says who may frame the answers, by Guard"
        )


def _framed(answer: Answer) -> bool:
    """Whether the answer says who may frame it."""
    if (answer.header("x-frame-options") or "").strip().upper() in ("DENY", "SAMEORIGIN"):
        return True
    policies = answer.all_headers("content-security-policy")
    return any(_narrow(csp.parse(policy).get("frame-ancestors")) for policy in policies)


def _narrow(sources: list[str] | None) -> bool:
    return sources is not None and not {"*", "http:", "https:"} & set(sources)
