"""ACC011: an operation for administrators that answers every user."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import text
from buckler.scan.python.index import index_of, last
from buckler.scan.rules._support.access import (
    cell,
    done,
    is_administrative,
    is_public,
    open_to_nobody,
    ordinary,
    unscoped,
)
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.source import here
from buckler.scan.rules.access._fixes.gates import restricted_like_the_others

_ROLE = re.compile(r"(^|_)(role|permission|scope|group|privilege)$", re.IGNORECASE)


class RoleNotChecked(Rule):
    """An operation for administrators asks who is calling, but not what they may do.

    ## What it is
    The route has a user, and nothing compares the user's role. Its path says that it is meant for
    administrators, and often the routes beside it ask for one. Or the role is looked for in a text, ``role in
    "owner,admin"``: there every part of it is found, and an empty role as well.

    ## Why it matters
    Every customer is an administrator for this operation.

    ## How to fix
    Ask for the role in the router: ``APIRouter(prefix="/admin", dependencies=[Depends(require_admin)])``,
    so that no route of it can be forgotten. Compare with a set: ``role in {"owner", "admin"}``. ``requires("shop:manage")`` of ``buckler.guard`` asks for a
    permission that the role gives.

    ## How to check
    Call it as an ordinary user: it must answer 403.

    ## Roll-out
    Check who uses the operation; give the role to those who need it first.

    ## References
    CWE-862; OWASP API5:2023 Broken Function Level Authorization; ASVS 5.0 V8.2.1.
    """

    id = "ACC011"
    name = "role-not-checked"
    title = "Role not checked"
    severity = Severity.HIGH
    cwe = (862, 285)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1",)
    control = "guard.access.roles"
    words = ("role", "permission", "scope", "group", "privilege")
    fix = Fix(
        "ask for the role in the router: dependencies=[Depends(require_admin)]",
        before='router = APIRouter(prefix="/admin")',
        after='router = APIRouter(prefix="/admin", dependencies=[Depends(require_admin)])',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def user(x_key: str = Header("")) -> str:
                if x_key not in ("alice-key-1", "admin-key-1"):
                    raise HTTPException(401)
                return "admin" if x_key == "admin-key-1" else "user"


            def manager(role: str = Depends(user)) -> None:
                if role != "admin":
                    raise HTTPException(403)


            @app.get("/admin/totals", dependencies=[Depends(manager)])
            def totals() -> int:
                return 3


            @app.post("/admin/surcharge")
            def surcharge(role: str = Depends(user)) -> dict[str, int]:
                return {"products": 3}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.olga.role = "admin"\nidentities.olga.header = "X-Key: admin-key-1"\n',
            line=23,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            KEEPERS = "keeper, head keeper"
            PEOPLE = {"key-of-ann-1": {"name": "ann", "role": ""}}


            def person(x_key: str = Header("")) -> dict[str, str]:
                if x_key not in PEOPLE:
                    raise HTTPException(401)
                return PEOPLE[x_key]


            @app.post("/gates/open")
            def opened(who: dict[str, str] = Depends(person)) -> bool:
                if who["role"] not in KEEPERS:
                    raise HTTPException(403)
                return True
            """,
            line=16,
        ),
        Example(
            """
            from dataclasses import dataclass

            from fastapi import Depends, FastAPI, HTTPException

            app = FastAPI()


            @dataclass
            class Person:
                role: str = ""


            def person() -> Person:
                return Person()


            class Ask:
                wanted = "editor|owner"

                def __call__(self, someone: Person = Depends(person)) -> Person:
                    if someone.role in self.wanted:
                        return someone
                    raise HTTPException(403)


            @app.get("/drafts", dependencies=[Depends(Ask())])
            def drafts() -> int:
                return 2
            """,
            line=20,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.get("/stock")
            def stock(request: Request) -> int:
                user_role = getattr(request.state, "role", "")
                allowed = user_role in ("warehouse")
                if not allowed:
                    raise HTTPException(403)
                return 12
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException

            app = FastAPI()
            KEEPERS = ("keeper", "head keeper")
            TEXT = "the role of a keeper"


            def role() -> str:
                return "keeper"


            @app.post("/gates/open")
            def opened(role: str = Depends(role), letter: str = "a") -> bool:
                if role not in KEEPERS or role not in {"keeper"} or role not in ("keeper",):
                    raise HTTPException(403)
                return letter in "aeiou" and "role" in TEXT and role in "keeper,head keeper".split(",")
            """,
        ),
        Example(
            """
            from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def user(x_key: str = Header("")) -> str:
                if x_key not in ("alice-key-1", "admin-key-1"):
                    raise HTTPException(401)
                return "admin" if x_key == "admin-key-1" else "user"


            def require_admin(role: str = Depends(user)) -> None:
                if role != "admin":
                    raise HTTPException(403)


            router = APIRouter(prefix="/admin", dependencies=[Depends(require_admin)])


            @router.post("/surcharge")
            def surcharge() -> dict[str, int]:
                return {"products": 3}


            @app.get("/me")
            def me(role: str = Depends(user)) -> str:
                return role


            app.include_router(router)
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.olga.role = "admin"\nidentities.olga.header = "X-Key: admin-key-1"\n',
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """A role that is looked for in a text, as if that were a list."""
        index = index_of(module)
        for node in index.all(ast.Compare):
            if len(node.ops) != 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
                continue
            if _ROLE.search(_named(node.left)) and text(index, node.comparators[0]):
                yield self.found(
                    "The role is looked for in a text, where any part of it is found, an empty one too.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Administrative operations that refused nobody but nobody."""
        for operation in app.operations:
            if not is_administrative(operation) or is_public(operation, app) or unscoped(operation):
                continue
            if open_to_nobody(operation, seen) is not None or operation.key in seen.forged:
                continue
            exchange = next(
                (e for n in ordinary(seen) if (e := done(cell(operation, seen, n)))), None
            )
            if exchange is not None:
                yield self.found(
                    f"{operation.key} answers {exchange.request.identity}, who is no administrator.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(shown(exchange, seen.identities, why="answered to an ordinary user"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The dependency that the other routes of the same area have and this one has not."""
        found, operation = route_at(draft, finding), finding.location.operation
        name = restricted_like_the_others(draft, *found) if found is not None else ""
        if not name or operation is None:
            return None
        return draft.repair(
            f"asks for {name}, as the other routes of the area do",
            safe=False,
            changes=f"whoever {name} refuses gets no answer from {operation} any more",
            wanted=Wanted(rerouted=frozenset({operation})),
        )


def _named(node: ast.expr) -> str:
    """What a value is called: a name, an attribute, a key."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and last(node.func) == "get" and node.args:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ""
    return last(node)
