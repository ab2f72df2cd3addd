"""AUT021: grants that hand tokens or passwords to places they should not reach."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.evidence import at_main, shown
from buckler.scan.rules._support.source import here

_RESPONSE = re.compile(r"response_type=(id_token(%20|\+| ))?token\b")
_POSTS = re.compile(r"^(httpx2?|requests|aiohttp|niquests)\.|\.(post|request|fetch_token)$")
IMPLICIT = "The implicit grant puts the access token into the browser's address."
HANDED_ON = "The password of a user at another service is sent for a token."
OFFERED = "A client is registered for the {} grant."
LISTED = "The metadata of this authorization server offers the {} grant."
_GRANTS = re.compile(r"^(allowed_)?grants?(_types?)?$")
_CLIENT = frozenset(("client_id", "redirect_uris", "redirect_uri", "client_secret", "id"))
_UNSAFE = ("implicit", "password")


class UnsafeGrant(Rule):
    """A sign-in uses the implicit grant, or hands the user's password of another service on; or a server offers one of both.

    ## What it is
    ``response_type=token`` asks an authorization server to put the access token into the browser's address.
    ``grant_type=password`` sends another service the password that a user has there. An authorization server offers them
    where a client is registered with ``implicit`` or ``password`` among its grants, or its metadata lists them.

    ## Why it matters
    A token in an address lies in histories and logs and can be put in by anybody who makes the browser open a link. With the
    password grant the application sees a password that is not for it, a second factor is not asked for, and people
    learn to type their password anywhere. RFC 9700 forbids both.

    ## How to fix
    The code grant with PKCE: ``response_type=code`` and ``code_challenge``. Between services: ``client_credentials``.

    ## How to check
    Switch both grants off for this client at the authorization server; signing in must still work.

    ## Roll-out
    Register the redirect address of the code grant first, then change the client, then switch the old grant off.

    ## References
    CWE-522; RFC 9700, 2.1.2 and 2.4; ASVS 5.0 V10.4.4.
    """

    id = "AUT021"
    name = "unsafe-oauth-grant"
    title = "Implicit or password grant"
    severity = Severity.MEDIUM
    cwe = (522,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V10.4.4",)
    fix = Fix(
        "use the code grant with PKCE",
        before='{"response_type": "token", "client_id": CLIENT}',
        after='{"response_type": "code", "client_id": CLIENT, "code_challenge": challenge, "state": state}',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/enter")
            def enter(state: str) -> RedirectResponse:
                return RedirectResponse(f"https://login.example/authorize?response_type=token&client_id=mill&state={state}")
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI, Form

            from login import token_of

            app = FastAPI()


            @app.post("/enter")
            def enter(name: str = Form(), password: str = Form()) -> str:
                return token_of(name, password)
            """,
            files={
                "login.py": """
                import httpx2


                def token_of(name: str, password: str) -> str:
                    answer = httpx2.post(
                        "https://login.example/token",
                        data={"grant_type": "password", "username": name, "password": password},
                        timeout=5,
                    )
                    return str(answer.json()["access_token"])
                """,
            },
        ),
        Example(
            """
            from urllib.parse import urlencode

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/enter")
            def enter(state: str) -> str:
                asked = {"client_id": "mill", "response_type": "token", "state": state}
                return "https://login.example/authorize?" + urlencode(asked)
            """,
        ),
        Example(
            """
            from dataclasses import dataclass

            from fastapi import FastAPI

            app = FastAPI()


            @dataclass
            class Client:
                client_id: str
                redirect_uris: list[str]
                grant_types: list[str]


            MILL = Client(client_id="mill", redirect_uris=["https://mill.example/"], grant_types=["implicit"])


            @app.get("/authorize")
            def authorize(client_id: str) -> list[str]:
                return MILL.redirect_uris
            """,
            line=15,
        ),
    )
    good = (
        Example(
            """
            from dataclasses import dataclass

            from fastapi import FastAPI

            app = FastAPI()


            @dataclass
            class Client:
                client_id: str
                redirect_uris: list[str]
                grant_types: list[str]


            MILL = Client(client_id="mill", redirect_uris=["https://mill.example/"], grant_types=["authorization_code"])
            WAYS = {"grants": ["password", "badge"], "door": "north"}


            @app.get("/authorize")
            def authorize(client_id: str) -> list[str]:
                return MILL.redirect_uris
            """,
        ),
        Example(
            """
            from urllib.parse import urlencode

            import httpx2
            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()


            @app.get("/enter")
            def enter(state: str, challenge: str) -> str:
                asked = {"client_id": "mill", "response_type": "code", "state": state, "code_challenge": challenge}
                return "https://login.example/authorize?" + urlencode(asked)


            @app.get("/service")
            def service() -> str:
                sent = {"grant_type": "client_credentials", "scope": "read"}
                return httpx2.post("https://login.example/token", data=sent, timeout=5).text


            @app.post("/token")
            def token(grant_type: str = Form(default="password")) -> str:
                if grant_type != "password":
                    raise HTTPException(400)
                return "own sign-in"
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI
            from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="token")


            @app.post("/token")
            def token(form: OAuth2PasswordRequestForm = Depends()) -> dict[str, str]:
                return {"access_token": form.username, "token_type": "bearer"}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            SUPPORTED = {"response_types": ["code"], "grant_types": ["authorization_code"]}


            @app.get("/metadata")
            def metadata() -> dict[str, list[str]]:
                return SUPPORTED
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Requests for a token by either grant."""
        index = index_of(module)
        for node, message in (*_implicit(index), *_password(index), *_registered(index)):
            yield self.found(message, confidence=Confidence.SUSPECTED, location=here(index, node))

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Metadata of an authorization server (RFC 8414) that lists one of them."""
        for operation in app.operations:
            for cell in seen.matrix.get(operation.key, {}).values():
                offered = _listed(cell.answer.body)
                if offered:
                    yield self.found(
                        LISTED.format(" and the ".join(offered)),
                        confidence=Confidence.OBSERVED,
                        location=at_main(app),
                        anchor=operation.key,
                        proof=(
                            shown(cell, seen.identities, why="lists grants that RFC 9700 forbids"),
                        ),
                    )
                    break


def _implicit(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for node in index.all(ast.Constant):
        if (
            isinstance(node.value, str)
            and "client_id=" in node.value
            and _RESPONSE.search(node.value)
        ):
            if not isinstance(index.parents.get(node), ast.Expr):
                yield node, IMPLICIT
    for record, found in _records(index):
        if "client_id" in found and found.get("response_type") in ("token", "id_token token"):
            yield record, IMPLICIT


def _password(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for node, found in _records(index):
        if (
            found.get("grant_type") == "password"
            and {"username", "password"} <= set(found)
            and _is_sent(index, node)
        ):
            yield node, HANDED_ON


def _registered(index: Index) -> Iterator[tuple[ast.AST, str]]:
    """Clients that are written down with one of the grants, as a call or as a dictionary."""
    for call in index.all(ast.Call):
        named = {k.arg: k.value for k in call.keywords if k.arg is not None}
        yield from _with_grant(call, named)
    for node in index.all(ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        named = {str(k.value): value for k, value in pairs if isinstance(k, ast.Constant)}
        yield from _with_grant(node, named)


def _with_grant(node: ast.AST, named: Mapping[str, ast.expr]) -> Iterator[tuple[ast.AST, str]]:
    if _CLIENT.isdisjoint(named):
        return
    for name, value in named.items():
        if not _GRANTS.match(name) or not isinstance(value, ast.List | ast.Tuple | ast.Set):
            continue
        words = [one.value for one in value.elts if isinstance(one, ast.Constant)]
        for grant in _UNSAFE:
            if grant in words:
                yield node, OFFERED.format(grant)
                return


def _listed(body: bytes) -> list[str]:
    """The grants that the metadata of an authorization server lists and RFC 9700 forbids."""
    if b"grant_types_supported" not in body:
        return []
    try:
        found = json.loads(body)
    except ValueError:
        return []
    if not isinstance(found, dict) or not {"issuer", "token_endpoint"} <= found.keys():
        return []
    listed = found.get("grant_types_supported")
    return [one for one in _UNSAFE if isinstance(listed, list) and one in listed]


def _records(index: Index) -> Iterator[tuple[ast.expr, dict[str, object]]]:
    """Dictionaries that are written out: their constant values by key, None for the others."""
    for node in index.all(ast.Dict):
        yield (
            node,
            {
                str(key.value): value.value if isinstance(value, ast.Constant) else None
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            },
        )


def _is_sent(index: Index, node: ast.expr) -> bool:
    """Whether a dictionary is given to a client of HTTP, by itself or under a name."""
    function = index.function_of(node) or index.tree
    calls = [
        c
        for c in ast.walk(function)
        if isinstance(c, ast.Call) and _POSTS.search(index.name(c.func) or last(c.func))
    ]
    calls += [
        c
        for c in ast.walk(function)
        if isinstance(c, ast.Call) and last(c.func) in ("post", "request")
    ]
    for call in calls:
        for given in (*call.args, *(k.value for k in call.keywords)):
            if given is node or (isinstance(given, ast.Name) and node in index.values(given)):
                return True
    return False
