"""EXP002: a response model with a field that holds a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.data import SHOWN_SECRET, STORED_SECRET, schema_fields, snake
from buckler.scan.rules._support.evidence import at
from buckler.scan.rules.exposure._fixes.left_out import field_excluded


class SecretInResponseSchema(Rule):
    """A response model has a password, a hash of one, or another stored secret.

    ## What it is
    The model that the operation answers with has a field such as ``password_hash``, ``api_key`` or
    ``totp_secret``. Whatever the handler returns, FastAPI puts it into the answer.

    ## Why it matters
    Hashes are cracked offline, keys work at once. Also an administrator's page, its logs and its cache are
    no places for them.

    ## How to fix
    Answer with a model that does not have the field: ``class UserPublic(BaseModel)``. Derive the one with
    the field from it, not the other way round. ``Field(exclude=True)`` also keeps it out.
    Until then ``Guard(app, answers="strip")`` of ``buckler.guard`` cuts out values that look like a secret.

    ## How to check
    The OpenAPI document shows no such field in a response.

    ## Roll-out
    Callers that read the field lose it; there should be none.

    ## References
    CWE-200; OWASP API3:2023 Broken Object Property Level Authorization; ASVS 5.0 V15.3.1.
    """

    id = "EXP002"
    name = "secret-in-response-schema"
    title = "Secret in a response schema"
    severity = Severity.HIGH
    cwe = (200, 522)
    owasp = ("API3:2023", "A01:2021", "A01:2025")
    asvs = ("V15.3.1", "V14.2.6")
    fix = Fix(
        "answer with a model that does not have the field",
        before="response_model=list[UserRecord]",
        after="response_model=list[UserPublic]",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class User(BaseModel):
                name: str
                password_hash: str


            class Page(BaseModel):
                users: list[User] = []


            @app.get("/users")
            def users() -> Page:
                return Page()
            """,
            line=17,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel, Field, SecretStr

            app = FastAPI()


            class Token(BaseModel):
                access_token: str
                refresh_token: str = ""


            class Card(BaseModel):
                name: str
                password_hash: str = Field(default="", exclude=True)
                password: SecretStr = SecretStr("")


            class NewKey(BaseModel):
                api_key: str


            class SignUp(BaseModel):
                name: str
                password: str


            @app.post("/token")
            def token() -> Token:
                return Token(access_token="t")


            @app.post("/keys")
            def make_key() -> NewKey:
                return NewKey(api_key="shown once")


            @app.get("/cards")
            def cards() -> list[Card]:
                return []


            @app.post("/signup")
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"name": payload.name}
            """,
        ),
    )

    def check_app(self, app: AppModel) -> Iterable[Finding]:
        """Operations whose response schema names a secret."""
        for operation in app.operations:
            names = list(dict.fromkeys(_secrets(operation)))
            if names:
                yield self.found(
                    f"The answer of {operation.key} has the field {', '.join(names)}.",
                    confidence=Confidence.OBSERVED,
                    location=at(operation),
                    proof=(proofs.setting(f"response schema of {operation.key}", names),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``Field(exclude=True)``: the field stays in the model and out of answers."""
        found = route_at(draft, finding)
        names = finding.message.partition(" has the field ")[2].rstrip(".").split(", ")
        if found is None or not all(field_excluded(draft, *found, name) for name in names):
            return None
        return draft.repair(
            f"leaves {', '.join(names)} out of answers",
            safe=False,
            changes=f"answers, and everything else that this model is written out for, come without "
            f"{', '.join(names)}",
            wanted=Wanted(without=frozenset(names)),
        )


def _secrets(operation: Operation) -> Iterator[str]:
    for name, schema in schema_fields(operation.response.schema):
        branches = [schema, *schema.get("anyOf", ())]
        masked = any(s.get("format") == "password" or s.get("writeOnly") for s in branches)
        excluded = any(s.get("type") in ("boolean", "integer", "null") for s in branches[:1])
        if masked or excluded or name in operation.shown:
            continue
        stored = STORED_SECRET.match(snake(name))
        if stored or (operation.method == "GET" and SHOWN_SECRET.match(snake(name))):
            yield name
