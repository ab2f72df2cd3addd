"""HDR002: a Content-Security-Policy that lets an attacker's scripts run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support import csp
from buckler.scan.rules._support.evidence import at_main, shown
from buckler.scan.rules._support.kinds import is_page

HEADER = "content-security-policy"


class ContentSecurityPolicyWeak(Rule):
    """The policy of a page allows what it is there to forbid.

    ## What it is
    ``script-src`` or ``default-src`` allows ``'unsafe-inline'`` without a nonce, every host (``*``,
    ``https:``), or a host from which anybody can load scripts; or there is no ``script-src`` at all.

    ## Why it matters
    A script that gets into the page by a mistake runs in spite of the policy, so the policy protects
    nobody, and everybody believes that it does.

    ## How to fix
    ``default-src 'self'; script-src 'nonce-…' 'strict-dynamic'; object-src 'none'; base-uri 'none';
    frame-ancestors 'none'``, with a new nonce for each answer. Move scripts out of the page.
    ``Guard(app, "site")`` of ``buckler.guard`` has one with nonces; ``csp_nonce(request)`` is that of the answer.

    ## How to check
    Put the policy into https://csp-evaluator.withgoogle.com.

    ## Roll-out
    Send the new policy as ``Content-Security-Policy-Report-Only`` beside the old one until nothing is
    reported.

    ## References
    CWE-693; ASVS 5.0 V3.4.3; CSP Level 3; "CSP Is Dead, Long Live CSP!" (2016).
    """

    id = "HDR002"
    name = "content-security-policy-weak"
    title = "Weak Content-Security-Policy"
    severity = Severity.MEDIUM
    cwe = (693,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.3",)
    control = "guard.ContentSecurityPolicy"
    fix = Fix(
        "allow scripts by a nonce",
        before="default-src * 'unsafe-inline'",
        after="default-src 'self'; script-src 'nonce-…' 'strict-dynamic'; object-src 'none'; base-uri 'none'",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            @app.get("/start")
            def start() -> HTMLResponse:
                policy = "default-src * 'unsafe-inline' 'unsafe-eval'"
                return HTMLResponse("<h1>Hello</h1>", headers={"Content-Security-Policy": policy})
            """,
            line=4,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            @app.get("/start")
            def start() -> HTMLResponse:
                policy = "script-src 'self' https:; object-src 'none'"
                return HTMLResponse("<h1>Hello</h1>", headers={"Content-Security-Policy": policy})
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse, JSONResponse

            app = FastAPI()


            @app.get("/start")
            def start() -> HTMLResponse:
                policy = (
                    "default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; "
                    "script-src 'self' 'unsafe-inline' 'nonce-4ec8a1f20b77'; base-uri 'none'"
                )
                return HTMLResponse("<h1>Hello</h1>", headers={"Content-Security-Policy": policy})


            @app.get("/goods")
            def goods() -> JSONResponse:
                return JSONResponse([], headers={"Content-Security-Policy": "frame-ancestors 'none'"})
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """One finding for each policy that pages have."""
        for policy, exchange in _policies(seen):
            found = csp.weaknesses(policy)
            if not found:
                continue
            grave = any(item.grave for item in found)
            yield self.found(
                f"The policy of {exchange.request.path} is weak: {'; '.join(item.text for item in found[:4])}.",
                confidence=Confidence.OBSERVED,
                severity=Severity.MEDIUM if grave else Severity.LOW,
                location=at_main(app),
                anchor=HEADER,
                subject=policy,
                proof=(shown(exchange, seen.identities, why=f"Content-Security-Policy: {policy}"),),
            )


def _policies(seen: Observations) -> Iterator[tuple[str, Exchange]]:
    """Each policy of a page once. Of several on one answer the strictest counts, all are obeyed."""
    known: set[str] = set()
    for kind in ("html", "docs", "static", "404", "500"):
        for exchange in seen.kinds.get(kind, ()):
            lines = exchange.answer.all_headers(HEADER)
            policies = [p.strip() for line in lines for p in line.split(",") if p.strip()]
            if not policies or not is_page(exchange.answer):
                continue
            best = min(
                policies,
                key=lambda p: (sum(i.grave for i in csp.weaknesses(p)), len(csp.weaknesses(p))),
            )
            shape = " ".join(word for word in best.split() if not word.startswith("'nonce-"))
            if shape not in known:
                known.add(shape)
                yield best, exchange
