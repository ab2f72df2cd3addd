"""EXP008: headers that say which version of which program answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.evidence import at_main, shown

HEADERS = ("server", "x-powered-by", "x-aspnet-version", "x-generator", "x-runtime-version")
_VERSION = re.compile(r"[A-Za-z][\w.+-]*[/ ]v?\d+(?:\.\d+)+|^\s*v?\d+(?:\.\d+)+\s*$")


class ServerVersionShown(Rule):
    """Answers name the version of the program that made them.

    ## What it is
    ``Server``, ``X-Powered-By`` or a header like them holds a name and a version: ``nginx/1.18.0``,
    ``Python/3.11 aiohttp/3.9``.

    ## Why it matters
    Whoever knows a hole of that version need not try whether it is there: such headers are collected from the
    whole internet and searched on the day on which a hole gets known. It is a help to an attacker, and no hole.

    ## How to fix
    Leave the version out where the header is made: ``server_tokens off`` in nginx, ``ServerTokens Prod`` in Apache,
    ``--no-server-header`` of uvicorn; do not add such headers in the application.
    ``buckler.guard.Guard`` takes them out of every answer.

    ## How to check
    ``curl -si`` an address, and one that does not exist, and read the headers.

    ## Roll-out
    Nothing depends on it, but for tools that count versions of servers.

    ## References
    CWE-200, CWE-497; RFC 9110, 10.2.4; ASVS 5.0 V13.4.6.
    """

    id = "EXP008"
    name = "server-version-shown"
    title = "Server version shown"
    severity = Severity.LOW
    cwe = (497, 200)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.6",)
    control = "guard.headers.policy.HeaderPolicy"
    fix = Fix(
        "leave the version out of the header",
        before='response.headers["Server"] = "shop/2.4.1"',
        after='response.headers["Server"] = "shop"',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.middleware("http")
            async def powered(request, call_next):
                response = await call_next(request)
                response.headers["X-Powered-By"] = "garden-shop/2.4.1"
                return response


            @app.get("/goods")
            def goods() -> list[str]:
                return ["pear"]
            """,
            line=3,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.middleware("http")
            async def named(request, call_next):
                response = await call_next(request)
                response.headers["Server"] = "garden-shop"
                response.headers["X-Version"] = "2.4.1"
                return response


            @app.get("/goods")
            def goods() -> list[str]:
                return ["pear"]
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """One finding for each header, whatever answers it is on."""
        told: set[str] = set()
        for exchange, name, value in _versions(seen):
            if name not in told:
                told.add(name)
                yield self.found(
                    f"The header {name} says {value[:100]}.",
                    confidence=Confidence.OBSERVED,
                    location=at_main(app),
                    subject=name,
                    proof=(shown(exchange, seen.identities, mark=value, why=f"its header {name}"),),
                )


def _versions(seen: Observations) -> Iterator[tuple[Exchange, str, str]]:
    for kept in seen.kinds.values():
        for exchange in kept:
            for name, value in exchange.answer.headers:
                if name.lower() in HEADERS and _VERSION.search(value):
                    yield exchange, name.lower(), value
