"""ERR004: a check that lets everybody in when it breaks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.python.constants import truth
from buckler.scan.python.failing import check_in, decides, goes_on, swallows
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here
from buckler.scan.rules._support.statements import refusal, serves_fastapi

_NOT_GATE = re.compile(
    r"rate|quota|throttle|cache|notify|audit|metric|cleanup|close|shutdown", re.IGNORECASE
)


class FailsOpen(Rule):
    """When the check breaks, the request is let in.

    ## What it is
    A check of access or of a signature stands in a ``try``, and the ``except`` goes on as if it had been
    passed: ``pass``, a line in the log, ``return True``, ``return ADMIN``.

    ## Why it matters
    Breaking the check is easy: a token that does not parse, a header that is missing, a database that
    does not answer. Each opens the door. And an ``HTTPException(403)`` raised in the ``try`` is swallowed
    by ``except Exception`` with the rest.

    ## How to fix
    Let the error out, or refuse: ``raise HTTPException(401) from error``. Catch only what the check is
    documented to raise, around that one line. ``requires(…)`` of ``buckler.guard`` lets nobody pass when
    something fails.

    ## How to check
    Send garbage where the token goes, and nothing at all: both must be refused.

    ## Roll-out
    Requests that got in by mistake are refused from now on; look into the log for who they were.

    ## References
    CWE-755, CWE-636; OWASP A10:2025 Mishandling of Exceptional Conditions; ASVS 5.0 V16.5.3.
    """

    id = "ERR004"
    name = "fails-open"
    title = "Check that fails open"
    severity = Severity.HIGH
    cwe = (755, 636)
    owasp = ("API5:2023", "A01:2021", "A10:2025")
    asvs = ("V16.5.3",)
    confirmed = "reached"
    control = "guard.access"
    fix = Fix(
        "refuse when the check breaks: raise HTTPException(401) from error",
        before="except Exception:\n    logger.warning(…)",
        after="except TokenError as error:\n    raise HTTPException(401) from error",
    )
    bad = (
        Example(
            """
            import logging
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            logger = logging.getLogger("shop")
            KEY = secrets.token_bytes(32)


            def depot(x_token: str = Header(default="")) -> None:
                try:
                    claims = jwt.decode(x_token, KEY, algorithms=["HS256"])
                    if claims["sub"] != "depot":
                        raise HTTPException(403)
                except Exception:
                    logger.warning("token could not be checked")


            @app.post("/goods", dependencies=[Depends(depot)])
            def goods() -> str:
                return "booked"
            """,
            line=17,
        ),
        Example(
            """
            import hashlib
            import hmac
            import secrets

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def genuine(text: str, signature: str) -> bool:
                try:
                    made = hmac.new(KEY, text.encode(), hashlib.sha256).digest()
                    return hmac.compare_digest(made, bytes.fromhex(signature))
                except ValueError:
                    return True


            @app.post("/events")
            def event(text: str, signature: str) -> str:
                if not genuine(text, signature):
                    raise HTTPException(401)
                return "taken"
            """,
            line=15,
        ),
        Example(
            """
            from contextlib import suppress

            from fastapi import FastAPI, Request

            app = FastAPI()


            def check_access(request: Request) -> None:
                if request.headers["x-role"] != "clerk":
                    raise PermissionError("no")


            @app.delete("/orders")
            def clear(request: Request) -> str:
                with suppress(Exception):
                    check_access(request)
                return "cleared"
            """,
        ),
    )
    good = (
        Example(
            """
            import logging
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            logger = logging.getLogger("shop")
            KEYS = [secrets.token_bytes(32), secrets.token_bytes(32)]


            def claims_of(x_token: str = Header(default="")) -> dict[str, object]:
                for key in KEYS:
                    try:
                        return jwt.decode(x_token, key, algorithms=["HS256"])
                    except jwt.PyJWTError:
                        continue
                raise HTTPException(401)


            def maybe(x_token: str = Header(default="")) -> str | None:
                try:
                    return str(claims_of(x_token)["sub"])
                except Exception:
                    logger.warning("token could not be checked")
                    return None


            def allowed(x_token: str = Header(default="")) -> bool:
                try:
                    verify = claims_of(x_token)
                except HTTPException:
                    return False
                return bool(verify)


            @app.post("/goods", dependencies=[Depends(claims_of)])
            def goods() -> str:
                try:
                    logger.info("booked")
                except Exception:
                    pass
                return "booked"


            @app.get("/")
            def home(name: str | None = Depends(maybe), known: bool = Depends(allowed)) -> str:
                return name or "stranger"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Handlers around a check that go on as if it had been passed."""
        index = index_of(module)
        for node in index.all(ast.Try):
            why = check_in(index, node.body)
            function = index.function_of(node)
            if not why or function is None or _NOT_GATE.search(function.name):
                continue
            for handler in node.handlers:
                if swallows(handler, why) and goes_on(index, function, node, handler):
                    yield self._made(index, handler)
        for block in index.withs():
            suppressed = any(
                isinstance(i.context_expr, ast.Call) and last(i.context_expr.func) == "suppress"
                for i in block.items
            )
            if suppressed and check_in(index, block.body) and not decides(block.body):
                yield self._made(index, block)

    def _made(self, index: Index, node: ast.AST) -> Finding:
        return self.found(
            "When this check breaks, the request goes on as if it had been passed.",
            confidence=Confidence.SUSPECTED,
            location=here(index, node),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A refusal at the end of the handler, or ``False`` where it answered ``True``."""
        line = finding.location.line
        for node in draft.index.all(ast.Try):
            for handler in node.handlers:
                if handler.lineno == line and _refuses(draft, handler):
                    return draft.repair(
                        "refuses where the check breaks",
                        safe=False,
                        changes="while what the check needs is broken, nobody is let in",
                        wanted=Wanted(closed=frozenset({(draft.path, handler.lineno)})),
                    )
        return None


def _refuses(draft: Draft, handler: ast.ExceptHandler) -> bool:
    end = handler.body[-1]
    returns = [node for node in ast.walk(handler) if isinstance(node, ast.Return)]
    if returns:
        yes = isinstance(end, ast.Return) and truth(draft.index, end.value) is True
        if not yes or len(returns) > 1 or not isinstance(end, ast.Return) or end.value is None:
            return False
        draft.replace(end.value, "False")
        return True
    simple = isinstance(end, ast.Expr | ast.Pass) and serves_fastapi(draft)
    if not simple or any(isinstance(node, ast.Assign) for node in ast.walk(handler)):
        return False
    said = refusal(draft, 401, handler)
    if isinstance(end, ast.Pass):
        draft.replace(end, said)
    else:
        draft.insert_after(end, said)
    return True
