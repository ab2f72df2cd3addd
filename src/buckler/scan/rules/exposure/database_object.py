"""EXP003: an answer without a model that shows a stored secret."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.access import done
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.data import (
    SHOWN_SECRET,
    STORED_SECRET,
    is_shown,
    pairs,
    parsed,
    schema_fields,
    snake,
)
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.exposure._fixes.left_out import answer_without
from buckler.scan.rules.exposure.debug_route import shows_settings, values_of


class DatabaseObjectReturned(Rule):
    """A handler returns what is stored as it is, with a password or the hash of one in it.

    ## What it is
    The route has no response model, or one that lets everything through, and the handler returns what is
    stored as it is: an object of the database, or a dictionary. FastAPI writes every field into the answer.

    ## Why it matters
    Columns that nobody thought of get out, and every column that is added later: hashes of passwords, keys,
    codes for the second factor.

    ## How to fix
    Name the fields of the answer: ``response_model=UserPublic``, or the return type of the handler.
    ``Guard(app, answers="strip")`` of ``buckler.guard`` cuts out values that look like a secret.

    ## How to check
    Look at the answer of the proof: it has only fields that its reader needs.

    ## Roll-out
    Callers may read fields that are gone then; the access log does not tell, so announce it.

    ## References
    CWE-200; OWASP API3:2023 Broken Object Property Level Authorization; ASVS 5.0 V15.3.1.
    """

    id = "EXP003"
    name = "database-object-returned"
    title = "Stored secret returned"
    severity = Severity.HIGH
    cwe = (200, 522)
    owasp = ("API3:2023", "A01:2021", "A01:2025")
    asvs = ("V15.3.1", "V14.2.6")
    control = "guard.response_check"
    fix = Fix(
        "name the fields of the answer: response_model=UserPublic",
        before='@app.get("/users/{number}")',
        after='@app.get("/users/{number}", response_model=UserPublic)',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            ROWS = {1: {"id": 1, "name": "ada", "password_hash": "pbkdf2$7f3a$90c1d2"}}


            @app.get("/people/{number}")
            def person(number: int):
                return ROWS.get(number, {})
            """,
            line=8,
        ),
        Example(
            """
            from dataclasses import dataclass

            from fastapi import FastAPI

            app = FastAPI()


            @dataclass
            class Row:
                name: str
                totpSecret: str


            @app.get("/people")
            def people() -> list[object]:
                return [Row("ada", "JBSWY3DPEHPK3PXP")]
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()
            ROWS = {1: {"id": 1, "name": "ada", "password_hash": "pbkdf2$7f3a$90c1d2"}}


            class Person(BaseModel):
                id: int
                name: str


            @app.get("/people/{number}", response_model=Person)
            def person(number: int):
                return ROWS[1]


            @app.post("/token")
            def token():
                return {"access_token": "abcdefgh", "refresh_token": "abcdefgh"}


            @app.get("/masked")
            def masked():
                return {"password": "********", "password_hash": None, "pin": ""}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Answers with a stored secret that no schema announces."""
        for operation in app.operations:
            announced = {name for name, _ in schema_fields(operation.response.schema)}
            for exchange in seen.matrix.get(operation.key, {}).values():
                if done(exchange) is None or "json" not in exchange.answer.media_type:
                    continue
                names = [n for n in _secrets(operation, exchange.answer.body) if n not in announced]
                if names and not shows_settings(exchange, app):
                    yield self.found(
                        f"{operation.key} answers with {', '.join(names)}.",
                        confidence=Confidence.PROVED,
                        location=at(operation),
                        proof=(
                            shown(
                                exchange,
                                seen.identities,
                                mark=names[0],
                                why=f"holds {names[0]}",
                                secrets=values_of(exchange, names),
                            ),
                        ),
                    )
                    break

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``response_model_exclude`` with the names of the secrets."""
        found = route_at(draft, finding)
        names = finding.message.partition(" answers with ")[2].rstrip(".").split(", ")
        if found is None or not answer_without(draft, *found, names):
            return None
        return draft.repair(
            f"leaves {', '.join(names)} out of the answer",
            safe=False,
            changes=f"the answer comes without {', '.join(names)}",
            wanted=Wanted(without=frozenset(names)),
        )


def _secrets(operation: Operation, body: bytes) -> list[str]:
    found = []
    for name, value in pairs(parsed(body)):
        stored = STORED_SECRET.match(snake(name))
        if is_shown(value) and (
            stored or (operation.method == "GET" and SHOWN_SECRET.match(snake(name)))
        ):
            found.append(name)
    return list(dict.fromkeys(found))
