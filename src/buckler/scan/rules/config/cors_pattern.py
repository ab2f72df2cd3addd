"""CFG002: a check of the origin that lets look-alikes in."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import argument, unpacks
from buckler.scan.rules._support.cors import (
    evidence_of,
    location_of,
    own_sites,
    reflecting,
    site,
    taken,
    with_credentials,
)
from buckler.scan.rules.config._fixes.origins import dots_escaped


class CorsOriginPattern(Rule):
    """The pattern for allowed origins also matches origins of other people.

    ## What it is
    A dot in ``allow_origin_regex`` that is not escaped stands for any character; ``.*`` before a name stands
    for anything; ``origin.endswith("example.com")`` also holds for ``https://evilexample.com``, and
    ``startswith`` for ``https://example.com.evil.org``.

    ## Why it matters
    An attacker registers the look-alike and reads the interface in the name of its visitors.

    ## How to fix
    Name the origins in a list. If it must be a pattern, escape the dots and allow no slashes and dots in the
    part that may vary: ``r"https://[a-z0-9-]+\\.example\\.com"``.
    ``Guard(app, cors=Cors([…]))`` of ``buckler.guard`` takes whole origins only.

    ## How to check
    ``curl -H 'Origin: …'`` with the origin of the proof: it must not be allowed.

    ## Roll-out
    Log the origins that were let in for a week, and name those that are yours.

    ## References
    CWE-942, CWE-185; OWASP API8:2023; ASVS 5.0 V3.4.2.
    """

    id = "CFG002"
    name = "cors-origin-pattern"
    title = "CORS: pattern lets look-alikes in"
    severity = Severity.HIGH
    cwe = (942, 185)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.2",)
    control = "guard.Cors"
    fix = Fix(
        "escape the dots, or name the origins",
        before='allow_origin_regex=r"https://.*.example.com"',
        after='allow_origin_regex=r"https://[a-z0-9-]+\\.example\\.com"',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(
                CORSMiddleware,
                allow_credentials=True,
                allow_origin_regex=r"https://(www.)?shop.example",
            )


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, Response

            app = FastAPI()


            def cors(response: Response, origin: str = Header("")) -> None:
                if origin.endswith("shop.example"):
                    response.headers["Access-Control-Allow-Origin"] = origin
                    response.headers["Access-Control-Allow-Credentials"] = "true"


            @app.get("/orders", dependencies=[Depends(cors)])
            def orders() -> list[int]:
                return [1]
            """,
            line=6,
        ),
    )
    good = (
        Example(
            """
            import re

            from fastapi import Depends, FastAPI, Header, Response
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            OWN = re.compile(r"https://[a-z0-9-]+\\.shop\\.example")
            till = FastAPI()
            till.add_middleware(
                CORSMiddleware,
                allow_credentials=True,
                allow_origin_regex=r"https://(www\\.|[a-z-]+\\.)?shop\\.example",
            )


            def cors(response: Response, origin: str = Header("")) -> None:
                if OWN.fullmatch(origin):
                    response.headers["Access-Control-Allow-Origin"] = origin
                    response.headers["Access-Control-Allow-Credentials"] = "true"


            @app.get("/orders", dependencies=[Depends(cors)])
            def orders() -> list[int]:
                return [1]


            @till.get("/takings")
            def takings() -> list[int]:
                return [1]


            app.mount("/till", till)
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Look-alikes that were let in where a foreign origin was not."""
        everybody = reflecting(app, seen)
        own = own_sites(app)
        known: set[str] = set()
        for origin in seen.preflights:
            foreign = (
                origin.startswith("https://")
                and site(origin) not in own
                and origin != FOREIGN_ORIGIN
            )
            for source, exchange in taken(app, seen, origin) if foreign else ():
                if source.key in everybody or source.key in known:
                    continue
                known.add(source.key)
                yield self.found(
                    f"{exchange.request.path} lets {origin} in, which anybody can register.",
                    confidence=Confidence.PROVED,
                    severity=Severity.HIGH if with_credentials(exchange) else Severity.LOW,
                    location=location_of(app, source, "allow_origin_regex"),
                    proof=(evidence_of(source, exchange, seen, "a look-alike is allowed"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Dots that are dots, and nothing but letters of a host name where anything was allowed."""
        for call in draft.calls_at(finding):
            given = argument(call, "allow_origin_regex")
            if given is None or unpacks(call):
                continue
            done = dots_escaped(draft, given)
            if done == "dots":
                return draft.repair("escapes the dots of the pattern")
            if done:
                return draft.repair(
                    "escapes the dots of the pattern, and lets letters of host names vary alone",
                    safe=False,
                    changes="origins with a port or another character in the part that varies are not let in",
                )
        return None
