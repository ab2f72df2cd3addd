"""AUT014: a token of a shared issuer is taken, whoever it was made for."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import truth
from buckler.scan.python.index import Index, argument, index_of, last, unpacks
from buckler.scan.python.tokens import Reading, option, readings
from buckler.scan.rules._support.source import here

_NAMES = frozenset({"aud", "azp", "client_id", "appid"})
_KEY_SETS = frozenset({"get_signing_key_from_jwt", "get_signing_key", "PyJWKClient", "fetch_data"})

_SETTING = "TOKEN_AUDIENCE"


class AudienceNotVerified(Rule):
    """A token of an identity provider is taken without looking whom it was made for.

    ## What it is
    The key comes from the key set of an identity provider, which signs tokens for many applications. ``audience`` is not
    given, or ``verify_aud`` is turned off, and nothing looks at ``aud`` afterwards.

    ## Why it matters
    A token that a user gave to any other application of the same provider opens this one, in that user's name. Whoever runs
    such an application can collect tokens.

    ## How to fix
    ``jwt.decode(token, key, algorithms=["RS256"], audience=settings.audience, issuer=settings.issuer)``.
    ``buckler.guard.auth.jwt`` checks issuer and audience of every token.

    ## How to check
    Send a token of the same provider that was made for another client: the answer must be 401.

    ## Roll-out
    Look which ``aud`` today's tokens carry first: some providers put the client id there, some the address of the API.

    ## References
    CWE-287, CWE-345; RFC 7519, 4.1.3; RFC 8725, 3.9; OpenID Connect Core, 3.1.3.7; ASVS 5.0 V9.2.3.
    """

    id = "AUT014"
    name = "audience-not-verified"
    title = "Audience of a token not verified"
    severity = Severity.HIGH
    cwe = (287, 345)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V9.2.3",)
    control = "guard.auth.jwt"
    fix = Fix(
        "audience=settings.audience, issuer=settings.issuer",
        before='jwt.decode(token, key, algorithms=["RS256"])',
        after='jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)',
    )
    bad = (
        Example(
            """
            import jwt
            from fastapi import FastAPI, Header

            app = FastAPI()
            keys = jwt.PyJWKClient("https://login.mill.example/jwks", timeout=3)


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                key = keys.get_signing_key_from_jwt(token)
                options = {"verify_aud": False, "require": ["exp"]}
                return str(jwt.decode(token, key.key, algorithms=["RS256"], options=options)["sub"])
            """,
            line=12,
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI, Header
            from jose import jwt

            app = FastAPI()


            def key_set() -> dict[str, object]:
                jwks = httpx2.get("https://login.mill.example/.well-known/jwks.json", timeout=3)
                return jwks.json()


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                jwks = key_set()
                claims = jwt.decode(
                    authorization[7:], jwks, algorithms=["RS256"], options={"verify_aud": False}
                )
                return str(claims["sub"])
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI

            from tokens import user

            app = FastAPI()


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
            files={
                "tokens.py": """
                import jwt
                from fastapi import Header

                CLIENT = jwt.PyJWKClient("https://login.mill.example/jwks")


                class Reader:
                    def __init__(self, client: jwt.PyJWKClient) -> None:
                        self.client = client

                    def claims(self, token: str) -> dict[str, object]:
                        signing_key = self.client.get_signing_key_from_jwt(token)
                        return jwt.decode(
                            token,
                            signing_key.key,
                            algorithms=["ES256"],
                            issuer="https://login.mill.example",
                            options={"verify_aud": False},
                        )


                def user(authorization: str = Header()) -> str:
                    return str(Reader(CLIENT).claims(authorization[7:])["sub"])
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import jwt
            from fastapi import FastAPI, Header

            app = FastAPI()
            keys = jwt.PyJWKClient("https://login.mill.example/jwks", timeout=3)


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                key = keys.get_signing_key_from_jwt(token).key
                claims = jwt.decode(
                    token, key, algorithms=["RS256"], audience="mill", issuer="https://login.mill.example"
                )
                return str(claims["sub"])
            """,
        ),
        Example(
            """
            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            keys = jwt.PyJWKClient("https://login.mill.example/jwks", timeout=3)
            CLIENTS = {"mill-web", "mill-app"}


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                key = keys.get_signing_key_from_jwt(token).key
                claims = jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})
                if claims.get("aud") not in CLIENTS:
                    raise HTTPException(401)
                return str(claims["sub"])
            """,
        ),
        Example(
            """
            import os

            import jwt
            from fastapi import FastAPI, Header

            app = FastAPI()
            KEY = os.environ.get("TOKEN_KEY", "")


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                return str(jwt.decode(authorization[7:], KEY, algorithms=["HS256"])["sub"])
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Readings with a key of a key set that say nothing of the audience.

        PyJWT and python-jose refuse a token with an audience where none is given, so there it has to be turned off.
        """
        index = index_of(module)
        for reading in readings(index):
            call = reading.call
            if reading.verified is False or unpacks(call) or not _of_key_set(index, reading):
                continue
            off = truth(index, option(index, call, "verify_aud")) is False
            lacking = reading.library in ("joserfc", "authlib")
            if (off or lacking) and not _looked_at(index, call):
                yield self.found(
                    "A token is checked with the key set of a provider, but not whom it was made for.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The audience that is configured, where PyJWT or python-jose was told not to look."""
        for reading in readings(draft.index):
            call = reading.call
            if call not in draft.calls_at(finding) or reading.library not in ("jwt", "jose"):
                continue
            given = argument(call, "options")
            values = [given, *draft.index.values(given)] if given is not None else []
            records = [v for v in values if isinstance(v, ast.Dict)]
            if len(records) != 1 or argument(call, "audience") is not None:
                return None
            keys = [k.value if isinstance(k, ast.Constant) else None for k in records[0].keys]
            if keys.count("verify_aud") != 1:
                return None
            draft.remove_items(records[0], keys.index("verify_aud"))
            environ = draft.name_for("os.environ", call)
            draft.set_keyword(call, "audience", f"{environ}[{draft.quote(_SETTING)}]")
            told = f"tokens are refused until {_SETTING} is set, and those that were made for others from then on"
            return draft.repair(f"takes tokens for {_SETTING} alone", safe=False, changes=told)
        return None


def _of_key_set(index: Index, reading: Reading) -> bool:
    """Whether the key was taken from a published set rather than being the application's own."""
    return reading.key is not None and _is_published(index, reading.key, 0)


def _is_published(index: Index, node: ast.expr, depth: int) -> bool:
    for item in ast.walk(node):
        if isinstance(item, ast.Call) and last(item.func) in _KEY_SETS:
            return True
        if isinstance(item, ast.Name | ast.Attribute):
            name = last(item).lower()
            if "jwks" in name or "signing_key" in name or "jwk" in name.split("_"):
                return True
            if depth < 4 and any(_is_published(index, v, depth + 1) for v in index.values(item)):
                return True
    return False


def _looked_at(index: Index, call: ast.Call) -> bool:
    """Whether the function, or one that calls it here, reads ``aud`` afterwards."""
    function = index.function_of(call)
    if function is None:
        return False
    around = [function, *(f for c in index.callers(function) if (f := index.function_of(c)))]
    return any(_names_audience(n) for outer in around for n in ast.walk(outer))


def _names_audience(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in ("aud", "audience", "claims_options")
    return isinstance(node, ast.Constant) and node.value in _NAMES
