"""AUT011: passwords can be guessed as fast as the server answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.accounts import ATTEMPTS
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import of_main, serving_application
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.guarding import guarded

MOST_A_MINUTE = 20
_QUOTA, _WINDOW, _LEFT = (re.compile(rf";\s*{name}=(\d{{1,9}})(?!\d)") for name in "qwr")


class LoginWithoutLimit(Rule):
    """Wrong passwords in a row are answered like the first one.

    ## What it is
    The sign-in counts neither the failures of an account nor those of an address. Nor does what takes a short code
    that was sent to somebody.

    ## Why it matters
    A list of common passwords, or of pairs known from leaks at other sites, can be tried against every
    account, thousands in a minute. A code of four digits is found before it runs out.

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
        Example(
            """
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            tries: list[str] = []
            MOST = 600


            @app.post("/login")
            def login(username: str = Form(), password: str = Form()) -> bool:
                tries.append(username)
                left = MOST - len(tries)
                headers = {"RateLimit-Policy": f'"login";q={MOST};w=60', "RateLimit": f'"login";r={max(left, 0)};t=60'}
                raise HTTPException(401 if left >= 0 else 429, headers=headers)
            """,
        ),
        Example(
            """
            import secrets
            import sqlite3
            from collections import Counter

            from fastapi import Body, FastAPI, HTTPException

            app = FastAPI()
            failures: Counter[str] = Counter()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("create table members (username text primary key, code text, tries int default 0)")
            db.execute("insert into members values ('ann', '', 0)")


            @app.post("/login")
            def login(username: str = Body(), password: str = Body()) -> dict[str, str]:
                if failures[username] >= 8:
                    raise HTTPException(429)
                if username == "ann" and secrets.compare_digest(password, "seven-kettles-and-a-gate"):
                    return {"access_token": secrets.token_urlsafe(16)}
                failures[username] += 1
                raise HTTPException(401)


            @app.post("/code/send")
            def send(username: str = Body(embed=True)) -> bool:
                db.execute("update members set code = ?, tries = 0 where username = ?", (f"{secrets.randbelow(10**6):06}", username))
                return True


            @app.post("/code")
            def enter(username: str = Body(), code: str = Body(max_length=6)) -> dict[str, str]:
                row = db.execute("select code, tries from members where username = ?", (username,)).fetchone()
                if row is None or not row[0] or not secrets.compare_digest(row[0], code):
                    raise HTTPException(401)
                return {"access_token": secrets.token_urlsafe(16)}
            """,
            settings='identities.ann.login = { request = "POST /login", json = { username = "ann", '
            'password = "seven-kettles-and-a-gate" } }\n',
        ),
    )
    good = (
        Example(
            """
            import secrets
            import sqlite3
            from collections import Counter

            from fastapi import Body, FastAPI, HTTPException

            app = FastAPI()
            failures: Counter[str] = Counter()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("create table members (username text primary key, code text, tries int default 0)")
            db.execute("insert into members values ('ann', '', 0)")


            @app.post("/login")
            def login(username: str = Body(), password: str = Body()) -> dict[str, str]:
                if failures[username] >= 8:
                    raise HTTPException(429)
                if username == "ann" and secrets.compare_digest(password, "seven-kettles-and-a-gate"):
                    return {"access_token": secrets.token_urlsafe(16)}
                failures[username] += 1
                raise HTTPException(401)


            @app.post("/code/send")
            def send(username: str = Body(embed=True)) -> bool:
                db.execute("update members set code = ?, tries = 0 where username = ?", (f"{secrets.randbelow(10**6):06}", username))
                return True


            @app.post("/code")
            def enter(username: str = Body(), code: str = Body(max_length=6)) -> dict[str, str]:
                row = db.execute("select code, tries from members where username = ?", (username,)).fetchone()
                if row is None or not row[0] or row[1] >= 5 or not secrets.compare_digest(row[0], code):
                    db.execute("update members set tries = tries + 1 where username = ?", (username,))
                    raise HTTPException(401)
                return {"access_token": secrets.token_urlsafe(16)}
            """,
            settings='identities.ann.login = { request = "POST /login", json = { username = "ann", '
            'password = "seven-kettles-and-a-gate" } }\n',
        ),
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
        Example(
            """
            import secrets
            from collections import Counter

            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            failures: Counter[str] = Counter()


            @app.post("/login")
            def login(username: str = Form(), password: str = Form()) -> dict[str, str]:
                right = secrets.compare_digest(password, "seven-kettles-and-a-gate")
                if username != "ann" or not right or failures[username] >= 10:
                    failures[username] += 1
                    raise HTTPException(401, "Wrong name or password")
                failures[username] = 0
                return {"access_token": secrets.token_urlsafe(16)}
            """,
            settings='identities.ann.login = { request = "POST /login", form = { username = "ann", '
            'password = "seven-kettles-and-a-gate" } }\n',
        ),
        Example(
            """
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            tries: list[str] = []
            MOST = 20


            @app.post("/login")
            def login(username: str = Form(), password: str = Form()) -> bool:
                tries.append(username)
                left = MOST - len(tries)
                headers = {"RateLimit-Policy": f'"login";q={MOST};w=60', "RateLimit": f'"login";r={max(left, 0)};t=60'}
                raise HTTPException(401 if left >= 0 else 429, headers=headers)
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Sign-ins that answered every wrong password alike."""
        for key, exchanges in seen.logins.items():
            operation = app.find(key)
            if operation is None or len(exchanges) < ATTEMPTS or _counts_down(exchanges):
                continue
            if key in seen.locked:
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
        for key, (slot, exchanges) in seen.codes.items():
            operation = app.find(key)
            statuses = {e.answer.status for e in exchanges}
            alike = (
                len(statuses) == 1 and statuses <= {400, 401, 403} and not _counts_down(exchanges)
            )
            if operation is not None and alike and all(e.reached for e in exchanges):
                code = slot.partition(":")[2]
                yield self.found(
                    f"{key} answered {len(exchanges)} wrong values of {code} in a row with {exchanges[-1].answer.status}, "
                    "and was not seen to keep anything of it.",
                    confidence=Confidence.SUSPECTED,  # a counter in its memory is not seen
                    location=at(operation, slot),
                    proof=(
                        shown(
                            exchanges[-1], seen.identities, why="the last wrong code of one address"
                        ),
                    ),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which counts sign-ins."""
        home, made = serving_application(draft, finding) or (draft, None)
        return guarded(draft, made, "allows ten sign-ins a minute, by Guard", home)


def _counts_down(exchanges: Sequence[Exchange]) -> bool:
    """Whether the answers tell of a limit that is small, and that these attempts were counted.

    The attempts may have been too slow to meet it (draft-ietf-httpapi-ratelimit-headers: ``RateLimit-Policy`` has quota
    and window, ``RateLimit`` what is left).
    """
    first, last = exchanges[0].answer, exchanges[-1].answer
    policy = last.header("ratelimit-policy") or ""
    quota, window = _QUOTA.search(policy), _WINDOW.search(policy)
    before, after = (_LEFT.search(one.header("ratelimit") or "") for one in (first, last))
    if not (quota and window and before and after) or not int(window[1]):
        return False
    return int(quota[1]) * 60 <= MOST_A_MINUTE * int(window[1]) and int(after[1]) < int(before[1])
