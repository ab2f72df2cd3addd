"""ACC003: credentials that may be left out, and nobody looks whether they were."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import is_optional, open_to_nobody, why_protected
from buckler.scan.rules._support.evidence import at, shown


class OptionalCredentialsUnchecked(Rule):
    """A scheme with ``auto_error=False`` lets requests without a credential through.

    ## What it is
    With ``auto_error=False`` FastAPI hands ``None`` to the dependency where no credential was sent.
    Here neither the dependency nor the handler refuses ``None``.

    ## Why it matters
    The route looks protected, in the code and in the documentation, and is open: leaving the header
    out is enough.

    ## How to fix
    Take ``auto_error=False`` away, or refuse ``None`` in the dependency:
    ``if user is None: raise HTTPException(401)``. Keep the optional one for pages that really have
    something for visitors.

    ## How to check
    Send the request without the credential: it must answer 401.

    ## Roll-out
    Callers without a credential get 401 from then on; see the access log who they are.

    ## References
    CWE-287; OWASP API2:2023 Broken Authentication; ASVS 5.0 V8.2.1.
    """

    id = "ACC003"
    name = "optional-credentials-unchecked"
    title = "Optional credentials are not checked"
    severity = Severity.HIGH
    cwe = (287, 306)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V8.2.1",)
    control = "guard.access"
    fix = Fix(
        "refuse None: if user is None: raise HTTPException(401)",
        before='scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)',
        after='scheme = OAuth2PasswordBearer(tokenUrl="/token")',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)


            def maybe_user(token: str | None = Depends(scheme)) -> str | None:
                if token is not None and token != "alice-token":
                    raise HTTPException(401)
                return token and "alice"


            @app.get("/admin/figures")
            def figures(user: str | None = Depends(maybe_user)) -> dict[str, int]:
                return {"orders": 12}
            """,
            line=15,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Key", auto_error=False)
            alarms = ["fire"]


            @app.delete("/alarms")
            def silence(key: str | None = Depends(scheme)) -> int:
                alarms.clear()
                return 0
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)


            def member(token: str | None = Depends(scheme)) -> str:
                if token != "alice-token":
                    raise HTTPException(401, "Open /sign-in")
                return "alice"


            @app.get("/admin/figures")
            def figures(user: str = Depends(member)) -> dict[str, int]:
                return {"orders": 12}


            @app.get("/products")
            def products(token: str | None = Depends(scheme)) -> list[str]:
                return ["spade"]
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations with optional schemes that ought not to answer nobody, and did."""
        for operation in app.operations:
            exchange = open_to_nobody(operation, seen)
            if exchange is None or not is_optional(operation):
                continue
            why = why_protected(operation, app, seen, exchange)
            if why:
                yield self.found(
                    f"{operation.key} takes requests without a credential although it has a scheme: {why}.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(shown(exchange, seen.identities, why="answered without a credential"),),
                )
