"""EXP006: secrets in addresses."""

from __future__ import annotations

import re

from buckler.core.finding import Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import Text, Value, texts_of

_NAME = re.compile(
    r"^(access_?token|id_?token|refresh_?token|auth_?token|api_?key|apikey|client_?secret|secret|password|passwd|pwd|jwt|session_?id)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"[?&]([\w.-]+)=$")
_WITH_VALUE = re.compile(r"[?&]([\w.-]+)=([^&#\0]+)")


class SecretInAddress(Rule):
    """A token, key or password is part of an address.

    ## What it is
    ``RedirectResponse(f"/app?access_token={token}")``, or an outgoing request with ``?api_key=…`` or
    ``params={"password": …}``.

    ## Why it matters
    Addresses are kept where secrets are not meant to be: in the logs of every server and proxy on the way, in
    the browser's history, in the ``Referer`` of the next page, in error reports.

    ## How to fix
    Send it in a header (``Authorization: Bearer …``) or in the body; give it to a browser as a cookie, or a code that
    is good once and for a minute.

    ## How to check
    Search the access logs of both sides for the beginning of the secret.

    ## Roll-out
    Some services take their key in the address alone: use a key for nothing else, and keep it out of your logs.

    ## References
    CWE-598; RFC 9700 section 4.3; OWASP API2:2023; ASVS 5.0 V14.2.1.
    """

    id = "EXP006"
    name = "secret-in-address"
    title = "Secret in an address"
    severity = Severity.LOW
    cwe = (598,)
    owasp = ("API2:2023", "A04:2021", "A04:2025")
    asvs = ("V14.2.1",)
    calls = """
        {httpx,requests,niquests,aiohttp}.{get,post,put,patch,delete,head,options,request,stream} http.Client.{get,post,put,patch,delete,head,options,request,stream}
        starlette.responses.RedirectResponse urllib.request.{urlopen,Request}
        """
    fix = Fix(
        "send it in a header",
        before='httpx2.get(f"https://api.example/items?api_key={KEY}")',
        after='httpx2.get("https://api.example/items", headers={"Authorization": f"Bearer {KEY}"})',
    )
    bad = (
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/callback")
            def callback() -> RedirectResponse:
                token = secrets.token_urlsafe()
                return RedirectResponse(f"/app?access_token={token}")
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI

            from rates import Rates

            app = FastAPI()


            @app.get("/rates")
            def rates() -> str:
                return Rates().daily()
            """,
            files={
                "options.py": """
                import os

                KEY = os.environ["RATES_KEY"]
                """,
                "rates.py": """
                import requests

                from options import KEY

                BASE = "https://rates.example/daily"


                class Rates:
                    def daily(self) -> str:
                        return requests.get(BASE + "?format=csv&api_key=" + KEY, timeout=5).text
                """,
            },
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class SignIn(BaseModel):
                name: str
                password: str


            @app.post("/session")
            async def session(body: SignIn) -> int:
                async with httpx2.AsyncClient() as client:
                    answer = await client.get("https://id.example/check", params={"user": body.name, "password": body.password})
                    return answer.status_code
            """,
        ),
    )
    good = (
        Example(
            """
            import os

            import httpx2
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/rates")
            def rates(page: int = 1) -> str:
                headers = {"Authorization": "Bearer " + os.environ["RATES_KEY"]}
                return httpx2.get(f"https://rates.example/daily?page={page}", headers=headers).text


            @app.get("/next")
            def after(page_token: int = 0) -> RedirectResponse:
                return RedirectResponse(f"/items?page_token={page_token}")
            """,
        ),
        Example(
            """
            import os

            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/token")
            def token(code: str) -> int:
                data = {"code": code, "client_secret": os.environ["CLIENT_SECRET"]}
                return httpx2.post("https://id.example/token", data=data).status_code
            """,
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/map")
            def map_() -> str:
                return httpx2.get("https://map.example/tiles?secret=&api_key=", params={"password": None}).text
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A query with a secret's name in the address or beside it."""
        position = 1 if call.name.endswith((".request", ".stream")) else 0
        address = call.given(position, "url")
        names = [n for text in texts_of(address) for n in _in_query(text)] if address else []
        params = call.given(-1, "params")
        names += _in_params(params) if params is not None else []
        if not names:
            return None
        return Verdict(f"{names[0]} is part of the address, which logs and histories keep.")


def _in_query(text: Text) -> list[str]:
    """The secrets of a query by name, whose values are not empty."""
    whole = "".join(part if isinstance(part, str) else "\0" for part in text)
    made = [m.group(1) for m in _WITH_VALUE.finditer(whole) if _NAME.match(m.group(1))]
    for number, part in enumerate(text):
        before = text[number - 1] if number else ""
        if not isinstance(part, str) and isinstance(before, str):
            found = _BEFORE.search(before)
            if found is not None and _NAME.match(found.group(1)):
                made.append(found.group(1))
    return made


def _in_params(value: Value) -> list[str]:
    return [
        key
        for thing in things(value, Container)
        for key, item in thing.items.items()
        if isinstance(key, str) and _NAME.match(key) and item.alts not in ((None,), ("",))
    ]
