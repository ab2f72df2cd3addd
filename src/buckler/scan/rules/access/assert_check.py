"""ACC013: access is checked by ``assert``, which is not there in an optimised run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.handlers import ENTRIES
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules.access._fixes.asserted import only_the_refused_notice, refuse

_RIGHT = re.compile(
    r"^(is_|has_|can_)?(admin|superuser|super_user|staff|owner|owner_id|user_id|role|roles|permission|permissions|scope|scopes|"
    r"authenticated|is_authenticated|verified|active|allowed|tenant_id|organization_id|admin_required|edit|delete|view)$",
    re.IGNORECASE,
)
_CALLS = re.compile(
    r"^(has|is|can|check|may|verify)_\w*(permission|role|access|owner|admin|scope|password|signature|token)",
    re.IGNORECASE,
)


class AssertAsAccessCheck(Rule):
    """Access is checked by ``assert``.

    ## What it is
    ``assert user.is_admin`` in a handler or dependency. Python leaves every ``assert`` out where it runs with ``-O`` or with
    ``PYTHONOPTIMIZE`` set, as some container images do.

    ## Why it matters
    The check is gone without a trace: everybody may do what the line was to keep them from. Where it is still there,
    a refusal is an error 500 that nobody reads as one.

    ## How to fix
    ``if not user.is_admin: raise HTTPException(403)``, best in a dependency of the route. ``Guard`` with ``requires`` of
    ``buckler.guard`` refuses before the handler is entered.

    ## How to check
    Start the application with ``python -O`` and send the request as an ordinary user: the answer must be 403.

    ## Roll-out
    Callers that are refused get 403 in place of 500.

    ## References
    CWE-617, CWE-862; Python language reference, 7.3; OWASP API5:2023; ASVS 5.0 V8.2.1.
    """

    id = "ACC013"
    name = "assert-as-access-check"
    title = "Access checked by assert"
    severity = Severity.HIGH
    cwe = (862, 617)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1",)
    words = ("assert",)
    control = "guard.Guard"
    fix = Fix(
        "if not …: raise HTTPException(403)",
        before="assert user.is_admin",
        after="if not user.is_admin:\n    raise HTTPException(403)",
        safe=True,
    )
    bad = (
        Example(
            """
            from dataclasses import dataclass

            from fastapi import Depends, FastAPI

            app = FastAPI()


            @dataclass
            class User:
                name: str
                is_admin: bool


            def current_user() -> User:
                return User("ann", False)


            @app.delete("/users/{number}")
            def remove(number: int, user: User = Depends(current_user)) -> int:
                assert user.is_admin, "only for administrators"
                return number
            """,
            line=20,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()
            NOTES = {1: {"owner_id": 7, "text": "milk"}}


            @app.get("/notes/{number}")
            def note(number: int, request: Request) -> str:
                found = NOTES[number]
                assert found["owner_id"] == request.state.user.id
                return str(found["text"])
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI

            from gates import may_write

            app = FastAPI()


            @app.post("/notes", dependencies=[Depends(may_write)])
            def write(text: str) -> str:
                return text
            """,
            files={
                "gates.py": """
                import jwt
                from fastapi import Depends
                from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer


                def may_write(sent: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> None:
                    claims = jwt.decode(sent.credentials, "key-of-the-gate", algorithms=["HS256"])
                    assert "notes:write" in claims["scopes"]
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from dataclasses import dataclass

            from fastapi import Depends, FastAPI, HTTPException

            app = FastAPI()


            @dataclass
            class User:
                name: str
                is_admin: bool
                city: str | None = None


            def current_user() -> User:
                return User("ann", False)


            @app.delete("/users/{number}")
            def remove(number: int, user: User | None = Depends(current_user)) -> str:
                assert user is not None
                if not user.is_admin:
                    raise HTTPException(403)
                assert user.city is not None, "administrators have one"
                return user.city
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            def mean(numbers: list[float]) -> float:
                assert numbers, "the caller has looked"
                return sum(numbers) / len(numbers)


            @app.get("/mean")
            def shown() -> float:
                return mean([1.0, 2.0])
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

            app = FastAPI()


            @app.get("/me")
            def me(sent: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> str:
                token = sent.credentials
                assert isinstance(token, str)
                if token != token.strip():
                    raise HTTPException(401)
                return "fine"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Assertions about rights in functions that a request reaches."""
        index = index_of(module)
        for node in index.all(ast.Assert):
            if not _about_rights(node.test):
                continue
            function = index.function_of(node)
            if function is None:
                continue
            routed = any(isinstance(d, ast.Call) for d in function.decorator_list)
            if routed or ENTRIES.search(ast.unparse(function.args)):
                yield self.found(
                    "Access is checked by assert, which Python leaves out with -O.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A refusal with 403 in its place."""
        for node in draft.index.all(ast.Assert):
            if node.lineno != finding.location.line:
                continue
            if not _about_rights(node.test):
                continue
            if not refuse(draft, node):
                return None
            if only_the_refused_notice(draft, node):
                return draft.repair("refuses with 403")
            return draft.repair(
                "refuses with 403",
                safe=False,
                changes="whoever is refused gets 403 where the assertion raised an error, and is refused with -O, too",
            )
        return None


def _about_rights(test: ast.expr) -> bool:
    """Whether a test asks what the caller may do, rather than what is there."""
    if isinstance(test, ast.Compare) and any(
        isinstance(c, ast.Constant) and c.value is None for c in test.comparators
    ):
        return False
    for node in ast.walk(test):
        if isinstance(node, ast.Attribute) and _RIGHT.match(node.attr):
            return True
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            if isinstance(node.slice.value, str) and _RIGHT.match(node.slice.value):
                return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if _CALLS.match(name):
                return True
    return False
