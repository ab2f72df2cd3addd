"""AUT005: a credential that travels in the address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at
from buckler.scan.rules.auth._fixes.in_header import HEADER, taken_from_header

_KEY = re.compile(
    r"^(api[-_]?key|apikey|access[-_]?token|auth[-_]?token|jwt|bearer|password|passwd)$",
    re.IGNORECASE,
)


class ApiKeyInQuery(Rule):
    """A key, token or password is sent in the query of the address.

    ## What it is
    The operation takes its credential as a query parameter: ``APIKeyQuery``, or a parameter such as
    ``api_key`` that a dependency compares.

    ## Why it matters
    Addresses are written down everywhere: access logs of every proxy, browser history, the ``Referer``
    header, bookmarks, screenshots. Whoever reads one of them has the credential.

    ## How to fix
    Take it in a header: ``APIKeyHeader(name="X-API-Key")`` or ``Authorization: Bearer``. For links that
    must work by themselves, sign the address and let it expire soon. ``AuthPolicy(ways=["api_key"])`` of
    ``buckler.guard`` takes keys from a header alone.

    ## How to check
    The OpenAPI document has no parameter ``in: query`` that is a credential.

    ## Roll-out
    Take both for a while, log who still uses the query, then refuse it. Change the keys that were sent in
    addresses.

    ## References
    CWE-598; OWASP API2:2023; ASVS 5.0 V14.2.1.
    """

    id = "AUT005"
    name = "api-key-in-query"
    title = "Credential in the query"
    severity = Severity.MEDIUM
    cwe = (598,)
    owasp = ("API2:2023", "A04:2021", "A06:2025")
    asvs = ("V14.2.1",)
    control = "guard.auth.api_key"
    fix = Fix(
        'take it in a header: APIKeyHeader(name="X-API-Key")',
        before='scheme = APIKeyQuery(name="key")',
        after='scheme = APIKeyHeader(name="X-API-Key")',
    )
    bad = (
        Example(
            """
            import hmac

            from fastapi import FastAPI, HTTPException, Security
            from fastapi.security import APIKeyQuery

            app = FastAPI()
            scheme = APIKeyQuery(name="key")


            @app.get("/feed")
            def feed(key: str = Security(scheme)) -> list[int]:
                if not hmac.compare_digest(key, "from-the-environment"):
                    raise HTTPException(403)
                return [1]
            """,
            line=11,
        ),
        Example(
            """
            import hmac

            from fastapi import Depends, FastAPI, HTTPException

            app = FastAPI()


            def partner(api_key: str = "") -> None:
                if not hmac.compare_digest(api_key, "from-the-environment"):
                    raise HTTPException(401)


            @app.get("/prices", dependencies=[Depends(partner)])
            def prices() -> list[int]:
                return [1]
            """,
        ),
    )
    good = (
        Example(
            """
            import hmac

            from fastapi import FastAPI, HTTPException, Security
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-API-Key")


            @app.get("/feed")
            def feed(key: str = Security(scheme), token_type: str = "", key_word: str = "") -> list[int]:
                if not hmac.compare_digest(key, "from-the-environment"):
                    raise HTTPException(403)
                return [1]


            @app.get("/settings/{key}")
            def setting(key: str) -> str:
                return key
            """,
        ),
    )

    def check_app(self, app: AppModel) -> Iterable[Finding]:
        """Operations with a scheme or parameter for a credential in the query."""
        for operation in app.operations:
            for name, what in _credentials(operation).items():
                yield self.found(
                    f"{_kind(name)} of {operation.key} travels in the address, as {name}.",
                    confidence=Confidence.OBSERVED,
                    location=at(operation, f"query:{name}"),
                    proof=(proofs.setting(what, f"query parameter {name}", expected="a header"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A header in the place of the parameter."""
        found = route_at(draft, finding)
        slot = finding.location.slot or ""
        if found is None or not taken_from_header(draft, found[0], slot):
            return None
        return draft.repair(
            "takes the credential from a header",
            safe=False,
            changes=f"clients have to send it as {HEADER} instead of {slot.partition(':')[2]} in the address",
            wanted=Wanted(refused=frozenset({finding.location.operation or ""})),
        )


def _kind(name: str) -> str:
    return "The password" if name.lower().startswith("passw") else "The key or token"


def _credentials(operation: Operation) -> dict[str, str]:
    found = {
        s.name or "": s.cls
        for s in operation.security
        if s.where == "query" and s.type.lower() == "apikey"
    }
    for parameter in operation.parameters:
        if parameter.where == "query" and _KEY.match(parameter.name):
            found.setdefault(parameter.name, "parameter")
    found.pop("", None)
    return found
