"""CFG007: any Host header is taken."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.evidence import at_main, shown
from buckler.scan.rules._support.guarding import is_added, middleware_added


class TrustedHostsMissing(Rule):
    """Requests are answered whatever host they name.

    ## What it is
    Nothing compares the ``Host`` header with the names of the site. ``request.base_url`` and ``url_for`` make
    links out of it.

    ## Why it matters
    Links in mails and redirects lead to the attacker's host; caches keep an answer made for another name; pages
    of other sites reach the application by a name that they control (DNS rebinding).

    ## How to fix
    ``app.add_middleware(TrustedHostMiddleware, allowed_hosts=["www.example.com"])``, and make links from a
    configured address. Where the proxy in front refuses other names, this is a second line.
    ``Guard(app, hosts=[…])`` or ``buckler.guard.TrustedHosts`` also stand around what middleware does not see.

    ## How to check
    ``curl -H 'Host: example.org'``: it must answer 400.

    ## Roll-out
    Health checks by address need their name in the list.

    ## References
    CWE-644; OWASP API8:2023; ASVS 5.0 V4.1.3.
    """

    id = "CFG007"
    name = "trusted-hosts-missing"
    title = "Trusted hosts missing"
    severity = Severity.LOW
    cwe = (644,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V4.1.3",)
    control = "guard.TrustedHosts"
    fix = Fix(
        "name the hosts",
        before="app = FastAPI()",
        after='app = FastAPI()\napp.add_middleware(TrustedHostMiddleware, allowed_hosts=["www.example.com"])',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.get("/invite")
            def invite(request: Request) -> dict[str, str]:
                return {"link": f"{request.base_url}invite/1"}
            """,
            line=3,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Request
            from starlette.middleware.trustedhost import TrustedHostMiddleware

            app = FastAPI()
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=["www.shop.example"])


            @app.get("/invite")
            def invite(request: Request) -> dict[str, str]:
                return {"link": f"{request.base_url}invite/1"}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """What a request with somebody else's host was answered."""
        answered = [e for e in seen.kinds.get("host", ()) if _taken(e)]
        if not answered:
            return
        used = next(
            (e for host, e in seen.hosts if host in e.answer.text or _in_headers(host, e)), None
        )
        yield self.found(
            "Any Host header is taken" + (", and one came back in an answer." if used else "."),
            confidence=Confidence.OBSERVED,
            severity=Severity.MEDIUM if used else Severity.LOW,
            location=at_main(app),
            anchor="host",
            proof=(
                shown(used or answered[0], seen.identities, why="answered with a foreign Host"),
            ),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``TrustedHostMiddleware`` with the names that a setting gives."""
        made = application_at(draft, finding)
        if made is None or is_added(draft, "TrustedHostMiddleware"):
            return None
        environ, comma = draft.name_for("os.environ", made.statement), draft.quote(",")
        listed = f"{environ}.get({draft.quote(HOSTS)}, {draft.quote(LOCAL)}).split({comma})"
        layer = "starlette.middleware.trustedhost.TrustedHostMiddleware"
        middleware_added(draft, made, layer, f"allowed_hosts={listed}")
        return draft.repair(
            f"answers to the hosts that {HOSTS} names",
            safe=False,
            changes=f"requests to other names than those in the environment variable {HOSTS}, divided by "
            f"commas, are answered 400; without it only {LOCAL} are",
        )


def _taken(exchange: Exchange) -> bool:
    return exchange.answer.status is not None and exchange.answer.status not in (400, 403, 404, 421)


def _in_headers(host: str, exchange: Exchange) -> bool:
    return any(host in value for _, value in exchange.answer.headers)


HOSTS = "ALLOWED_HOSTS"
LOCAL = "localhost,127.0.0.1"
