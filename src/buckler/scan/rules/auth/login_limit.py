"""AUT011: passwords can be guessed as fast as the server answers."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.accounts import ATTEMPTS
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import of_main, serving_application
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.guarding import guarded


class LoginWithoutLimit(Rule):
    """Wrong passwords in a row are answered like the first one.

    ## What it is
    The sign-in counts neither the failures of an account nor those of an address.

    ## Why it matters
    A list of common passwords, or of pairs known from leaks at other sites, can be tried against every
    account, thousands in a minute.

    ## How to fix
    Count failures by account and by address in a store that all processes share, answer 429 with
    ``Retry-After`` after a few, and let the wait grow. Count before the password is verified.
    ``Guard(app, sign_in_rate="5/minute")`` of ``buckler.guard`` counts by address what takes a password.

    ## How to check
    Send twelve wrong passwords from one address: the last ones must be answered 429.

    ## Roll-out
    Many people may sit behind one address: let the limit of an address be higher than that of an account.

    ## References
    CWE-307; OWASP API2:2023, API4:2023; ASVS 5.0 V6.3.1, V6.1.1.
    """

    id = "AUT011"
    name = "login-without-limit"
    title = "Sign-in without limit"
    severity = Severity.HIGH
    cwe = (307,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V6.3.1", "V6.1.1")
    control = "guard.RateLimit"
    fix = Fix(
        "count failures and answer 429",
        before="user = authenticate(form.username, form.password)",
        after="limit.check(form.username, peer)\nuser = authenticate(form.username, form.password)",
    )
    bad = (
        Example(
            """
            from typing import Annotated

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordRequestForm

            app = FastAPI()


            @app.post("/token")
            def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
                if form.password != "correct-horse-battery":
                    raise HTTPException(401, "Wrong name or password")
                return {"access_token": "t", "token_type": "bearer"}
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException
            from pydantic import BaseModel

            app = FastAPI()


            class SignIn(BaseModel):
                email: str
                password: str


            @app.post("/sessions")
            def sign_in(payload: SignIn) -> dict[str, str]:
                raise HTTPException(400, "Wrong name or password")
            """,
        ),
    )
    good = (
        Example(
            """
            from collections import Counter
            from typing import Annotated

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordRequestForm

            app = FastAPI()
            failures: Counter[str] = Counter()


            @app.post("/token")
            def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
                if failures[form.username] >= 5:
                    raise HTTPException(429, "Try again later")
                failures[form.username] += 1
                raise HTTPException(401, "Wrong name or password")


            @app.post("/signup")
            def sign_up(username: str, password: str) -> dict[str, str]:
                raise HTTPException(409, "Somebody has that name")
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Sign-ins that answered every wrong password alike."""
        for key, exchanges in seen.logins.items():
            operation = app.find(key)
            if operation is None or len(exchanges) < ATTEMPTS:
                continue
            last = exchanges[-1]
            statuses = {e.answer.status for e in exchanges}
            refused = statuses <= {200, 400, 401, 403, 404, 422} and len(statuses) == 1
            if refused and all(e.reached for e in exchanges) and 422 not in statuses:
                found = self.found(
                    f"{operation.key} answered {len(exchanges)} wrong passwords in a row with {last.answer.status}.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(
                        shown(
                            last,
                            seen.identities,
                            why=f"wrong password number {len(exchanges)} of one address",
                        ),
                    ),
                )
                yield of_main(found, app, operation)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which counts sign-ins."""
        home, made = serving_application(draft, finding) or (draft, None)
        return guarded(draft, made, "allows ten sign-ins a minute, by Guard", home)
