"""ACC003: credentials that may be left out, and nobody looks whether they were."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import EVERY, Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.access import (
    is_optional,
    is_public,
    open_to_nobody,
    why_protected,
)
from buckler.scan.rules._support.evidence import at, at_place, shown
from buckler.scan.rules._support.gates import compares_unset, found_in_source
from buckler.scan.rules._support.source import here
from buckler.scan.rules.access._fixes.credentials import scheme_enforced, setting_required


class OptionalCredentialsUnchecked(Rule):
    """A scheme with ``auto_error=False`` lets requests without a credential through.

    ## What it is
    With ``auto_error=False`` FastAPI hands ``None`` to the dependency where no credential was sent.
    Here neither the dependency nor the handler refuses ``None``. The same happens where it is compared
    with a setting that is not set: ``None == None``, so a wrong key is refused and no key is let in.

    ## Why it matters
    The route looks protected, in the code and in the documentation, and is open: leaving the header
    out is enough.

    ## How to fix
    Take ``auto_error=False`` away, or refuse ``None`` in the dependency: ``if user is None: raise
    HTTPException(401)``. Keep the optional one for pages that really have something for visitors.
    ``authenticated`` of ``buckler.guard`` refuses, ``optional`` gives ``None`` on purpose.

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
    words = ("environ", "getenv")
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
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Service-Key", auto_error=False)


            def service(key: str | None = Depends(scheme)) -> str:
                if key != os.environ.get("TIDE_SERVICE_KEY"):
                    raise HTTPException(401)
                return "service"


            @app.get("/tides", dependencies=[Depends(service)])
            def tides() -> dict[str, int]:
                return {"high": 4}
            """,
            line=10,
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
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Service-Key", auto_error=False)
            visitor = APIKeyHeader(name="X-Visitor-Key", auto_error=False)


            def service(key: str | None = Depends(scheme)) -> str:
                wanted = os.environ.get("TIDE_SERVICE_KEY")
                if not wanted or key != wanted:
                    raise HTTPException(401)
                return "service"


            def known(key: str | None = Depends(visitor)) -> str | None:
                if key is not None and key != "visitor-key-1":
                    raise HTTPException(401)
                return key


            @app.get("/tides", dependencies=[Depends(service)])
            def tides() -> dict[str, int]:
                return {"high": 4}


            @app.get("/ports")
            def ports(who: str | None = Depends(known)) -> dict[str, int]:
                return {"ports": 3}
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Dependencies that compare a credential which may be missing with a setting that may be."""
        index = index_of(module)
        for function in index.functions:
            if compares_unset(index, function):
                yield self.found(
                    f"{function.name} lets everybody in where the setting is missing: None equals None.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, function),
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations with optional schemes that ought not to answer nobody, and did."""
        for operation in app.operations:
            exchange = open_to_nobody(operation, seen)
            why = (
                why_protected(operation, app, seen, exchange)
                if exchange is not None and is_optional(operation)
                else ""
            )
            if exchange is not None and why:
                yield self.found(
                    f"{operation.key} takes requests without a credential although it has a scheme: {why}.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(shown(exchange, seen.identities, why="answered without a credential"),),
                )
            elif operation.key in seen.lax and not is_public(operation, app):
                yield from self._lax(operation, seen)

    def _lax(self, operation: Operation, seen: Observations) -> Iterable[Finding]:
        """No key is let in and a wrong one is not.

        An optional credential looks the same from outside, so somebody has to be signed in besides,
        or the source has to show what is compared.
        """
        scheme, without, wrong = seen.lax[operation.key]
        gate = next((d for d in operation.dependencies if d.name in scheme.through[-1:]), None)
        others = [s for s in operation.security if s is not scheme]
        shared = any(set(s.through) & set(scheme.through) for s in others)
        alone = without.request.identity is None
        if gate is None or gate.place is None or shared:
            return
        if alone and not found_in_source(self.id, gate.place, seen):
            return
        yield self.found(
            f"{operation.key} answers without {scheme.name}, and refuses a wrong one.",
            confidence=Confidence.PROVED,
            location=at_place(gate.place, operation),
            proof=(
                shown(without, seen.identities, why=f"answered without {scheme.name}"),
                shown(wrong, seen.identities, why=f"a wrong {scheme.name} is refused"),
            ),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A scheme that refuses by itself, and a setting that has to be there."""
        operation = finding.location.operation
        if setting_required(draft, finding.location.line or 0):
            return draft.repair(
                "reads the setting as one that has to be there",
                safe=False,
                changes="where the setting is missing, requests fail instead of being let in",
                wanted=Wanted(refused=frozenset({operation or EVERY})),
            )
        if operation is None or not scheme_enforced(draft, finding):
            return None
        return draft.repair(
            "refuses requests without the credential",
            safe=False,
            changes=f"whoever sends no credential gets no answer from {operation}, nor from other routes "
            "that use the same scheme",
            wanted=Wanted(refused=frozenset({operation})),
        )
