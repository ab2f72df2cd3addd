"""SEC008: a digest of a key and a text stands in for a message code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, index_of
from buckler.scan.python.words import kind, name_of
from buckler.scan.rules._support.source import here

_DIGESTS = frozenset(
    {"hashlib.md5", "hashlib.sha1", "hashlib.sha224", "hashlib.sha256", "hashlib.sha512"}
)
"""Those of Merkle and Damgård that can be continued; SHA-3, BLAKE2 and SHA-384 cannot."""

_DIGEST_OF = {"hashlib.sha224": "sha224", "hashlib.sha512": "sha512"}


class HashAsSignature(Rule):
    """A text is signed by hashing a secret in front of it.

    ## What it is
    ``hashlib.sha256(secret + data)``: a digest over a secret and the text in place of an HMAC.

    ## Why it matters
    MD5, SHA-1 and SHA-2 can be continued: whoever has one text and its digest computes, without the secret, the digest of that
    text with more behind it. Added parameters at the end of a link or of a message pass the check.

    ## How to fix
    ``hmac.new(secret, data, "sha256").hexdigest()``, compared with ``hmac.compare_digest``.

    ## How to check
    Tools such as ``hash_extender`` make a longer text with a right digest; the answer must be 401.

    ## Roll-out
    Both sides have to change together; accept the old form for a while only where the text has a fixed length.

    ## References
    CWE-328, CWE-345; RFC 2104; ASVS 5.0 V11.4.1, V11.3.3.
    """

    id = "SEC008"
    name = "hash-as-signature"
    title = "Hash in place of a message code"
    severity = Severity.MEDIUM
    cwe = (328, 345)
    owasp = ("A02:2021", "A04:2025")
    asvs = ("V11.4.1", "V11.3.3")
    fix = Fix(
        'hmac.new(secret, data, "sha256").hexdigest()',
        before="hashlib.sha256(secret + data).hexdigest()",
        after='hmac.new(secret, data, "sha256").hexdigest()',
    )
    bad = (
        Example(
            """
            import hashlib
            import hmac
            import os

            from fastapi import FastAPI, Header, HTTPException, Request

            app = FastAPI()
            WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "").encode()


            @app.post("/events")
            async def event(request: Request, signature: str = Header()) -> str:
                right = hashlib.sha256(WEBHOOK_SECRET + await request.body()).hexdigest()
                if not hmac.compare_digest(right, signature):
                    raise HTTPException(401)
                return "taken"
            """,
            line=13,
        ),
        Example(
            """
            from fastapi import FastAPI

            from links import link

            app = FastAPI()


            @app.get("/link")
            def made(name: str) -> str:
                return link(name)
            """,
            files={
                "links.py": """
                from hashlib import sha1

                from pydantic_settings import BaseSettings


                class Settings(BaseSettings):
                    signing_key: str = ""


                settings = Settings()


                def link(name: str) -> str:
                    mark = sha1(f"{settings.signing_key}:{name}".encode()).hexdigest()
                    return f"/files/{name}?mark={mark}"
                """,
            },
        ),
        Example(
            """
            import hashlib
            import os

            from fastapi import FastAPI

            app = FastAPI()
            API_SECRET = os.environ.get("API_SECRET", "")


            @app.get("/sign")
            def sign(order: int, amount: int) -> str:
                digest = hashlib.md5()
                digest.update("|".join([API_SECRET, str(order), str(amount)]).encode())
                plain = "".join([API_SECRET, str(order), str(amount)])
                return hashlib.md5(plain.encode()).hexdigest()
            """,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import hmac
            import os

            from fastapi import FastAPI

            app = FastAPI()
            KEY = os.environ.get("LINK_KEY", "").encode()


            @app.get("/link")
            def link(name: str) -> str:
                return hmac.new(KEY, name.encode(), hashlib.sha256).hexdigest()
            """,
        ),
        Example(
            """
            import hashlib
            import os

            from fastapi import FastAPI

            app = FastAPI()
            API_KEY = os.environ.get("API_KEY", "")


            @app.get("/fingerprint")
            def fingerprint() -> str:
                return hashlib.sha256(API_KEY.encode()).hexdigest()[:8]


            @app.get("/cached")
            def cached(page: str, sort_key: str) -> str:
                return hashlib.sha256(f"{page}:{sort_key}".encode()).hexdigest()
            """,
        ),
        Example(
            """
            import hashlib
            import os

            from fastapi import FastAPI

            app = FastAPI()
            SECRET_KEY = os.environ.get("SECRET_KEY", "")


            @app.get("/mark")
            def mark(text: str) -> str:
                return hashlib.blake2b(text.encode(), key=SECRET_KEY.encode()[:64]).hexdigest()
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Digests over several parts, of which the first is a secret."""
        index = index_of(module)
        for call in index.called("md5", "sha1", "sha224", "sha256", "sha512"):
            if index.name(call.func) not in _DIGESTS or not call.args:
                continue
            parts = list(_parts(index, call.args[0], 0))
            if len(parts) > 1 and _is_secret(parts[0]) and not all(map(_is_secret, parts)):
                yield self.found(
                    "A text is signed by hashing a secret in front of it; such a digest can be continued.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``hmac.new`` where the call hashes exactly one secret and one text behind it."""
        for call in draft.calls_at(finding):
            name = draft.index.name(call.func)
            joined = call.args[0] if name in _DIGESTS and len(call.args) == 1 else None
            if not isinstance(joined, ast.BinOp) or not _is_secret(joined.left) or call.keywords:
                continue
            new = draft.name_for("hmac.new", at=call)
            digest = draft.quote(_DIGEST_OF.get(name, "sha256"))
            parts = f"{draft.of(joined.left)}, {draft.of(joined.right)}"
            draft.replace(call, f"{new}({parts}, {digest})")
            return draft.repair(
                "makes a message code",
                safe=False,
                changes="signatures of before no longer fit, and the other side has to use HMAC too",
            )
        return None


def _is_secret(node: ast.expr) -> bool:
    return kind(name_of(node)) in ("secret", "key")


def _parts(index: Index, node: ast.expr, depth: int) -> Iterator[ast.expr]:
    """What a text is put together of, in order, constants left out."""
    match node:
        case ast.Constant():
            return
        case ast.BinOp(op=ast.Add()):
            yield from _parts(index, node.left, depth)
            yield from _parts(index, node.right, depth)
        case ast.JoinedStr():
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _parts(index, part.value, depth)
        case ast.Call(func=ast.Attribute(attr="encode" | "decode") as method):
            yield from _parts(index, method.value, depth)
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.List() | ast.Tuple() as each]):
            for item in each.elts:
                yield from _parts(index, item, depth)
        case ast.Name() if (
            depth < 2 and len(found := index.values(node)) == 1 and _is_built(found[0])
        ):
            yield from _parts(index, found[0], depth + 1)
        case _:
            yield node


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "encode":
            return _is_built(node.func.value)
        return node.func.attr == "join"
    return isinstance(node, ast.BinOp | ast.JoinedStr)
