"""ACC015: a middleware lets requests past its check by a part of their path."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import EVERY, Repair, Wanted
from buckler.scan.python.constants import texts
from buckler.scan.python.index import Function, Index, index_of, last
from buckler.scan.rules._support.source import here
from buckler.scan.rules.access._fixes.whole_path import compared_whole

_PATH = re.compile(
    r"(url\.path|scope\[['\"](raw_)?path['\"]\]|scope\.get\(['\"](raw_)?path['\"]\)|url\.__str__\(\)|str\([\w.]*url\))$"
)
_CHECK = re.compile(
    r"\b(40[13]|HTTP_40[13]\w*|authori[sz]ation|x-api-key|api_key|token|session|credential|current_user)\b",
    re.IGNORECASE,
)


class MiddlewarePathBypass(Rule):
    """A middleware that checks credentials lets a request through because of a part of its path.

    ## What it is
    ``if "/docs" in request.url.path`` or ``path.endswith(".css")`` before the check, or ``path.startswith("/public")`` without
    a slash at its end. The text can be put into paths that were not meant.

    ## Why it matters
    ``/users/7/docs``, ``/files/secret.css`` or ``/public-reports`` go past the check. Routes with a parameter of text take nearly
    any such path, so the whole application can be open.

    ## How to fix
    Put the check into a dependency of the application and state the public routes by name, or compare the whole path
    with a set: ``if request.url.path in PUBLIC``. ``Guard`` of ``buckler.guard`` denies by default and opens a route only where it
    says ``public``.

    ## How to check
    Ask for a protected route with the text added to its path, without a credential: the answer must be 401.

    ## Roll-out
    List the paths that have to be open before the change; log what the old test let through.

    ## References
    CWE-288, CWE-863; OWASP API5:2023; ASVS 5.0 V8.2.1, V8.3.1.
    """

    id = "ACC015"
    name = "middleware-path-bypass"
    title = "Check passed by a part of the path"
    severity = Severity.HIGH
    cwe = (288, 863)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1", "V8.3.1")
    control = "guard.Guard"
    fix = Fix(
        "compare the whole path: request.url.path in PUBLIC",
        before='if "/docs" in request.url.path:',
        after='if request.url.path in {"/docs", "/openapi.json"}:',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.middleware("http")
            async def check(request: Request, call_next):
                if "/docs" in request.url.path:
                    return await call_next(request)
                if request.headers.get("authorization") is None:
                    return JSONResponse({"detail": "who are you?"}, status_code=401)
                return await call_next(request)
            """,
            line=9,
        ),
        Example(
            """
            from fastapi import FastAPI

            from layers import Check

            app = FastAPI()
            app.add_middleware(Check)
            """,
            files={
                "layers.py": """
                from fastapi import Request
                from fastapi.responses import JSONResponse
                from starlette.middleware.base import BaseHTTPMiddleware

                ENDS = (".css", ".js")


                class Check(BaseHTTPMiddleware):
                    async def dispatch(self, request: Request, call_next):
                        path = request.url.path
                        if not path.endswith(ENDS) and "session" not in request.cookies:
                            return JSONResponse({"detail": "sign in first"}, status_code=401)
                        return await call_next(request)
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()
            OPEN = ["/login", "/static"]


            @app.middleware("http")
            async def check(request: Request, call_next):
                if any(part in request.url.path for part in OPEN):
                    return await call_next(request)
                if request.headers.get("x-api-key") is None:
                    return JSONResponse({}, 403)
                return await call_next(request)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()
            PUBLIC = {"/docs", "/openapi.json", "/login"}


            @app.middleware("http")
            async def check(request: Request, call_next):
                if request.url.path in PUBLIC or request.url.path.startswith("/static/"):
                    return await call_next(request)
                if request.headers.get("authorization") is None:
                    return JSONResponse({"detail": "who are you?"}, status_code=401)
                return await call_next(request)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.middleware("http")
            async def cached(request: Request, call_next):
                answer = await call_next(request)
                if request.url.path.endswith(".css") or "/static" in request.url.path:
                    answer.headers["Cache-Control"] = "max-age=3600"
                return answer
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.middleware("http")
            async def check(request: Request, call_next):
                if "/admin" in request.url.path and request.headers.get("x-forwarded-for"):
                    return JSONResponse({}, status_code=403)
                return await call_next(request)
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Tests of the path in functions that hand a request on and refuse others."""
        index = index_of(module)
        for function in index.functions:
            if not _is_middleware(function) or not _CHECK.search(ast.unparse(function)):
                continue
            for node, how in _loose(index, function):
                if _opens(index, function, node):
                    yield self.found(
                        f"The check of the middleware is passed by a path that {how}.",
                        confidence=Confidence.SUSPECTED,
                        location=here(index, node),
                    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The routes that the test was made for, where all routes are known; else a slash at the end."""
        loose = [
            n for f in draft.index.functions if _is_middleware(f) for n, _ in _loose(draft.index, f)
        ]
        for node in draft.nodes_at(finding.location.line or 0, loose):
            told = compared_whole(draft, node)
            if told == "":
                return draft.repair("lets those routes through alone that the test was made for")
            if told is not None:
                return draft.repair(
                    "compares whole parts of the path",
                    safe=False,
                    changes=told,
                    wanted=Wanted(refused=frozenset({EVERY})),
                )
        return None


def _is_middleware(function: Function) -> bool:
    names = {a.arg for a in function.args.args}
    return "call_next" in names or {"scope", "receive", "send"} <= names


def _loose(index: Index, function: Function) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Compare)
            and len(node.ops) == 1
            and isinstance(node.ops[0], ast.In | ast.NotIn)
        ):
            if _is_path(index, node.comparators[0]):
                yield node, "only contains a text"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if not _is_path(index, node.func.value):
                continue
            if node.func.attr == "endswith":
                yield node, "only ends in a text"
            elif node.func.attr == "startswith":
                known = [t for t in texts(index, node.args[0]) if t.strip("/")]
                if any(not t.endswith("/") for t in known):
                    yield node, "only begins alike: there is no slash at the end"


def _is_path(index: Index, node: ast.expr) -> bool:
    if _PATH.search(ast.unparse(node)):
        return True
    return isinstance(node, ast.Name) and any(
        _PATH.search(ast.unparse(v)) for v in index.values(node)
    )


def _opens(index: Index, function: Function, node: ast.expr) -> bool:
    """Whether the truth of a test lets the request through rather than putting it to the check."""
    negated = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn)
    for outer in index.around(node):
        if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not):
            negated = not negated
        if isinstance(outer, ast.If):
            if not index.inside(node, outer.test):
                return False
            return (
                _refuses(outer.body) if negated else _passes(outer.body) and _refuses(function.body)
            )
        if outer is function:
            return False
    return False


def _passes(body: list[ast.stmt]) -> bool:
    """Whether a branch begins by handing the request on."""
    first = body[0]
    calls = [n for n in ast.walk(first) if isinstance(n, ast.Call)]
    returns = isinstance(first, ast.Return) or any(isinstance(s, ast.Return) for s in body)
    return returns and any(last(c.func) in ("call_next", "app") for c in calls)


def _refuses(body: list[ast.stmt]) -> bool:
    text = "\n".join(ast.unparse(s) for s in body)
    return (
        re.search(r"\b40[13]\b|HTTP_40[13]|RedirectResponse|Unauthorized|Forbidden", text)
        is not None
    )
