"""ACC014: the request itself says which role its sender has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.handlers import is_handler
from buckler.scan.python.index import Function, Index, default_of, index_of, last, parameter
from buckler.scan.rules._support.source import here

_ROLE = re.compile(
    r"^(x[-_])?(user[-_]|my[-_]|current[-_]|auth[-_])?(role|roles|is[-_]?admin|admin|is[-_]?superuser|is[-_]?staff|permissions?|scopes?|groups?|access[-_]level)$",
    re.IGNORECASE,
)
_SENT = frozenset({"Header", "Cookie", "Query", "Form"})
_PARTS = frozenset({"headers", "cookies", "query_params"})
_GRANTS = frozenset(
    "admin administrator superuser root staff owner manager moderator operator editor".split()
)


class RoleFromRequest(Rule):
    """The role that decides about access is read from a header, cookie or parameter.

    ## What it is
    ``role: str = Header()`` or ``request.headers["X-Role"]`` is compared with ``admin`` and decides whether the request is
    refused. Nothing shows that the sender has that role.

    ## Why it matters
    Whoever adds ``X-Role: admin`` is an administrator. A gateway that sets the header does not help where the application
    can be reached without it, or where the gateway passes on what the client sent.

    ## How to fix
    Take the role from the principal that a verified token, session or key stands for. ``Guard`` with ``requires`` of
    ``buckler.guard`` does so. Behind a gateway: check a signature of what it says.

    ## How to check
    Send the request without any credential but with the header: the answer must be 401.

    ## Roll-out
    Callers that only sent the header need a credential.

    ## References
    CWE-639, CWE-290, CWE-807; OWASP API5:2023; ASVS 5.0 V8.3.1.
    """

    id = "ACC014"
    name = "role-from-request"
    title = "Role taken from the request"
    severity = Severity.HIGH
    cwe = (807, 290, 639)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.3.1",)
    words = ("401", "403", "Forbidden", "PermissionDenied", "Unauthorized", "PermissionError")
    control = "guard.Guard"
    fix = Fix(
        "take the role from the principal",
        before='def remove(x_role: str = Header()):\n    if x_role != "admin":',
        after='def remove(user: User = Depends(current_user)):\n    if user.role != "admin":',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.delete("/users/{number}")
            def remove(number: int, x_role: str = Header(default="")) -> int:
                if x_role != "admin":
                    raise HTTPException(403)
                return number
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI

            from gates import only_staff

            app = FastAPI()


            @app.get("/figures", dependencies=[Depends(only_staff)])
            def figures() -> str:
                return "12"
            """,
            files={
                "gates.py": """
                from fastapi import HTTPException, Request


                def only_staff(request: Request) -> None:
                    role = request.headers.get("X-User-Role", "guest")
                    if role not in ("staff", "admin"):
                        raise HTTPException(403)
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/export")
            def export(is_admin: bool = False) -> str:
                if not is_admin:
                    raise HTTPException(403, "only for administrators")
                return "12"
            """,
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
                role: str


            def current_user() -> User:
                return User("reader")


            @app.delete("/users/{number}")
            def remove(number: int, user: User = Depends(current_user)) -> int:
                role = user.role
                if role != "admin":
                    raise HTTPException(403)
                return number
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, Query

            app = FastAPI()
            ROLES = ("admin", "reader")


            @app.get("/users")
            def users(role: str = Query(default="reader")) -> list[str]:
                if role not in ROLES:
                    raise HTTPException(422, "there is no such role")
                return ["ann"] if role == "admin" else ["bob"]
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.put("/users/{number}/role")
            def change(number: int, role: str, authorization: str = Header()) -> str:
                if role == "owner":
                    raise HTTPException(409, "there is one owner only")
                return role
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Tests of a role that refuse, where the role came with the request."""
        index = index_of(module)
        for node in index.all(ast.If):
            function = index.function_of(node)
            if function is None or not _refuses(node.body):
                continue
            name = next(_unproven(index, function, node.test), "")
            if name:
                yield self.found(
                    f"The request says itself that its sender has the right: {name} decides about access.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )


def _refuses(body: list[ast.stmt]) -> bool:
    """Whether a branch answers 401 or 403."""
    for node in (n for statement in body for n in ast.walk(statement)):
        if isinstance(node, ast.Raise | ast.Return):
            text = ast.unparse(node)
            if re.search(
                r"\b40[13]\b|HTTP_40[13]|Forbidden|PermissionDenied|Unauthorized|PermissionError",
                text,
            ):
                return True
    return False


def _unproven(index: Index, function: Function, test: ast.expr) -> Iterator[str]:
    for node in [test, *ast.walk(test)]:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            if isinstance(node.operand, ast.Name):
                yield from _came(index, function, node.operand)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            wanted = {
                str(c.value).lower()
                for c in ast.walk(node.comparators[0])
                if isinstance(c, ast.Constant)
            }
            denies = isinstance(node.ops[0], ast.NotEq | ast.NotIn)
            if denies and (wanted & _GRANTS or wanted & {"true", "1"}):
                yield from _came(index, function, node.left)


def _came(index: Index, function: Function, node: ast.expr) -> Iterator[str]:
    """The name under which a request brought a value; nothing where it did not."""
    read = _read_off(node)
    if read:
        yield read
    if not isinstance(node, ast.Name) or not _ROLE.match(node.id):
        return
    for value in index.values(node):
        read = _read_off(value)
        if read:
            yield read
    given = parameter(function, node.id)
    if given is None or index.values(node):
        return
    default = default_of(function, node.id)
    note = ast.unparse(given.annotation) if given.annotation is not None else ""
    marked = isinstance(default, ast.Call) and last(default.func) in _SENT
    if marked or any(f"{name}(" in note for name in _SENT):
        yield node.id
    elif (
        is_handler(function)
        and note in ("str", "bool", "str | None", "bool | None")
        and "Depends" not in note
    ):
        if default is None or isinstance(default, ast.Constant):
            yield node.id


def _read_off(node: ast.expr) -> str:
    """``request.headers.get("X-Role")``: the name of what is read, if it is a role."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
    ):
        owner, key = node.func.value, node.args[0] if node.args else None
    elif isinstance(node, ast.Subscript):
        owner, key = node.value, node.slice
    else:
        return ""
    if last(owner) in _PARTS and isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value if _ROLE.match(key.value) else ""
    return ""
