"""Shapes that look like those that a fixer repairs, where the repair would break something or close nothing."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Location
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.edits import Repair

RULES = Registry.load("buckler.scan.rules")
WEB = """
from pathlib import Path
from fastapi import Depends, FastAPI, Header, HTTPException, Response, UploadFile
app = FastAPI()
"""


def repaired(
    folder: Path, rule: str, text: str, message: str = "", slot: str = ""
) -> Repair | None:
    """What the fixer of a rule makes of the line that is marked with ``# here``."""
    source = WEB + inspect.cleandoc(text) + "\n"
    (folder / "main.py").write_text(source)
    line = next(n for n, item in enumerate(source.splitlines(), 1) if "# here" in item)
    finding = RULES[rule].found(
        message or "It is so.",
        confidence=Confidence.PROVED,
        location=Location("main.py", line, "GET /x", slot or None),
    )
    fixer = RULES[rule]
    return fixer.fix_source(draft_of(folder, "main.py"), finding)  # type: ignore[attr-defined]


LEFT_ALONE = {
    "INJ004 the folder is input too": """
        def read(folder: str, name: str) -> str:
            return (Path(folder) / name).read_text()  # here
        """,
    "INJ004 the folder is chosen in the function": """
        def read(name: str, mine: bool) -> str:
            base = Path("a")
            if mine:
                base = Path(name)
            return (base / name).read_text()  # here
        """,
    "INJ004 nothing can be put before it": """
        def read(names: list[str]) -> list[str]:
            return [(Path("a") / name).read_text() for name in names]  # here
        """,
    "INJ004 the prefix is no folder": """
        def read(name: str) -> str:
            return open(f"{name}/a").read()  # here
        """,
    "INJ003 two dashes end nothing for find": """
        import subprocess
        def run(name: str) -> None:
            subprocess.run(["find", name])  # here
        """,
    "INJ003 an option takes the value": """
        import subprocess
        def run(name: str) -> None:
            subprocess.run(["tar", "-f", name])  # here
        """,
    "INJ003 an option follows": """
        import subprocess
        def run(name: str) -> None:
            subprocess.run(["sort", name, "-r"])  # here
        """,
    "INJ006 the value stands in a tag": """
        from jinja2 import Template
        def greet(name: str) -> str:
            return Template("{% if " + name + " %}a{% endif %}").render()  # here
        """,
    "INJ006 the name is taken": """
        from jinja2 import Template
        def greet(name: str) -> str:
            return Template("Hello " + name).render(name="Ada")  # here
        """,
    "INJ007 exec is no reading of a value": """
        def run(code: str) -> None:
            exec(code)  # here
        """,
    "INJ008 a protocol is asked for": """
        import pickle
        def keep(data: bytes) -> bytes:
            return pickle.dumps(pickle.loads(data), protocol=2)  # here
        """,
    "INJ010 the value is a piece of the page": """
        from fastapi.responses import HTMLResponse
        def page(names: list[str]) -> HTMLResponse:
            rows = "".join(f"<li>{len(name)}</li>" for name in names)
            return HTMLResponse(f"<ul>{rows}</ul>")  # here
        """,
    "INJ010 escaping does not help in a script": """
        from fastapi.responses import HTMLResponse
        def page(name: str) -> HTMLResponse:
            return HTMLResponse(f"<script>var a = '{name}'</script>")  # here
        """,
    "INJ010 what a helper made may be markup": """
        from fastapi.responses import HTMLResponse
        def page(name: str) -> HTMLResponse:
            return HTMLResponse(f"<p>{row(name)}</p>")  # here
        """,
    "INJ011 the address is put together": """
        from fastapi.responses import RedirectResponse
        def leave(host: str) -> RedirectResponse:
            return RedirectResponse(f"https://{host}/")  # here
        """,
    "INJ012 it may be no text": """
        def language(response: Response, code=None) -> None:
            response.headers["Content-Language"] = code  # here
        """,
    "INJ018 a variable may be the application's own operator": """
        def find(people, wanted: str):
            age = {"$gt": 18}
            return people.find({"age": age})  # here
        """,
    "INJ018 JavaScript is no value": """
        from fastapi import Request
        async def find(people, request: Request):
            body = await request.json()
            return people.find({"$where": body["q"]})  # here
        """,
    "LOG002 a format is asked for": """
        import logging
        def search(q: str) -> None:
            logging.info(f"search {q:>10}")  # here
        """,
    "AUT003 the claims come from elsewhere": """
        import jwt
        def make(claims: dict, key: str) -> str:
            return jwt.encode(claims, key)  # here
        """,
    "AUT007 another cost would lock everybody out": """
        import hashlib
        def hashed(password: str, salt: bytes) -> bytes:
            return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1000)  # here
        """,
    "SEC001 the secret is written twice": """
        FIRST_KEY = "pay_7c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua"  # here
        SECOND_KEY = "pay_7c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua"
        """,
    "SEC001 nothing tells a name": """
        def pay(client) -> None:
            client.sign_in("pay_7c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua")  # here
        """,
    "TRA002 a client's context would begin to check names": """
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)  # here
        """,
    "ERR004 the handler answers with something": """
        def user(token: str) -> dict:
            try:
                return check(token)
            except ValueError:  # here
                return {"name": "guest"}
        """,
    "ERR003 it is a failure already": """
        from fastapi.responses import JSONResponse
        @app.exception_handler(ValueError)
        async def failed(request, error):  # here
            return JSONResponse({"ok": False}, status_code=400)
        """,
    "HDR001 there is a guard": """
        from buckler.guard import Guard
        shop = FastAPI()  # here
        Guard(shop)
        """,
    "HDR001 the application has no name": """
        def make() -> FastAPI:
            return FastAPI()  # here
        """,
    "CFG007 the hosts are named already": """
        from fastapi.middleware.trustedhost import TrustedHostMiddleware
        shop = FastAPI()  # here
        shop.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example"])
        """,
    "CFG002 a group varies, and no dot is bare": r"""
        from fastapi.middleware.cors import CORSMiddleware
        app.add_middleware(CORSMiddleware, allow_origin_regex=r"https://(a|b)\.shop\.example")  # here
        """,
    "CFG003 this machine by http is for development": """
        from fastapi.middleware.cors import CORSMiddleware
        app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"])  # here
        """,
    "EXP001 the address is worked out elsewhere": """
        SCHEMA = schema_address()
        shop = FastAPI(openapi_url=SCHEMA)  # here
        """,
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_it_is_left_alone(case: str, tmp_path: Path) -> None:
    assert repaired(tmp_path, case.partition(" ")[0], LEFT_ALONE[case]) is None


GATES = """
    def clerk() -> None:
        raise HTTPException(401)

    def manager() -> None:
        raise HTTPException(403)

    @app.get("/a", dependencies=[Depends(clerk)])
    def a() -> int:
        return 1
"""


@pytest.mark.parametrize(
    ("text", "done"),
    [
        (f'{GATES}\n    @app.get("/x")\n    def x() -> int:  # here\n        return 1\n', True),
        (
            f'{GATES}\n    @app.get("/b", dependencies=[Depends(manager)])\n    def b() -> int:\n        return 1\n'
            '\n    @app.get("/x")\n    def x() -> int:  # here\n        return 1\n',
            False,
        ),
        (
            '@app.get("/x")\ndef x() -> int:  # here\n    return 1\n' + inspect.cleandoc(GATES),
            False,
        ),
    ],
    ids=["one", "two", "bound later"],
)
def test_the_dependency_is_the_one_of_the_routes_beside(text, done, tmp_path) -> None:
    assert (repaired(tmp_path, "ACC001", text) is not None) is done


@pytest.mark.parametrize(
    ("between", "done"),
    [("SIZE = 3", True), ("def role() -> int: ...", False)],
    ids=["free", "needed"],
)
def test_a_route_is_moved_where_what_it_needs_is_there(between, done, tmp_path) -> None:
    text = f"""
@app.get("/{{name}}")
def one(name: str) -> str:
    return name

{between}

@app.get("/x")
def x(role: int = Depends(role)) -> int:  # here
    return 1
"""
    if done:
        text = text.replace("role: int = Depends(role)", "")
    message = "GET /x is never reached: GET /{name} comes first and takes its address."
    assert (repaired(tmp_path, "ACC006", text, message) is not None) is done


@pytest.mark.parametrize(
    ("rule", "text", "message", "slot"),
    [
        (
            "CFG010",
            "@app.post('/x')\ndef x(files: list[UploadFile]) -> int:  # here\n    return 1\n",
            "",
            "file:files",
        ),
        (
            "CFG011",
            "@app.get('/x')\ndef x(limit: int = given()) -> int:  # here\n    return 1\n",
            "",
            "query:limit",
        ),
        (
            "EXP005",
            "@app.get('/x', response_class=Response)\ndef x():  # here\n    return 1\n",
            "GET /x shows anybody settings: key.",
            "",
        ),
        (
            "EXP003",
            "@app.get('/x')\ndef x() -> Response:  # here\n    return Response()\n",
            "GET /x answers with key.",
            "",
        ),
        (
            "AUT012",
            "@app.get('/x')\ndef x(a: int):  # here\n    if a == 1:\n        raise HTTPException(404, str(a))\n"
            "    raise HTTPException(401)\n",
            "GET /x tells by its answer whether an account exists.",
            "",
        ),
        (
            "ACC008",
            "@app.websocket('/x')\nasync def x(websocket):  # here\n    await websocket.accept()\n",
            "WEBSOCKET /x is opened to anybody, from any site.",
            "",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) == 6 else "",
)
def test_a_route_is_left_alone(rule, text, message, slot, tmp_path) -> None:
    assert repaired(tmp_path, rule, text, message, slot) is None
