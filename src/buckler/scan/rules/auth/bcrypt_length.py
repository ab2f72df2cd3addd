"""AUT022: bcrypt is given passwords of any length, and reads 72 bytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import number
from buckler.scan.python.index import Index, argument, index_of
from buckler.scan.python.words import is_password, name_of
from buckler.scan.rules._support.source import here
from buckler.scan.rules._support.statements import refusal, serves_fastapi, statement_of

LIMIT = 72
"""Bytes that bcrypt reads: Provos and Mazières, 1999; the library refuses more since 5.0."""
_PREPARES = re.compile(
    r"\b(sha(256|384|512)|blake2b|b64encode|b85encode|hexdigest|digest|normali[sz]e|prepare|truncate)\b"
)


class BcryptLength(Rule):
    """A password of any length is hashed with bcrypt.

    ## What it is
    bcrypt reads 72 bytes. ``bcrypt.hashpw(password.encode(), …)`` is given the whole password, and nothing limits its length or
    hashes it beforehand.

    ## Why it matters
    Before ``bcrypt`` 5.0 the rest is dropped without a word: two long pass phrases with the same beginning are one, and a
    pepper or name put in front takes the place of the password. Since 5.0 a long password is an error 500.

    ## How to fix
    Argon2id has no such limit: ``pwdlib``'s ``PasswordHash.recommended()``. With bcrypt: refuse more than 72 bytes with 422, in the
    model as ``max_length``. ``buckler.guard.auth.password`` checks the length and uses Argon2id.

    ## How to check
    Register with a password of 80 letters, sign in with its first 72: the answer must be 401.

    ## Roll-out
    Stored hashes stay valid; people with a longer password choose another one.

    ## References
    CWE-916, CWE-521; bcrypt 5.0, change log; ASVS 5.0 V6.2.9, V11.4.2.
    """

    id = "AUT022"
    name = "bcrypt-length"
    title = "Long password for bcrypt"
    severity = Severity.LOW
    cwe = (521, 916)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V6.2.9", "V11.4.2")
    control = "guard.auth.password"
    fix = Fix(
        "limit passwords to 72 bytes, or hash with Argon2id",
        before="bcrypt.hashpw(password.encode(), bcrypt.gensalt())",
        after='if len(password.encode()) > 72:\n    raise HTTPException(422, "at most 72 bytes")\nbcrypt.hashpw(password.encode(), bcrypt.gensalt())',
    )
    bad = (
        Example(
            """
            import bcrypt
            from fastapi import FastAPI, Form

            app = FastAPI()
            HASHES: dict[str, bytes] = {}


            @app.post("/register")
            def register(name: str = Form(), password: str = Form()) -> str:
                HASHES[name] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(12))
                return "welcome"
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI

            from hashing import hashed

            app = FastAPI()


            @app.post("/register")
            def register(password: str) -> int:
                return len(hashed("ann", password))
            """,
            files={
                "hashing.py": """
                import bcrypt


                def hashed(name: str, password: str) -> bytes:
                    data = f"{name}:{password}".encode("utf-8")
                    return bcrypt.hashpw(data, bcrypt.gensalt(rounds=12))
                """,
            },
        ),
        Example(
            """
            from bcrypt import gensalt, hashpw
            from fastapi import FastAPI
            from pydantic import BaseModel, Field

            app = FastAPI()


            class Register(BaseModel):
                password: str = Field(min_length=12, max_length=256)


            @app.post("/register")
            def register(sent: Register) -> int:
                return len(hashpw(sent.password.encode(), gensalt(12)))
            """,
        ),
    )
    good = (
        Example(
            """
            import bcrypt
            from fastapi import FastAPI
            from pydantic import BaseModel, Field

            app = FastAPI()


            class Register(BaseModel):
                password: str = Field(min_length=12, max_length=72)


            @app.post("/register")
            def register(sent: Register) -> int:
                return len(bcrypt.hashpw(sent.password.encode(), bcrypt.gensalt(12)))
            """,
        ),
        Example(
            """
            import base64
            import hashlib

            import bcrypt
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/register")
            def register(password: str) -> int:
                data = base64.b64encode(hashlib.sha256(password.encode()).digest())
                return len(bcrypt.hashpw(data, bcrypt.gensalt(12)))
            """,
        ),
        Example(
            """
            import bcrypt
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.post("/register")
            def register(password: str) -> int:
                data = password.encode()
                if len(data) > 72:
                    raise HTTPException(422)
                return len(bcrypt.hashpw(data, bcrypt.gensalt(12)))
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls of ``hashpw`` with a password, in files that say nothing of a limit."""
        index = index_of(module)
        calls = [
            c for c in index.called("hashpw") if index.name(c.func) == "bcrypt.hashpw" and c.args
        ]
        if not calls or any(_limits(index)):
            return
        for call in calls:
            text = " ".join(_written(index, call.args[0], 0))
            named = any(is_password(name_of(n)) for n in _names(index, call.args[0], 0))
            if named and not _PREPARES.search(text):
                yield self.found(
                    f"bcrypt reads {LIMIT} bytes of a password, and nothing limits its length.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """What bcrypt would cut off is refused."""
        for call in draft.calls_at(finding):
            if draft.index.name(call.func) != "bcrypt.hashpw" or not call.args:
                continue
            statement, data = statement_of(draft.index, call), call.args[0]
            if statement is None or not serves_fastapi(draft) or not _can_be_made_twice(data):
                return None
            lines = (f"if len({draft.of(data)}) > {LIMIT}:", f"    {refusal(draft, 422, call)}")
            draft.insert_before(statement, *lines)
            told = f"passwords of more than {LIMIT} bytes are refused"
            return draft.repair(f"refuses more than {LIMIT} bytes", safe=False, changes=told)
        return None


def _limits(index: Index) -> Iterator[bool]:
    """Bounds of at most 72 that the file sets or looks at."""
    for call in index.calls:
        bound = argument(call, "max_length")
        if bound is not None and (number(index, bound) or LIMIT + 1) <= LIMIT:
            yield True
    for node in index.all(ast.Constant):
        if isinstance(node.value, int) and node.value in (LIMIT, LIMIT - 1, LIMIT + 1):
            yield True


def _written(index: Index, node: ast.expr, depth: int) -> Iterator[str]:
    yield ast.unparse(node)
    if isinstance(node, ast.Name) and depth < 3:
        for value in index.values(node):
            yield from _written(index, value, depth + 1)


def _names(index: Index, node: ast.expr, depth: int) -> Iterator[ast.expr]:
    for item in ast.walk(node):
        if isinstance(item, ast.Name | ast.Attribute):
            yield item
            if isinstance(item, ast.Name) and depth < 3:
                for value in index.values(item):
                    yield from _names(index, value, depth + 1)


def _can_be_made_twice(node: ast.expr) -> bool:
    """A name, or the bytes of one."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "encode"
    ):
        node = node.func.value
    return isinstance(node, ast.Name | ast.Attribute)
