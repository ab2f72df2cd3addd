"""CFG003: ``null`` or an origin without TLS is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import unpacks
from buckler.scan.rules._support.cors import (
    evidence_of,
    location_of,
    reflecting,
    taken,
    with_credentials,
)
from buckler.scan.rules._support.evidence import at_middleware, middlewares
from buckler.scan.rules.config._fixes.origins import plain_origins_out

_LOCAL = re.compile(r"^http://(localhost|127\.|\[::1\]|0\.0\.0\.0|[\w-]+(:|$))", re.IGNORECASE)


class CorsNullOrPlainOrigin(Rule):
    """The origin ``null``, or one that is reached without TLS, is allowed.

    ## What it is
    ``null`` is the origin of sandboxed frames, of local files and of some redirects: every site can send it. An
    origin with ``http://`` is whoever sits between the visitor and the network.

    ## Why it matters
    Both let strangers call the interface in the name of visitors and read the answers.

    ## How to fix
    Take ``null`` and ``http://`` out of the list. For tests on your own machine add ``http://localhost:…`` in the
    settings of development only.
    ``Guard(app, cors=Cors([…]))`` of ``buckler.guard`` does not take ``null``.

    ## How to check
    ``curl -H 'Origin: null'``: the answer must not have ``Access-Control-Allow-Origin: null``.

    ## Roll-out
    Pages that are opened as files stop working; serve them.

    ## References
    CWE-942; OWASP API8:2023; ASVS 5.0 V3.4.2; W3C CORS for Developers.
    """

    id = "CFG003"
    name = "cors-null-or-plain-origin"
    title = "CORS: null or plain origin"
    severity = Severity.MEDIUM
    cwe = (942,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.4.2",)
    control = "guard.Cors"
    fix = Fix(
        "take null and http:// out",
        before='allow_origins=["https://www.example.com", "null"]',
        after='allow_origins=["https://www.example.com"]',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(
                CORSMiddleware,
                allow_origins=["https://www.shop.example", "null"],
                allow_credentials=True,
            )


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
            line=7,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(
                CORSMiddleware,
                allow_origin_regex=r"https?://www\\.shop\\.example",
                allow_credentials=True,
            )


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.middleware.cors import CORSMiddleware

            app = FastAPI()
            app.add_middleware(
                CORSMiddleware,
                allow_origins=["https://www.shop.example", "http://localhost:3000"],
                allow_credentials=True,
            )


            @app.get("/orders")
            def orders() -> list[int]:
                return [1]
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """``null`` and plain origins that were let in where not everybody is."""
        everybody = reflecting(app, seen)
        known: set[str] = set()
        for origin in seen.preflights:
            weak = origin == "null" or (origin.startswith("http://") and not _LOCAL.match(origin))
            for source, exchange in taken(app, seen, origin) if weak else ():
                if source.key in everybody or source.key in known:
                    continue
                known.add(source.key)
                option = "allow_origin_regex" if origin != "null" else "allow_origins"
                listed = (
                    source.middleware.options.get("allow_origins") or ()
                    if source.middleware
                    else ()
                )
                yield self.found(
                    f"{exchange.request.path} lets the origin {origin} in.",
                    confidence=Confidence.PROVED,
                    severity=Severity.MEDIUM if with_credentials(exchange) else Severity.LOW,
                    location=location_of(
                        app, source, "allow_origins" if origin in listed else option
                    ),
                    proof=(evidence_of(source, exchange, seen, f"the origin {origin} is allowed"),),
                )
        for mounted, item in middlewares(app):
            plain = [
                str(o)
                for o in item.options.get("allow_origins") or ()
                if str(o).startswith("http://")
            ]
            plain = [origin for origin in plain if not _LOCAL.match(origin)]
            if "CORS" in item.name and plain and f"middleware {mounted}" not in known | everybody:
                yield self.found(
                    f"The origin {plain[0]} is allowed, which is reached without TLS.",
                    confidence=Confidence.OBSERVED,
                    severity=Severity.LOW,
                    location=at_middleware(item, app, "allow_origins"),
                    proof=(proofs.setting("allow_origins", plain, expected="https://"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``null`` is taken out, and an origin without TLS becomes the one with."""
        for call in draft.calls_at(finding):
            if not unpacks(call) and plain_origins_out(draft, call):
                return draft.repair(
                    "lets no origin in that anybody can have",
                    safe=False,
                    changes="pages that are opened as files, in a sandboxed frame or by http are not let in",
                )
        return None
