"""AUT013: the header of an unchecked token decides where its own key comes from."""

from __future__ import annotations

from dataclasses import replace

from buckler.core.finding import Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows, JudgesFlow
from buckler.scan.engines.source.flow.sinks import Sinks
from buckler.scan.engines.source.flow.values import Taint, bit
from buckler.scan.rules.egress.ssrf import ServerSideRequestForgery
from buckler.scan.rules.injection.path_read import PathTraversalRead
from buckler.scan.rules.injection.sql import SqlInjection

_JUDGES = (
    (PathTraversalRead(), "becomes part of the path of a file that is read"),
    (SqlInjection(), "becomes part of an SQL statement"),
    (ServerSideRequestForgery(), "decides which host is asked"),
)
_SINKS = tuple((rule, Sinks((rule,)), what) for rule, what in _JUDGES)


class TokenKeyLookup(Rule):
    """The header of a token that nobody has checked decides which file, row or address its key comes from.

    ## What it is
    ``kid``, ``jku`` and ``x5u`` stand in the header of a token and have to be read before the signature can be
    checked: they are the sender's choice. Here one of them becomes part of a path, of an SQL statement or
    of an address that the application asks.

    ## Why it matters
    The sender chooses the key. With ``"kid": "../../dev/null"`` it is an empty text, with ``UNION SELECT 'x'`` it is
    ``x``, with a ``jku`` of the sender's own server it is the sender's: every token that they then sign is
    taken, for any user. The address is a way into the network behind the application as well.

    ## How to fix
    Keep the keys in a dictionary or at one configured address, and let ``kid`` only pick one of them:
    ``KEYS[header["kid"]]``, ``PyJWKClient(settings.jwks_url)``. A statement binds it. An address of the header is taken
    only where it is in a set of allowed ones. ``buckler.guard.auth.jwt`` knows its keys beforehand and never
    follows the header.

    ## How to check
    Send a token whose ``kid`` is ``../../../dev/null``, signed with an empty key: the answer must be 401.

    ## Roll-out
    Keys that only lie in a folder have to be listed once, at the start of the application.

    ## References
    CWE-347, CWE-22, CWE-89, CWE-918; RFC 8725, 3.10; OWASP API2:2023; ASVS 5.0 V9.1.3.
    """

    id = "AUT013"
    name = "token-key-lookup"
    title = "Key chosen by an unchecked token"
    severity = Severity.CRITICAL
    cwe = (347, 22, 89, 918)
    owasp = ("API2:2023", "A02:2021", "A07:2025")
    asvs = ("V9.1.3",)
    control = "guard.auth.jwt"
    flows = Flows(
        "token",
        " ".join(rule.flows.sinks for rule, _ in _JUDGES),
        sources=frozenset({"token"}),
    )
    fix = Fix(
        'let kid pick one of the keys that are known: KEYS[header["kid"]]',
        before='key = Path("keys", header["kid"]).read_text()',
        after='key = KEYS[header["kid"]]',
    )
    bad = (
        Example(
            """
            from pathlib import Path

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                try:
                    name = jwt.get_unverified_header(token)["kid"]
                    key = Path(f"keys/{name}.pem").read_text()
                    return str(jwt.decode(token, key, algorithms=["RS256"])["sub"])
                except (jwt.PyJWTError, OSError, KeyError) as error:
                    raise HTTPException(401) from error
            """,
            line=14,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header

            from keys import claims_of

            app = FastAPI()


            def user(authorization: str = Header()) -> str:
                return str(claims_of(authorization.removeprefix("Bearer "))["sub"])


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
            files={
                "keys.py": """
                import sqlite3

                import jwt
                from fastapi import HTTPException

                db = sqlite3.connect("keys.db", check_same_thread=False)


                def key_of(kid: str) -> str:
                    row = db.execute(f"SELECT secret FROM signing_keys WHERE kid = '{kid}'").fetchone()
                    if row is None:
                        raise HTTPException(401)
                    return str(row[0])


                def claims_of(token: str) -> dict[str, object]:
                    header = jwt.get_unverified_header(token)
                    return jwt.decode(token, key_of(header["kid"]), algorithms=["HS256"])
                """,
            },
        ),
        Example(
            """
            import base64
            import json

            import httpx2
            import jwt
            from fastapi import FastAPI, Header

            app = FastAPI()


            def header_of(token: str) -> dict[str, str]:
                first, _, _ = token.partition(".")
                return json.loads(base64.urlsafe_b64decode(first + "=="))


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                keys = httpx2.get(header_of(token)["jku"], timeout=3).json()["keys"]
                return str(jwt.decode(token, jwt.PyJWK(keys[0]).key, algorithms=["ES256"])["sub"])
            """,
        ),
        Example(
            """
            import jwt
            import requests
            from fastapi import FastAPI, Header

            app = FastAPI()


            def keys_of(issuer: str) -> list[dict[str, str]]:
                return requests.get(issuer + "/.well-known/jwks.json", timeout=3).json()["keys"]


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
                key = jwt.PyJWK(keys_of(issuer)[0]).key
                return str(jwt.decode(token, key, algorithms=["RS256"], issuer=issuer)["sub"])
            """,
        ),
        Example(
            """
            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                try:
                    client = jwt.PyJWKClient(jwt.get_unverified_header(token)["jku"])
                    key = client.get_signing_key_from_jwt(token).key
                    return str(jwt.decode(token, key, algorithms=["RS256"])["sub"])
                except (jwt.PyJWTError, KeyError) as error:
                    raise HTTPException(401) from error
            """,
        ),
    )
    good = (
        Example(
            """
            import os

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            KEYS = {"spring": os.environ.get("KEY_SPRING", ""), "autumn": os.environ.get("KEY_AUTUMN", "")}


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                try:
                    key = KEYS[jwt.get_unverified_header(token)["kid"]]
                    return str(jwt.decode(token, key, algorithms=["HS256"])["sub"])
                except (jwt.PyJWTError, KeyError) as error:
                    raise HTTPException(401) from error
            """,
        ),
        Example(
            """
            import sqlite3

            import jwt
            from fastapi import FastAPI, Header

            app = FastAPI()
            db = sqlite3.connect("keys.db", check_same_thread=False)


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                kid = jwt.get_unverified_header(token)["kid"]
                row = db.execute("SELECT secret FROM signing_keys WHERE kid = ?", (kid,)).fetchone()
                return str(jwt.decode(token, row[0], algorithms=["HS256"])["sub"])
            """,
        ),
        Example(
            """
            import httpx2
            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            ISSUERS = {"https://login.mill.example": "https://login.mill.example/jwks"}


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
                if issuer not in ISSUERS:
                    raise HTTPException(401)
                keys = httpx2.get(ISSUERS[issuer], timeout=3).json()["keys"]
                return str(jwt.decode(token, jwt.PyJWK(keys[0]).key, algorithms=["RS256"], issuer=issuer)["sub"])
            """,
        ),
        Example(
            """
            import re
            from pathlib import Path

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.get("/me")
            def me(authorization: str = Header()) -> str:
                token = authorization.removeprefix("Bearer ")
                kid = jwt.get_unverified_header(token)["kid"]
                if not re.fullmatch(r"[a-z0-9]{4,32}", kid):
                    raise HTTPException(401)
                key = (Path("keys") / f"{kid}.pem").read_text()
                return str(jwt.decode(token, key, algorithms=["RS256"])["sub"])
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """What the rule for that kind of sink says of the token's part in it."""
        for rule, sinks, what in _SINKS:
            method = flow.call.removeprefix("*.") if flow.call.startswith("*.") else ""
            if not (sinks.method(method) if method else sinks.named(flow.call)):
                continue
            judged = _judged_as(flow, bit(rule.flows.kind))
            if (
                judged.taints
                and isinstance(rule, JudgesFlow)
                and rule.check_flow(judged) is not None
            ):
                part = flow.source.name
                return Verdict(f"The {part} of a token that nobody has checked yet {what}.")
        return None


def _judged_as(flow: Flow, kind: int) -> Flow:
    """The flow as a rule for another kind of sink is shown it."""

    def clean(taint: Taint) -> bool:
        return bool(flow.cleared(taint) & kind)

    return replace(flow, taints=tuple(t for t in flow.all_taints if not clean(t)), is_clean=clean)
