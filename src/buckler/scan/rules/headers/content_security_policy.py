"""HDR001: the Content-Security-Policy header."""

from __future__ import annotations

import re
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
from buckler.scan.rules._support.kinds import has_body, header_finding, is_page


class ContentSecurityPolicyMissing(Rule):
    """Answers say nothing about which scripts and frames a browser may run.

    ## What it is
    Without ``Content-Security-Policy`` a browser runs every script that it finds in a page, from
    everywhere and inside of the page itself. An answer that is no page needs one too: errors and files
    are opened in browsers as well. A page may have its policy in a ``meta`` element instead; that one
    cannot say who may frame it.

    ## Why it matters
    A single place that forgets to escape is enough for an attacker to act as the visitor. The policy is
    the second line behind the escaping.

    ## How to fix
    For an interface: ``default-src 'none'; frame-ancestors 'none'``. For pages: ``default-src 'self'``
    with nonces for scripts, ``object-src 'none'; base-uri 'none'``. Set it outside of the whole stack:
    what ``add_middleware`` sets is absent from an unhandled 500 and a 413.
    ``buckler.guard.Guard`` and ``SecurityHeaders`` do so.

    ## How to check
    ``curl -i`` an address that does not exist, one that is refused and one that fails: the header is on
    each of them.

    ## Roll-out
    Send it as ``Content-Security-Policy-Report-Only`` first and read the reports.

    ## References
    CWE-693; OWASP Secure Headers; ASVS 5.0 V3.4.3; CSP Level 3.
    """

    id = "HDR001"
    name = "content-security-policy-missing"
    title = "Content-Security-Policy missing"
    severity = Severity.MEDIUM
    cwe = (693,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.3",)
    control = "guard.ContentSecurityPolicy"
    fix = Fix(
        "send it with every answer, from outside of the whole stack",
        before="app = FastAPI()",
        after="app = FastAPI()\nGuard(app)  # Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
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
                response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
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
                "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
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
            "Content-Security-Policy",
            _has_policy,
            applies=has_body,
            severity=lambda kinds: (
                Severity.MEDIUM if {"html", "docs"} & set(kinds) else Severity.LOW
            ),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(
            draft, application_at(draft, finding), "sends a Content-Security-Policy, by Guard"
        )


MAX_HEAD = 100_000
_META = re.compile(
    r"<meta\b[^<>]{0,500}?\bhttp-equiv\s{0,9}=\s{0,9}[\"']?content-security-policy[\"'\s>]",
    re.IGNORECASE,
)


def _has_policy(answer: Answer) -> bool:
    """Whether the answer has a policy, in a header or in the page itself (CSP Level 3, 3.3)."""
    if (answer.header("content-security-policy") or "").strip():
        return True
    return is_page(answer) and _META.search(answer.text[:MAX_HEAD]) is not None
