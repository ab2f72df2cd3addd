"""AUT004: secrets that are compared with == tell how much of a guess is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.comparisons import harmless, secret
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.compare import compare

_OPERATORS = (ast.Eq, ast.NotEq)
_LINE = re.compile(
    r"pass|pwd|secret|token|key|sign|sig|mac|digest|otp|pin|code|auth|cred|expected|jwt",
    re.IGNORECASE,
)


class SecretComparedUnsafely(Rule):
    """A secret is compared with ``==``, which stops at the first letter that differs.

    ## What it is
    An API key, a token, a signature or a password from the request is compared with the right one
    by ``==`` or ``!=``. The comparison takes longer the more letters at the beginning are right.

    ## Why it matters
    Whoever can measure the time well, or often enough, finds the secret letter by letter instead
    of having to guess all of it. A forged signature of a webhook can be found the same way.

    ## How to fix
    ``hmac.compare_digest(given.encode(), expected.encode())``, or ``secrets.compare_digest``; both take
    the same time whatever differs. Encode first: texts with letters beyond ASCII raise a TypeError. API
    keys of ``buckler.guard`` (``AuthPolicy(ways=["api_key"])``) are looked up by their digest.

    ## How to check
    Look for ``==`` beside every name that ends in key, token, secret, signature or password.

    ## Roll-out
    Nothing changes for callers.

    ## References
    CWE-208; OWASP API2:2023; ASVS 5.0 V11.2.4.
    """

    id = "AUT004"
    name = "secret-compared-unsafely"
    title = "Secret compared with =="
    severity = Severity.LOW
    cwe = (208,)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.2.4",)
    confirmed = "compared"
    control = "guard.auth.api_key"
    fix = Fix(
        "compare in constant time: hmac.compare_digest(given.encode(), expected.encode())",
        before="if key != settings.api_key:",
        after="if not hmac.compare_digest(key.encode(), settings.api_key.encode()):",
        safe=True,
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            FEED_KEY = os.environ.get("FEED_KEY")


            @app.get("/feed")
            def feed(x_key: str = Header(default="")) -> str:
                if x_key != FEED_KEY:
                    raise HTTPException(403)
                return "prices"
            """,
            line=11,
        ),
        Example(
            """
            import hashlib
            import hmac
            import secrets

            from fastapi import FastAPI, Header, HTTPException, Request

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def sign(body: bytes) -> str:
                return hmac.new(KEY, body, hashlib.sha256).hexdigest()


            @app.post("/events")
            async def event(request: Request, x_hub: str = Header(default="")) -> str:
                expected = sign(await request.body())
                if x_hub == f"sha256={expected}":
                    return "taken"
                raise HTTPException(401)
            """,
            line=18,
        ),
        Example(
            """
            from fastapi import FastAPI, Header, HTTPException
            from pydantic_settings import BaseSettings


            class Options(BaseSettings):
                tariff_key: str = ""


            app = FastAPI()
            options = Options()


            @app.get("/tariffs")
            def tariffs(given: str = Header(default="")) -> str:
                if given != options.tariff_key:
                    raise HTTPException(403)
                return "12"
            """,
            line=15,
        ),
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException, Request
            from fastapi.security import HTTPBasic, HTTPBasicCredentials

            app = FastAPI()
            basic = HTTPBasic()


            @app.get("/figures")
            def figures(sent: HTTPBasicCredentials = Depends(basic)) -> str:
                if sent.username == "clerk" and sent.password == os.environ.get("CLERK_PASSWORD"):
                    return "12"
                raise HTTPException(401)


            @app.get("/internal")
            def internal(request: Request) -> str:
                if request.headers.get("authorization") != f"Bearer {os.environ.get('INTERNAL_TOKEN')}":
                    raise HTTPException(401)
                return "fine"
            """,
        ),
    )
    good = (
        Example(
            """
            import hmac
            import os

            from fastapi import FastAPI, Header, HTTPException
            from pydantic import BaseModel, model_validator

            app = FastAPI()
            FEED_KEY = os.environ.get("FEED_KEY", "")
            TOKEN_TYPE = "bearer"


            class SignUp(BaseModel):
                password: str
                password_repeat: str

                @model_validator(mode="after")
                def same(self) -> "SignUp":
                    if self.password != self.password_repeat:
                        raise ValueError("the passwords differ")
                    return self


            @app.get("/feed")
            def feed(x_key: str = Header(default=""), token_type: str = TOKEN_TYPE) -> str:
                if token_type != "bearer" or x_key == "" or FEED_KEY == "":
                    raise HTTPException(400)
                if not hmac.compare_digest(x_key.encode(), FEED_KEY.encode()):
                    raise HTTPException(403)
                return "prices"


            @app.get("/list")
            def listed(sort_key: str = "name", page: str = "1") -> str:
                if sort_key == os.environ.get("DEFAULT_SORT_KEY") or page == os.environ.get("FIRST_PAGE"):
                    return "as usual"
                return "sorted"


            @app.post("/signup")
            def signup(payload: SignUp) -> str:
                if payload.password == payload.password_repeat:
                    return "welcome"
                raise HTTPException(422)
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Comparisons in which one side is a secret and the other may come from a request."""
        index = index_of(module)
        # A generated line of thousands of comparisons is not to be looked through for each of them.
        likely = cache(lambda number: _LINE.search(module.line(number)) is not None)
        for node in index.all(ast.Compare):
            if len(node.ops) != 1 or not isinstance(node.ops[0], _OPERATORS):
                continue
            left, right = node.left, node.comparators[0]
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if not any(likely(n) for n in lines):
                continue
            what = secret(index, left, right)
            if what and not harmless(index, node, left, right):
                yield self.found(
                    f"{what} is compared with ==, so the time it takes tells how much of a guess is right.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, node),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``compare_digest``, where source shows that both sides are text, or both bytes."""
        found = {f.location.line for f in self.check_source(draft.module)}
        for node in draft.nodes_at(finding.location.line or 0, draft.index.all(ast.Compare)):
            one = len(node.ops) == 1 and isinstance(node.ops[0], _OPERATORS)
            if not one or node.lineno not in found:
                continue
            left, right = node.left, node.comparators[0]
            known = secret(draft.index, left, right)
            if known and not harmless(draft.index, node, left, right) and compare(draft, node):
                return draft.repair("compares in constant time")
        return None


__all__ = ["SecretComparedUnsafely"]
