"""AUT023: a signing secret that is drawn anew at every start where none is configured."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, argument, index_of, last, unpacks
from buckler.scan.python.words import kind, may_be_key
from buckler.scan.rules._support.source import here

_DRAWS = frozenset(
    {f"secrets.{n}" for n in ("token_hex", "token_urlsafe", "token_bytes")}
    | {"os.urandom", "uuid.uuid4", "cryptography.fernet.Fernet.generate_key"}
)
_GETTERS = frozenset({"os.getenv", "os.environ.get"})


class SecretMadeAtStart(Rule):
    """The secret that signs is drawn at the start of the process where the environment has none.

    ## What it is
    ``os.getenv("SECRET_KEY", secrets.token_hex(32))``. Every process draws its own, and every restart another one.

    ## Why it matters
    A forgotten variable is not noticed: with two workers every other request is refused, with each deployment
    everybody is signed out and every link in a mail is dead. People then turn the checks off to make it work.

    ## How to fix
    ``os.environ["SECRET_KEY"]``, or a field of the settings without a default: the application does not start without
    it. ``Guard(secret=…)`` of ``buckler.guard`` refuses to start as well.

    ## How to check
    Start the application without the variable: it must say which one is missing.

    ## Roll-out
    Set the variable in every environment first, tests and development included.

    ## References
    CWE-1188, CWE-324; ASVS 5.0 V13.3.1, V11.1.1.
    """

    id = "AUT023"
    name = "secret-made-at-start"
    title = "Secret drawn at every start"
    severity = Severity.LOW
    cwe = (1188, 324)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.3.1", "V11.1.1")
    control = "guard.Guard"
    fix = Fix(
        'os.environ["SECRET_KEY"]',
        before='SECRET_KEY = os.getenv("SECRET_KEY", secrets.token_hex(32))',
        after='SECRET_KEY = os.environ["SECRET_KEY"]',
    )
    bad = (
        Example(
            """
            import os
            import secrets

            from fastapi import FastAPI

            app = FastAPI()
            SECRET_KEY = os.getenv("SECRET_KEY", secrets.token_hex(32))


            @app.get("/length")
            def length() -> int:
                return len(SECRET_KEY)
            """,
            line=7,
        ),
        Example(
            """
            from fastapi import FastAPI

            from settings import settings

            app = FastAPI()


            @app.get("/length")
            def length() -> int:
                return len(settings.jwt_secret)
            """,
            files={
                "settings.py": """
                import secrets

                from pydantic import Field
                from pydantic_settings import BaseSettings


                class Settings(BaseSettings):
                    name: str = "mill"
                    jwt_secret: str = Field(default_factory=lambda: secrets.token_urlsafe(48))


                settings = Settings()
                """,
            },
        ),
        Example(
            """
            import os
            from secrets import token_urlsafe

            from fastapi import FastAPI

            app = FastAPI()
            SIGNING_KEY = os.environ.get("SIGNING_KEY") or token_urlsafe(32)


            @app.get("/length")
            def length() -> int:
                return len(SIGNING_KEY)
            """,
        ),
    )
    good = (
        Example(
            """
            import os
            import secrets
            import uuid

            from fastapi import FastAPI

            app = FastAPI()
            SECRET_KEY = os.environ.get("SECRET_KEY")
            INSTANCE = os.getenv("INSTANCE_ID", uuid.uuid4().hex)


            @app.post("/invite")
            def invite(token: str | None = None) -> str:
                code = token or secrets.token_urlsafe(32)
                return code
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from pydantic import BaseModel, Field

            app = FastAPI()


            class Invitation(BaseModel):
                token: str = Field(default_factory=lambda: secrets.token_urlsafe(32))


            @app.post("/invite")
            def invite() -> Invitation:
                return Invitation()
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic_settings import BaseSettings


            class Settings(BaseSettings):
                secret_key: str = ""


            app = FastAPI()
            settings = Settings()


            @app.get("/ready")
            def ready() -> bool:
                return settings.secret_key != ""
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Settings that fall back to a value that is drawn."""
        index = index_of(module)
        for node, name in _settings(index):
            if kind(name) in ("secret", "key") or may_be_key(name):
                yield self.found(
                    f"{name} is drawn anew at every start where it is not configured.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``os.environ[…]`` for ``os.getenv(…, drawn)``; a field of the settings without what is drawn for it."""
        for node, key in _read_with_another(draft, finding):
            environ = draft.name_for("os.environ", at=node)
            draft.replace(node, f"{environ}[{draft.of(key)}]")
            return draft.repair(
                "does not start without the secret",
                safe=False,
                changes="the variable has to be set wherever the application runs, tests included",
            )
        for field in draft.index.all(ast.AnnAssign):
            inside = isinstance(draft.index.parents.get(field), ast.ClassDef)
            if field.lineno == finding.location.line and inside and _required(draft, field):
                return draft.repair(
                    f"does not start without {last(field.target)}",
                    safe=False,
                    changes="the setting has to be made wherever the application runs, tests included",
                )
        return None


def _read_with_another(draft: Draft, finding: Finding) -> Iterator[tuple[ast.expr, ast.expr]]:
    """``os.getenv("X", drawn)`` and ``os.getenv("X") or drawn``, with ``"X"``."""
    for call in draft.calls_at(finding):
        if draft.index.name(call.func) not in _GETTERS or call.keywords or not call.args:
            continue
        outer = draft.index.parents.get(call)
        if len(call.args) == 2 and _is_drawn(draft.index, call.args[1]):
            yield call, call.args[0]
        elif isinstance(outer, ast.BoolOp) and _falls_back(draft.index, outer, False):
            if len(call.args) == 1 and len(outer.values) == 2:
                yield outer, call.args[0]


def _required(draft: Draft, field: ast.AnnAssign) -> bool:
    """Take what is drawn out of a field of the settings; whether that could be done."""
    value = field.value
    if value is None or not _falls_back(draft.index, value, True):
        return False
    if not isinstance(value, ast.Call) or _is_drawn(draft.index, value.func):
        return _bare(draft, field)
    drawn = [k.arg for k in value.keywords if k.arg in ("default", "default_factory")]
    if unpacks(value) or len(drawn) + len(value.args) != 1:
        return False
    if len(value.keywords) + len(value.args) == 1:
        return _bare(draft, field)
    if drawn:
        draft.remove_keyword(value, str(drawn[0]))
    else:
        draft.replace(value.args[0], "...")
    return True


def _bare(draft: Draft, field: ast.AnnAssign) -> bool:
    """``key: str`` for ``key: str = …``."""
    draft.edit(draft.source.span(field.annotation)[1], draft.source.span(field)[1], "")
    return True


def _settings(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for assign in index.settings():
        target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        scope = index.scope_of(assign)
        if (
            not isinstance(target, ast.Name)
            or assign.value is None
            or isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
        ):
            continue
        if isinstance(scope, ast.ClassDef) and not any(
            "Settings" in ast.unparse(b) for b in scope.bases
        ):
            continue
        if _falls_back(index, assign.value, isinstance(scope, ast.ClassDef)):
            yield assign, target.id


def _falls_back(index: Index, node: ast.expr, settings: bool) -> bool:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _reads(index, node.values[0]) and _is_drawn(index, node.values[-1])
    if isinstance(node, ast.Call) and index.name(node.func) in _GETTERS and len(node.args) > 1:
        return _is_drawn(index, node.args[1])
    if settings:
        factory = argument(node, "default_factory") if isinstance(node, ast.Call) else None
        given = (
            factory
            if factory is not None
            else argument(node, "default", 0)
            if isinstance(node, ast.Call)
            else None
        )
        return _is_drawn(index, node) or (given is not None and _is_drawn(index, given))
    return False


def _reads(index: Index, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and index.name(node.func) in _GETTERS


def _is_drawn(index: Index, node: ast.expr) -> bool:
    if isinstance(node, ast.Lambda):
        return _is_drawn(index, node.body)
    if index.name(node) in _DRAWS:
        return True
    return any(isinstance(c, ast.Call) and index.name(c.func) in _DRAWS for c in ast.walk(node))
