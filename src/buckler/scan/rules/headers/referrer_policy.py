"""HDR005: Referrer-Policy."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Answer
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.guarding import guarded
from buckler.scan.rules._support.kinds import header_finding


class ReferrerPolicyMissing(Rule):
    """Other sites learn the address that a visitor came from.

    ## What it is
    Without ``Referrer-Policy``, or with one such as ``unsafe-url``, browsers may send the address of the page along
    when a visitor follows a link or a page loads something from elsewhere.

    ## Why it matters
    Addresses hold identifiers, search words and sometimes codes.

    ## How to fix
    Send ``Referrer-Policy: no-referrer``, or ``strict-origin-when-cross-origin`` where the statistics of your own
    site need it, with every answer, from outside of the whole stack.
    ``buckler.guard.Guard`` and ``SecurityHeaders`` do so.

    ## How to check
    ``curl -i`` an address that does not exist, one that is refused and one that fails: the header is on
    each of them.

    ## Roll-out
    Partners that count visits by the referrer see fewer of them.

    ## References
    CWE-200; ASVS 5.0 V3.4.5; W3C Referrer Policy.
    """

    id = "HDR005"
    name = "referrer-policy-missing"
    title = "Referrer-Policy missing"
    severity = Severity.LOW
    cwe = (200,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.5",)
    control = "guard.headers.referrer_policy.ReferrerPolicy"
    fix = Fix(
        "send it with every answer, from outside of the whole stack",
        before="app = FastAPI()",
        after="app = FastAPI()\nGuard(app)  # Referrer-Policy: no-referrer",
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
                response.headers["Referrer-Policy"] = "no-referrer"
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
                "Referrer-Policy": "no-referrer",
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
        return header_finding(self, app, seen, "Referrer-Policy", _careful)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(draft, application_at(draft, finding), "sends a Referrer-Policy, by Guard")


_POLICIES = frozenset(
    {
        "no-referrer",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
    }
)

_TELLING = frozenset(
    {"unsafe-url", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"}
)


def _careful(answer: Answer) -> bool:
    """Whether the last policy that browsers know keeps the address back."""
    words = [
        w.strip().lower() for line in answer.all_headers("referrer-policy") for w in line.split(",")
    ]
    known = [word for word in words if word in _POLICIES | _TELLING]
    return bool(known) and known[-1] in _POLICIES
