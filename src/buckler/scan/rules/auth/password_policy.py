"""AUT008: a password is chosen, and any will do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.applications import bounded, declared, route_at
from buckler.scan.rules._support.data import schema_fields, snake
from buckler.scan.rules._support.evidence import at, shown

_CHOOSES = re.compile(
    r"sign-?up|regist|users?$|accounts?$|password|reset|renew|invitation|onboard|enrol",
    re.IGNORECASE,
)
_NEW = re.compile(r"(^|[:._])new|new_?(pass|pwd)|confirm|repeat|again", re.IGNORECASE)
_COMPARES = re.compile(
    r"(?:sign|log)[-_]?(?:in|on)(?:$|[/_-])|authenticat|second-?factor", re.IGNORECASE
)
"""Paths of forms that answer a wrong password with another page: it is compared there, not chosen."""
_PERSON = re.compile(r"user_?name|e-?mail|^(login|handle|nick_?name)$", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(^|_)(host|hostname|server|ur[il]|port|domain|endpoint|dsn)$")


class NoPasswordPolicy(Rule):
    """Somebody chooses a password, and one letter is enough.

    ## What it is
    The field of the sign-up or of the change of a password has no minimum length, and the handler does
    not look at it either.

    ## Why it matters
    Short and common passwords are guessed within a few attempts, and nothing else stands between the
    guess and the account.

    ## How to fix
    ``password: Annotated[SecretStr, Field(min_length=12, max_length=128)]``, and compare with a list of
    passwords that are known from leaks. Rules about digits and signs do not help. ``PasswordPolicy`` of
    ``buckler.guard`` holds a list of common passwords and asks for leaked ones.

    ## How to check
    Sign up with the password ``a``: it must answer 422.

    ## Roll-out
    Existing passwords stay valid; ask for a new one at the next sign-in if they are short.

    ## References
    CWE-521; OWASP API2:2023; ASVS 5.0 V6.2.1, V6.2.4; NIST SP 800-63B.
    """

    id = "AUT008"
    name = "no-password-policy"
    title = "No password policy"
    severity = Severity.MEDIUM
    cwe = (521,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V6.2.1", "V6.2.4")
    control = "guard.auth.password"
    fix = Fix(
        "ask for 12 characters: Field(min_length=12, max_length=128)",
        before="password: str",
        after="password: Annotated[SecretStr, Field(min_length=12, max_length=128)]",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class SignUp(BaseModel):
                username: str
                password: str


            @app.post("/signup", status_code=201)
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"username": payload.username}
            """,
            line=13,
        ),
        Example(
            """
            from typing import Annotated

            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/account/password")
            def change(old_password: Annotated[str, Form()], new_password: Annotated[str, Form()]) -> dict[str, bool]:
                return {"changed": True}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class Trainer(BaseModel):
                email: str
                password: str


            @app.post("/trainers")
            def hire(payload: Trainer) -> dict[str, str]:
                return {"email": payload.email}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()


            @app.post("/account/password")
            def change(password: str = Form(), again: str = Form()) -> dict[str, bool]:
                if password != again:
                    raise HTTPException(422)
                return {"changed": True}
            """,
        ),
    )
    good = (
        Example(
            """
            from typing import Annotated

            from fastapi import FastAPI, Form, HTTPException
            from fastapi.responses import RedirectResponse
            from pydantic import BaseModel, Field, SecretStr, field_validator

            app = FastAPI()


            class SignUp(BaseModel):
                username: str
                password: Annotated[SecretStr, Field(min_length=12, max_length=128)]


            class Change(BaseModel):
                new_password: str

                @field_validator("new_password")
                @classmethod
                def long_enough(cls, value: str) -> str:
                    if len(value) < 12:
                        raise ValueError("at least 12 characters")
                    return value


            @app.post("/signup", status_code=201)
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"username": payload.username}


            @app.post("/account/password")
            def change(payload: Change) -> dict[str, bool]:
                return {"changed": True}


            @app.post("/members")
            def join(password: Annotated[str, Form()]) -> dict[str, bool]:
                if len(password) < 12:
                    raise HTTPException(400, "at least 12 characters")
                return {"ok": True}


            @app.post("/mailbox")
            def mailbox(host: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
                return {"host": host}


            @app.post("/till")
            def open_till(number: Annotated[str, Form()], pin: Annotated[str, Form()]) -> dict[str, str]:
                return {"token": "abcdefgh"}


            @app.post("/login")
            def login(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
                raise HTTPException(401)


            @app.post("/sign-in/form")
            def enter(email: Annotated[str, Form()], password: Annotated[str, Form()]) -> RedirectResponse:
                return RedirectResponse("/sign-in?failed=1", 303)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()


            @app.post("/account/password")
            def change(password: str = Form(), again: str = Form()) -> dict[str, bool]:
                if password != again or len(password) < 12:
                    raise HTTPException(422)
                return {"changed": True}
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Form, HTTPException, Request

            app = FastAPI()
            KEPT = secrets.token_urlsafe()


            @app.post("/account/password")
            def change(current_password: str = Form(), new_password: str = Form()) -> dict[str, bool]:
                if not secrets.compare_digest(current_password.encode(), KEPT.encode()):
                    raise HTTPException(403)
                if len(new_password) < 12:
                    raise HTTPException(422)
                return {"changed": True}


            @app.post("/me/password")
            async def change_mine(request: Request) -> dict[str, bool]:
                form = await request.form()
                if form.get("password") != form.get("again"):
                    raise HTTPException(422)
                if not secrets.compare_digest(str(form.get("current")).encode(), KEPT.encode()):
                    raise HTTPException(422)
                if len(str(form.get("password"))) < 12:
                    raise HTTPException(422)
                return {"changed": True}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations that took a password of one letter."""
        for key, (slot, exchange) in seen.weak_passwords.items():
            operation = app.find(key)
            if operation is None or not _chooses(operation, slot, exchange):
                continue
            taken = exchange.answer.ok
            if not taken and operation.place is None:
                continue  # a library's own handler: what it looks at next is not the project's to read
            yield self.found(
                f"{operation.key} takes a password of one letter."
                if taken
                else f"{operation.key} answers to a password of one letter as it does to a good one.",
                confidence=Confidence.OBSERVED if taken else Confidence.SUSPECTED,
                location=at(operation, slot),
                proof=(shown(exchange, seen.identities, why="the password is one letter"),),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Twelve characters at least."""
        found = route_at(draft, finding)
        place = (
            declared(draft, found[0], finding.location.slot or "") if found is not None else None
        )
        if place is None or not bounded(place, min_length=str(LEAST)):
            return None
        return draft.repair(
            f"asks for {LEAST} characters",
            safe=False,
            changes=f"a new password of fewer than {LEAST} characters is answered 422, and so is an old one "
            "where the same model signs in",
        )


def _chooses(operation: Operation, slot: str, exchange: Exchange) -> bool:
    """Whether the password is somebody's own from then on, not one to compare or to send elsewhere."""
    if _NEW.search(slot) or _CHOOSES.search(operation.path):
        return True
    if _COMPARES.search(operation.path):
        return False
    names = [snake(name) for name in _names(operation)]
    if not exchange.answer.ok or any(_ELSEWHERE.search(name) for name in names):
        return False
    kept = exchange.answer.status == HTTPStatus.CREATED or "sql-write" in exchange.answer.effects
    return kept or any(_PERSON.search(name) for name in names)


def _names(operation: Operation) -> list[str]:
    fields = operation.body.fields if operation.body is not None else ()
    inner = [name for field in fields for name, _ in schema_fields(field.schema)]
    return [*(p.name for p in operation.parameters), *(f.name for f in fields), *inner]


LEAST = 12
