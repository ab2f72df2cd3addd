"""TRA001: Strict-Transport-Security."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Answer, Exchange, SiteSeen
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.evidence import shown
from buckler.scan.rules._support.guarding import guarded
from buckler.scan.rules._support.kinds import header_finding


class StrictTransportSecurityMissing(Rule):
    """Browsers are not told to use TLS only.

    ## What it is
    Without ``Strict-Transport-Security``, or with a short ``max-age``, a browser asks without TLS when
    somebody types the address or follows an old link.

    ## Why it matters
    Whoever sits between, in a café or an airport, answers that first request, reads the cookie and hands
    out pages of their own.

    ## How to fix
    Send ``Strict-Transport-Security: max-age=63072000; includeSubDomains`` with every answer over TLS, from outside
    of the whole stack. Where the proxy in front sets it, say so with ``ignore``.
    ``buckler.guard.Guard`` and ``SecurityHeaders`` send it so.

    ## How to check
    ``curl -i`` an address that does not exist, one that is refused and one that fails: the header is on
    each of them.

    ## Roll-out
    Begin with ``max-age=300``. Every name below yours must have TLS before ``includeSubDomains``.

    ## References
    CWE-319; RFC 6797; ASVS 5.0 V3.4.1.
    """

    id = "TRA001"
    name = "strict-transport-security-missing"
    title = "Strict-Transport-Security missing"
    severity = Severity.MEDIUM
    cwe = (319,)
    owasp = ("API8:2023", "A02:2021", "A04:2025")
    asvs = ("V3.4.1", "V12.2.1")
    control = "guard.headers.strict_transport_security.StrictTransportSecurity"
    fix = Fix(
        "send it with every answer, from outside of the whole stack",
        before="app = FastAPI()",
        after="app = FastAPI()\nGuard(app)  # Strict-Transport-Security: max-age=63072000; includeSubDomains",
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
                response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
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
                "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
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
            _over_tls(seen),
            "Strict-Transport-Security",
            _long,
            severity=lambda kinds: self.severity if SUCCESSES & set(kinds) else Severity.LOW,
        )

    def check_site(self, site: SiteSeen) -> Iterable[Finding]:
        """A site that answers without TLS, and does not send whoever comes that way to where it has it."""
        exchange = site.plain
        if exchange is None or _leads_to_tls(exchange):
            return
        yield self.found(
            "The site answers over plain HTTP."
            if site.tls is None
            else "The site answers over plain HTTP too, and does not lead to HTTPS.",
            confidence=Confidence.OBSERVED,
            anchor="plain http",
            subject="plain http",
            proof=(shown(exchange, (), why="answered without TLS"),),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(
            draft, application_at(draft, finding), "sends Strict-Transport-Security, by Guard"
        )


def _over_tls(seen: Observations) -> Observations:
    """The answers that came over TLS: without it the header has to be ignored (RFC 6797, 8.1)."""
    kinds = {
        kind: [exchange for exchange in kept if exchange.request.scheme == "https"]
        for kind, kept in seen.kinds.items()
    }
    return Observations(kinds=kinds, identities=seen.identities)


def _leads_to_tls(exchange: Exchange) -> bool:
    """Whether the answer sends a browser to HTTPS, or gives it nothing."""
    status = exchange.answer.status or 0
    if 300 <= status < 400:
        return (exchange.answer.header("location") or "").lower().startswith("https://")
    return status >= 400


SUCCESSES = frozenset({"html", "docs", "static", "200", "login"})
"""Kinds of answers that a visitor gets; a browser keeps what one of them said (RFC 6797, 8.1)."""
HALF_A_YEAR = 15_768_000


def _long(answer: Answer) -> bool:
    """Whether the header holds for half a year at least, as Mozilla's Observatory asks."""
    text = answer.header("strict-transport-security") or ""
    matched = re.search(r"(?:^|;)\s*max-age\s*=\s*\"?(\d+)\"?\s*(?:;|$)", text, re.IGNORECASE)
    return matched is not None and int(matched.group(1)) >= HALF_A_YEAR and "," not in text
