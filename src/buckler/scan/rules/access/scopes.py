"""ACC004: scopes that are asked for and never compared."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Module
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.access import (
    asked_scopes,
    cell,
    done,
    granted,
    ordinary,
    unscoped,
)
from buckler.scan.rules._support.evidence import at, at_place, shown
from buckler.scan.rules._support.gates import found_in_source, unread_scopes
from buckler.scan.rules._support.source import here


class ScopesNotEnforced(Rule):
    """``Security(…, scopes=[…])`` asks for scopes that nothing compares with those of the token.

    ## What it is
    ``Security`` only collects scopes. They count when a dependency takes ``SecurityScopes`` and
    compares them. With a bare scheme, a dependency without that parameter, or one that never reads it,
    they are words in the documentation.

    ## Why it matters
    Every token is as good as any other. With a bare scheme not even the token is checked: any text
    after ``Bearer`` will do.

    ## How to fix
    Write one dependency that takes ``SecurityScopes``, verifies the token and compares its scopes, and
    use it: ``Security(scoped_user, scopes=["orders:read"])``. ``requires("orders:read")`` of
    ``buckler.guard`` is such a dependency.

    ## How to check
    Call the operation with a token that has no scopes: it must answer 403.

    ## Roll-out
    Issue tokens with the scopes first; afterwards tokens without them are refused.

    ## References
    CWE-863; OWASP API5:2023 Broken Function Level Authorization; ASVS 5.0 V8.2.1, V10.3.2.
    """

    id = "ACC004"
    name = "scopes-not-enforced"
    title = "Scopes are not enforced"
    severity = Severity.HIGH
    cwe = (863, 862)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1", "V10.3.2")
    control = "guard.access.permissions"
    words = ("SecurityScopes",)
    fix = Fix(
        "use a dependency that takes SecurityScopes and compares them",
        before='Security(oauth2_scheme, scopes=["orders:read"])',
        after='Security(scoped_user, scopes=["orders:read"])',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Security
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token", scopes={"orders:read": "Read orders"})


            @app.get("/orders")
            def orders(token: str = Security(scheme, scopes=["orders:read"])) -> list[int]:
                return [1, 2]
            """,
            line=9,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException, Security
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token")


            def user(token: str = Depends(scheme)) -> str:
                if token != "alice-token":
                    raise HTTPException(401)
                return "alice"


            @app.get("/orders")
            def orders(name: str = Security(user, scopes=["orders:read"])) -> list[int]:
                return [1, 2]
            """,
            settings='identities.alice.header = "Authorization: Bearer alice-token"\n',
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException, Security
            from fastapi.security import OAuth2PasswordBearer, SecurityScopes

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token")


            def user(wanted: SecurityScopes, token: str = Depends(scheme)) -> str:
                if token != "alice-token":
                    raise HTTPException(401)
                return "alice"


            @app.get("/orders")
            def orders(name: str = Security(user, scopes=["orders:read"])) -> list[int]:
                return [1, 2]
            """,
            settings='identities.alice.header = "Authorization: Bearer alice-token"\n',
            line=8,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException, Security
            from fastapi.security import OAuth2PasswordBearer, SecurityScopes

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token")
            TOKENS = {"alice-token": {"orders:read"}, "bob-token": set()}


            def user(wanted: SecurityScopes, token: str = Depends(scheme)) -> str:
                if token not in TOKENS:
                    raise HTTPException(401)
                if not TOKENS[token].issuperset(wanted.scopes):
                    raise HTTPException(403)
                return token


            @app.get("/orders")
            def orders(name: str = Security(user, scopes=["orders:read"])) -> list[int]:
                return [1, 2]
            """,
            settings='identities.alice.header = "Authorization: Bearer alice-token"\n',
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Dependencies that are given the scopes and do not look at them."""
        index = index_of(module)
        for function in index.functions:
            name = unread_scopes(function)
            if name:
                yield self.found(
                    f"{function.name} takes the scopes as {name} and never reads them.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, function),
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations that ask for scopes; proved by whoever got through without them."""
        for operation in app.operations:
            scopes = unscoped(operation)
            if not scopes:
                yield from self._without_scope(operation, seen)
                continue
            exchange = seen.forged.get(operation.key)
            why = "a made-up token was taken"
            if exchange is None:
                found = (done(cell(operation, seen, name)) for name in (None, *ordinary(seen)))
                exchange = next((e for e in found if e is not None), None)
                why = f"answered, and nothing asked for {', '.join(scopes)}"
            words = "; a made-up token was taken" if operation.key in seen.forged else ""
            yield self.found(
                f"{operation.key} asks for {', '.join(scopes)}, but nothing compares scopes{words}.",
                confidence=Confidence.PROVED if exchange else Confidence.OBSERVED,
                location=at(operation),
                proof=(shown(exchange, seen.identities, why=why),) if exchange else (),
            )

    def _without_scope(self, operation: Operation, seen: Observations) -> Iterable[Finding]:
        """Somebody whose token says that he has not got the scopes, and who is let in."""
        gate = next((d for d in operation.dependencies if d.takes_scopes and d.scopes), None)
        asked = asked_scopes(operation)
        if gate is None or not asked:
            return
        place = gate.place
        unread = found_in_source(self.id, place, seen)
        for identity in seen.identities:
            scopes = granted(identity)
            exchange: Exchange | None = done(cell(operation, seen, identity.name))
            if exchange is None or identity.role == "admin":
                continue
            if unread or (scopes is not None and not scopes & set(asked)):
                words = ", ".join(asked)
                yield self.found(
                    f"{operation.key} asks for {words} and answers {identity.name}, whose token has not got it."
                    if scopes is not None
                    else f"{operation.key} asks for {words}, and its dependency never reads what is asked for.",
                    confidence=Confidence.PROVED,
                    location=at_place(place, operation) if unread else at(operation),
                    proof=(shown(exchange, seen.identities, why=f"answered; asked for {words}"),),
                )
                return
