"""AUT017: a refresh token that was used is given out again."""

from __future__ import annotations

from buckler.core.finding import Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, Flow, Flows
from buckler.scan.engines.source.flow.models import fields_of
from buckler.scan.engines.source.flow.objects import Container, Instance
from buckler.scan.engines.source.flow.values import Taints, Value
from buckler.scan.rules._support.flows import told

_NAMES = frozenset({"refresh_token", "refreshToken", "refresh"})


class RefreshNotRotated(Rule):
    """A refresh token stays the same when it is used.

    ## What it is
    The route that exchanges a refresh token gives back the one that it was sent, rather than a new one in its place.

    ## Why it matters
    A refresh token that was stolen works for as long as it lives, beside its owner, and nobody notices. With rotation the
    second use of a token shows the theft, and the whole family can be ended.

    ## How to fix
    Make a new refresh token at each use, keep a digest of it, and refuse the old one; if an old one comes, end all of that
    sign-in. ``buckler.guard.auth.refresh`` keeps such families.

    ## How to check
    Use a refresh token twice: the second time the answer must be 401.

    ## Roll-out
    Clients have to store the new token. Allow the old one for some seconds, for clients whose answer was lost.

    ## References
    CWE-613; RFC 9700, 4.14.2; RFC 6749, 10.4; ASVS 5.0 V10.4.5.
    """

    id = "AUT017"
    name = "refresh-token-not-rotated"
    title = "Refresh token not rotated"
    severity = Severity.MEDIUM
    cwe = (613,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V10.4.5",)
    control = "guard.auth.refresh"
    flows = Flows(
        "refresh", "web.answer(0) starlette.responses.JSONResponse(0,content)", sources=DIRECT
    )
    fix = Fix(
        "make a new refresh token at each use and refuse the old one",
        before='return {"access_token": access, "refresh_token": refresh_token}',
        after='return {"access_token": access, "refresh_token": rotate(refresh_token)}',
    )
    bad = (
        Example(
            """
            import os
            import time

            import jwt
            from fastapi import Body, FastAPI

            app = FastAPI()
            KEY = os.environ.get("TOKEN_KEY", "")


            @app.post("/refresh")
            def refresh(refresh_token: str = Body(embed=True)) -> dict[str, str]:
                claims = jwt.decode(refresh_token, KEY, algorithms=["HS256"])
                access = jwt.encode({"sub": claims["sub"], "exp": time.time() + 600}, KEY, algorithm="HS256")
                return {"access_token": access, "refresh_token": refresh_token}
            """,
            line=15,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            from tokens import exchanged

            app = FastAPI()


            class Sent(BaseModel):
                refresh_token: str


            @app.post("/token/refresh")
            def refresh(sent: Sent) -> dict[str, str]:
                return exchanged(sent.refresh_token)
            """,
            files={
                "tokens.py": """
                import secrets

                OWNERS: dict[str, str] = {}
                ACCESS: dict[str, str] = {}


                def exchanged(given: str) -> dict[str, str]:
                    access = secrets.token_urlsafe(32)
                    ACCESS[access] = OWNERS[given]
                    return dict(access_token=access, refresh_token=given)
                """,
            },
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Form
            from pydantic import BaseModel

            app = FastAPI()


            class Pair(BaseModel):
                access_token: str
                refresh_token: str


            @app.post("/token")
            def token(refresh_token: str = Form()) -> Pair:
                return Pair(access_token=secrets.token_urlsafe(32), refresh_token=refresh_token)
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            from fastapi import Body, FastAPI, HTTPException

            app = FastAPI()
            OWNERS: dict[str, str] = {}


            @app.post("/refresh")
            def refresh(refresh_token: str = Body(embed=True)) -> dict[str, str]:
                name = OWNERS.pop(refresh_token, None)
                if name is None:
                    raise HTTPException(401)
                fresh = secrets.token_urlsafe(32)
                OWNERS[fresh] = name
                return {"access_token": secrets.token_urlsafe(32), "refresh_token": fresh}
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/token")
            def token(refresh_token: str = Form()) -> dict[str, object]:
                return {"access_token": secrets.token_urlsafe(32), "used": len(refresh_token)}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/echo")
            def echo(text: str) -> dict[str, str]:
                return {"text": text, "refresh": "in 5 seconds"}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """The sent token under the name of a refresh token in the answer."""
        taints = tuple(
            t for t in _under_name(flow.value) if t in flow.taints and t.token.parent is None
        )
        if not taints:
            return None
        return told(flow, "is the refresh token of the answer again.", taints)


def _under_name(value: Value) -> Taints:
    for thing in value.objs:
        if type(thing) is Container:
            items = {k: v for k, v in thing.items.items() if isinstance(k, str)}
        elif type(thing) is Instance:
            items = {k: v for k, v in thing.fields.items() if k in fields_of(thing.cls)}
        else:
            continue
        for name, item in items.items():
            if name in _NAMES and item.taints:
                return item.taints
    return ()
