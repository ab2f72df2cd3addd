"""AUT015: a password that is written into the source is compared with what was sent."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import Value, value_of
from buckler.scan.python.index import Index, index_of
from buckler.scan.python.words import is_password, name_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.from_settings import read_from_settings

_COMPARES = frozenset({"hmac.compare_digest", "secrets.compare_digest"})
_SHORT = 4
"""Texts below this length are marks such as ``*``, not passwords."""
_WORDS = frozenset({"password", "text", "string", "none", "null", "true", "false", "hidden"})
"""Names of kinds and fields that a variable called ``password`` may be compared with."""


class ConstantCredentials(Rule):
    """A sign-in compares the password with one that is written into the source.

    ## What it is
    ``if password == "…"``, or ``compare_digest(credentials.password, "…")`` for Basic authentication. The same password opens
    every installation, and it stands in the repository.

    ## Why it matters
    Everybody who can read the code, a backup or an image of a container can sign in. It cannot be changed without a
    release, so nobody changes it after somebody has left.

    ## How to fix
    Keep a hash of it outside of the code and compare with that: ``pwdlib``'s ``PasswordHash.recommended().verify(password,
    settings.admin_hash)``. A setting without a default is the least: ``settings.admin_password`` from the
    environment. ``buckler.guard.auth.basic`` reads users with hashes from a store.

    ## How to check
    Search the repository for the password; the application must not start without the setting.

    ## Roll-out
    Set the environment variable first. The old password stays in the history of the repository: choose a new one.

    ## References
    CWE-798, CWE-259; OWASP API2:2023; ASVS 5.0 V6.3.2, V13.2.3.
    """

    id = "AUT015"
    name = "constant-credentials"
    title = "Password in the source"
    severity = Severity.HIGH
    cwe = (798, 259)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V6.3.2", "V13.2.3")
    control = "guard.auth.basic"
    fix = Fix(
        "compare with a hash that comes from the settings",
        before='if password != "…":',
        after="if not hasher.verify(password, settings.admin_hash):",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()


            @app.post("/enter")
            def enter(name: str = Form(), password: str = Form()) -> str:
                if name != "clerk" or password != "tulip-7":
                    raise HTTPException(401)
                return "welcome"
            """,
            line=8,
        ),
        Example(
            """
            import secrets

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import HTTPBasic, HTTPBasicCredentials

            app = FastAPI()


            @app.get("/figures")
            def figures(sent: HTTPBasicCredentials = Depends(HTTPBasic())) -> str:
                right_name = secrets.compare_digest(sent.username.encode(), b"clerk")
                if not (right_name and secrets.compare_digest(sent.password.encode(), b"tulip-7")):
                    raise HTTPException(401)
                return "12"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException
            from pydantic import BaseModel

            from accounts import CLERK

            app = FastAPI()


            class SignIn(BaseModel):
                name: str
                password: str


            @app.post("/enter")
            def enter(form: SignIn) -> str:
                if form.password == CLERK:
                    return "welcome"
                raise HTTPException(401)
            """,
            files={"accounts.py": 'CLERK = "tulip-7"\n'},
        ),
    )
    good = (
        Example(
            """
            import hmac
            import os

            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            CLERK_PASSWORD = os.environ["CLERK_PASSWORD"]


            @app.post("/enter")
            def enter(password: str = Form()) -> str:
                if password == "" or not hmac.compare_digest(password.encode(), CLERK_PASSWORD.encode()):
                    raise HTTPException(401)
                return "welcome"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            COMMON = {"password", "tulip"}


            @app.post("/register")
            def register(name: str, password: str, password_type: str = "text") -> str:
                if password == name or password in COMMON or password_type == "password":
                    raise HTTPException(422)
                return "welcome"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pwdlib import PasswordHash

            app = FastAPI()
            hasher = PasswordHash.recommended()
            FIELDS = ("name", "password")


            @app.post("/enter")
            def enter(password: str, stored: str) -> bool:
                for field in FIELDS:
                    if field == "password":
                        return hasher.verify(password, stored)
                return False
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Comparisons of what is called a password with a constant."""
        index = index_of(module)
        for node, left, right in _compared(index):
            for sent, constant in ((left, right), (right, left)):
                if _is_sent(index, sent) and _is_written(index, constant):
                    yield self.found(
                        "The password that was sent is compared with one that is written into the source.",
                        confidence=Confidence.SUSPECTED,
                        location=here(index, node),
                    )
                    break

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The environment, without a value that stands in for it."""
        pairs = {node: (left, right) for node, left, right in _compared(draft.index)}
        for node in draft.nodes_at(finding.location.line or 0, list(pairs)):
            left, right = pairs[node]
            for sent, constant in ((left, right), (right, left)):
                if _is_sent(draft.index, sent) and _is_written(draft.index, constant):
                    name = read_from_settings(draft, node, sent, constant)
                    told = (
                        f"the sign-in fails until {name} is set; choose a new password, since the history of the "
                        "repository keeps the old one"
                    )
                    return draft.repair(
                        f"reads {name} from the environment", safe=False, changes=told
                    )
        return None


def _compared(index: Index) -> Iterator[tuple[ast.expr, ast.expr, ast.expr]]:
    for node in index.all(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            yield node, node.left, node.comparators[0]
    for call in index.called("compare_digest"):
        if index.name(call.func) in _COMPARES and len(call.args) == 2:
            yield call, call.args[0], call.args[1]


def _is_sent(index: Index, node: ast.expr) -> bool:
    if not is_password(name_of(node)) or name_of(node).isupper():
        return False
    return value_of(index, node) is None


def _is_written(index: Index, node: ast.expr) -> bool:
    found: Value | None = value_of(index, node)
    if found is None or found.default:
        return False
    text = found.value.decode("latin-1") if isinstance(found.value, bytes) else found.value
    return isinstance(text, str) and len(text) >= _SHORT and text.lower() not in _WORDS
