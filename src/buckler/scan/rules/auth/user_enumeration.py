"""AUT012: the answer tells whether an account exists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.accounts import form_of
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.auth._fixes.alike import refused_alike
from buckler.scan.rules.auth._fixes.same_work import hashed_first
from buckler.scan.rules.auth._fixes.unknown_names import worked_for_unknown

TOLD = "tells by its answer whether an account exists."
LATE = "hashes the password only where the name exists, which takes longer."


class UserEnumeration(Rule):
    """A name that exists is answered in another way than one that does not.

    ## What it is
    The sign-in or the reset of a password answers with another text or status where there is no account
    of that name, or it hashes the password only where there is one, which takes longer.

    ## Why it matters
    Names are half of a credential. A list of accounts is what password guessing, letters with false
    links and pressure start with.

    ## How to fix
    One text and one status for both. Verify the password against a fixed hash where the name is unknown,
    so that both take the same time. Say at the reset of a password: "if we know the address".
    ``PasswordSignIn`` of ``buckler.guard`` does the same work for every name, ``Accounts`` gives the same
    answers.

    ## How to check
    Send a wrong password for a name that exists and for one that does not: the answers are equal.

    ## Roll-out
    Support gets a few more questions of people who mistyped their name.

    ## References
    CWE-204, CWE-208; OWASP API2:2023; ASVS 5.0 V6.3.8.
    """

    id = "AUT012"
    name = "user-enumeration"
    title = "User enumeration"
    severity = Severity.MEDIUM
    cwe = (204, 208)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V6.3.8",)
    control = "guard.auth.password"
    fix = Fix(
        "answer both alike, and hash for unknown names too",
        before='if user is None:\n    raise HTTPException(404, "No such account")',
        after="stored = user.password_hash if user else DUMMY_HASH\nif not verify(password, stored) or user is None:\n    raise HTTPException(401, MESSAGE)",
        safe=True,
    )
    bad = (
        Example(
            """
            from typing import Annotated

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordRequestForm

            app = FastAPI()
            USERS = {"alice": "correct-horse-battery"}


            @app.post("/token")
            def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
                if form.username not in USERS:
                    raise HTTPException(404, "There is no such account")
                if form.password != USERS[form.username]:
                    raise HTTPException(401, "This password does not fit")
                return {"access_token": "t", "token_type": "bearer"}
            """,
            settings='identities.alice.login = { request = "POST /token", form = { username = "alice", password = "correct-horse-battery" } }\n',
            line=11,
        ),
        Example(
            """
            import hashlib
            from typing import Annotated

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordRequestForm

            app = FastAPI()


            def stretch(password: str) -> bytes:
                return hashlib.scrypt(password.encode(), salt=b"0" * 16, n=2**12, r=8, p=1)


            USERS = {"alice": stretch("correct-horse-battery")}


            @app.post("/token")
            def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
                known = USERS.get(form.username)
                if known is None or stretch(form.password) != known:
                    raise HTTPException(401, "Wrong name or password")
                return {"access_token": "t", "token_type": "bearer"}
            """,
            settings='identities.alice.login = { request = "POST /token", form = { username = "alice", password = "correct-horse-battery" } }\n',
        ),
    )
    good = (
        Example(
            """
            import hashlib
            from typing import Annotated

            from fastapi import Depends, FastAPI, Form, HTTPException
            from fastapi.security import OAuth2PasswordRequestForm

            app = FastAPI()


            def stretch(password: str) -> bytes:
                return hashlib.scrypt(password.encode(), salt=b"0" * 16, n=2**12, r=8, p=1)


            USERS = {"alice": stretch("correct-horse-battery")}
            NOBODY = stretch("nobody")


            @app.post("/token")
            def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
                given = stretch(form.password)
                if given != USERS.get(form.username, NOBODY) or form.username not in USERS:
                    raise HTTPException(401, f"Name or password of {form.username} is wrong")
                return {"access_token": "t", "token_type": "bearer"}


            @app.post("/password/forgot")
            def forgot(email: Annotated[str, Form()]) -> dict[str, str]:
                return {"detail": "You get a mail if there is such an account"}
            """,
            settings='identities.alice.login = { request = "POST /token", form = { username = "alice", password = "correct-horse-battery" } }\n',
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """The answer to a known name beside that to an unknown one."""
        for key, (slot, known, unknown) in seen.guesses.items():
            operation = app.find(key)
            if operation is None or 429 in (known.answer.status, unknown.answer.status):
                continue
            evidence = (
                shown(known, seen.identities, why="a name that exists"),
                shown(unknown, seen.identities, why="a name that nobody has"),
            )
            if _told(known, slot) != _told(unknown, slot):
                yield self.found(
                    f"{operation.key} {TOLD}",
                    confidence=Confidence.PROVED,
                    location=at(operation, slot),
                    proof=evidence,
                )
            elif (
                "key-derivation" in known.answer.effects
                and "key-derivation" not in unknown.answer.effects
            ):
                yield self.found(
                    f"{operation.key} {LATE}",
                    confidence=Confidence.OBSERVED,
                    severity=Severity.LOW,
                    location=at(operation, slot),
                    proof=evidence,
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """One refusal for both, where the answers differ; the same work for both, where the time does."""
        found = route_at(draft, finding)
        if found is None:
            return None
        if finding.message.endswith(LATE):
            done = hashed_first(draft, found[0]) or worked_for_unknown(draft, found[0])
            return draft.repair("hashes the password for unknown names too") if done else None
        if not finding.message.endswith(TOLD) or not refused_alike(draft, found[0]):
            return None
        worked_for_unknown(draft, found[0])
        return draft.repair(
            "refuses an unknown name as it does a wrong password",
            safe=False,
            changes="who mistypes the name is told no more than who mistypes the password",
        )


def _told(exchange: Exchange, slot: str) -> tuple[int | None, str]:
    """Status and text of an answer, the name itself taken out."""
    name = form_of(exchange.request).get(slot.partition(":")[2], "")
    text = exchange.answer.text.replace(name, "NAME") if name else exchange.answer.text
    return exchange.answer.status, re.sub(r"[0-9a-f]{8,}|\d+(\.\d+)?", "#", text)
