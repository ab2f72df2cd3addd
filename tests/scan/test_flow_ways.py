"""Ways that input takes through objects of the application, of libraries and of ASGI, each beside one that is closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine

RULES = Registry.load("buckler.scan.rules")
HEAD = """
import ast, asyncio, collections, dataclasses, hashlib, logging, os, random, shlex, shutil, tarfile, tempfile, uuid
from typing import Annotated, Any, Literal

import httpx
import pandas
from fastapi import Depends, FastAPI, HTTPException, Query, Request, UploadFile
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, HttpUrl, SecretStr, model_validator
from pymongo import MongoClient

app = FastAPI()
log = logging.getLogger("shop")
"""
WAYS = {
    "a session, by key": ("INJ011", """
@app.get("/enter")
def enter(request: Request, onward: str = "/") -> str:
    request.session["onward"] = {inner}
    return "form"

@app.post("/enter")
def entered(request: Request) -> RedirectResponse:
    return RedirectResponse(request.session.pop("onward", "/"), 303)
""", {"inner": ("onward", '{"shop": "/shop"}.get(onward, "/")')}),
    "a session, by update": ("INJ011", """
@app.get("/ask")
def ask(request: Request, back: str = "/", colour: str = "red") -> str:
    request.session.update(back=back, colour=colour)
    return "asked"

@app.get("/answer")
def answered(request: Request) -> RedirectResponse:
    return RedirectResponse({inner})
""", {"inner": ('request.session.get("back") or "/"', '"/?colour=" + request.session.get("colour", "red")')}),
    "an object in app.state": ("INJ002", """
class Printer:
    def show(self, name: str) -> None:
        os.system({inner})

app.state.printer = Printer()

@app.get("/print")
def show(request: Request, name: str) -> None:
    request.app.state.printer.show(name)
""", {"inner": ('"lpr " + name', '"lpr " + shlex.quote(name)')}),
    "an object that the start puts there": ("INJ002", """
class Printer:
    def show(self, name: str) -> None:
        os.system({inner})

async def lifespan(app: FastAPI):
    app.state.printer = Printer()
    yield

app = FastAPI(lifespan=lifespan)

@app.get("/print")
def show(request: Request, name: str) -> None:
    request.app.state.printer.show(name)
""", {"inner": ('"lpr " + name', '"lpr " + shlex.quote(name)')}),
    "an object that the start puts there and a dependency gives": ("INJ002", """
class Printer:
    def show(self, name: str) -> None:
        os.system({inner})

async def lifespan(app: FastAPI):
    app.state.printer = Printer()
    yield

app = FastAPI(lifespan=lifespan)

def printer(request: Request):
    return request.app.state.printer

@app.get("/print")
def show(name: str, at: Any = Depends(printer)) -> None:
    at.show(name)
""", {"inner": ('"lpr " + name', '"lpr " + shlex.quote(name)')}),
    "words that shlex joins": ("INJ002", """
def run(*words: str) -> int:
    return os.system({inner})

@app.get("/print")
def show(name: str) -> int:
    return run("lpr", name)
""", {"inner": ('" ".join(words)', "shlex.join(words)")}),
    "handlers that register themselves": ("INJ002", """
HANDLERS: dict[type, list[Any]] = collections.defaultdict(list)

def on(kind: type) -> Any:
    def register(function: Any) -> Any:
        HANDLERS[kind].append(function)
        return function
    return register

@dataclasses.dataclass
class Printed:
    name: str

@on(Printed)
def show(event: Printed) -> None:
    os.system({inner})

@app.get("/print")
def publish(name: str) -> None:
    event = Printed(name)
    for handler in HANDLERS[type(event)]:
        handler(event)
""", {"inner": ('"lpr " + event.name', '"lpr " + shlex.quote(event.name)')}),
    "documents of MongoDB": ("INJ002", """
jobs = MongoClient().shop.jobs

@app.post("/jobs/{number}/run")
def run(number: int) -> None:
    job = jobs.find_one({{"number": number}})
    os.system({inner})
""", {"inner": ("f\"tar c {job['label']}\"", "f\"tar c {shlex.quote(job['label'])}\"")}),
    "frames of pandas": ("INJ007", """
frame = pandas.DataFrame({{"price": [1.0]}})

@app.get("/derive")
def derive(expr: {inner}) -> list[float]:
    return frame.eval(expr).tolist()
""", {"inner": ("str", 'Literal["price * 2", "price + 1"]')}),
    "a tree whose nodes are looked at": ("INJ007", """
ALLOWED = (ast.Expression, ast.BinOp, ast.Constant, ast.Add)

@app.get("/sum")
def total(expr: str) -> object:
    tree = ast.parse(expr, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            {inner}
    return eval(compile(tree, "sum", "eval"))
""", {"inner": ('log.info("another node")', "raise HTTPException(422)")}),
    "an upload that is copied to a file": ("INJ013", """
@app.post("/site")
def site(file: UploadFile) -> None:
    with tempfile.NamedTemporaryFile(suffix=".tar", delete=False) as kept:
        shutil.copyfileobj(file.file, kept)
    shutil.unpack_archive(kept.name, "site", "tar", filter={inner})
""", {"inner": ('"fully_trusted"', '"data"')}),
    "the filter of a tar": ("INJ013", """
@app.post("/site")
def site(file: UploadFile) -> None:
    with tarfile.open(fileobj=file.file) as tar:
        tar.extraction_filter = {inner}
        tar.extractall("site")
""", {"inner": ('"fully_trusted"', "tarfile.data_filter")}),
    "adapters of loggers": ("LOG002", """
adapter = logging.LoggerAdapter(log, {{"app": "shop"}})

@app.get("/q")
def query(q: str) -> None:
    adapter.info("asked for %s", {inner})
""", {"inner": ("q", "repr(q)")}),
    "levels by name": ("LOG002", """
LEVELS = {{"i": "info", "w": "warning"}}

@app.get("/q")
def query(q: str, level: str = "i") -> None:
    getattr(log, LEVELS.get(level, "info"))("asked for {{}}".format({inner}))
""", {"inner": ("q", "repr(q)")}),
    "letters that can be printed": ("LOG002", """
@app.get("/q")
def query(q: str) -> None:
    log.info("asked for %s", "".join(letter for letter in q if {inner}))
""", {"inner": ('letter != " "', "letter.isprintable()")}),
    "escape sequences": ("LOG002", """
@app.get("/q")
def query(q: str) -> None:
    log.info("asked for %s", q.encode("{inner}").decode("ascii"))
""", {"inner": ("ascii", "unicode_escape")}),
    "the host of an address": ("EGR001", """
HOSTS = frozenset({{"cdn.example.com"}})

def allowed(source: HttpUrl) -> HttpUrl:
    if {inner} not in HOSTS:
        raise HTTPException(400)
    return source

@app.get("/image")
def image(source: Annotated[HttpUrl, Depends(allowed)]) -> int:
    return httpx.get(str(source), timeout=3).status_code
""", {"inner": ("source.path", "source.host")}),
    "a validator of the whole model": ("INJ011", """
REGISTERED = {{"web": "https://web.example.com/cb"}}

class Authorize(BaseModel):
    client: str
    target: str

    @model_validator(mode="after")
    def registered(self) -> "Authorize":
        if REGISTERED.get(self.client) != {inner}:
            raise ValueError("not registered")
        return self

@app.get("/authorize")
def authorize(query: Annotated[Authorize, Query()]) -> RedirectResponse:
    return RedirectResponse(query.target)
""", {"inner": ("self.client", "self.target")}),
    "an application of ASGI": ("INJ004", """
from pathlib import Path

class Assets:
    def __init__(self, root: str) -> None:
        self.root = Path(root)

    async def __call__(self, scope, receive, send) -> None:
        path = {inner}
        await send({{"type": "http.response.body", "body": path.read_bytes()}})

app.mount("/assets", Assets("assets"))
""", {"inner": ('self.root / scope["path"].lstrip("/")', 'self.root / "index.html"')}),
    "headers in a middleware of ASGI": ("INJ012", """
from urllib.parse import parse_qs

class Trace:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        trace = parse_qs(scope.get("query_string", b"").decode()).get("trace", [""])[0]

        async def wrapped(message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-trace", {inner}))
            await send(message)

        await self.app(scope, receive, wrapped)

app.add_middleware(Trace)
""", {"inner": ("trace.encode()", 'str(len(trace)).encode()')}),
    "a text in a script": (
        "INJ010",
        """
import html, json

from fastapi.responses import HTMLResponse

@app.get("/page")
def page(q: str) -> HTMLResponse:
    return HTMLResponse(f"<script>var q = {{{inner}}}</script>")
""",
        {"inner": ("html.escape(q)", "json.dumps(html.escape(q))")},
    ),
    "the attributes of an object": ("ACC010", """
@dataclasses.dataclass
class User:
    name: str
    is_admin: bool = False

USERS = {{1: User("ann")}}

@app.patch("/users/{{number}}")
def change(number: int, changes: dict[str, Any]) -> None:
    vars(USERS[number]).update({inner})
""", {"inner": ("changes", '{"name": changes["name"]}')}),
    "a hash that is filled later": ("AUT006", """
class Account:
    def keep(self, raw: str) -> None:
        digest = hashlib.{inner}
        digest.update(raw.encode())
        self.kept = digest.hexdigest()

class Body(BaseModel):
    {field}: str

@app.post("/accounts")
def create(body: Body) -> None:
    Account().keep(body.{field})
""", {"inner": ("sha1()", "sha1()"), "field": ("password", "town")}),
    "a field that is drawn": ("AUT009", """
@dataclasses.dataclass
class Challenge:
    phone: str
    {inner}: int = dataclasses.field(default_factory=lambda: random.randint(100000, 999999))

@app.post("/code")
def code(phone: str) -> int:
    return len(Challenge(phone).phone)
""", {"inner": ("otp", "delay")}),
    "an id that is made of what is drawn": ("AUT009", """
@app.post("/keys")
def create() -> str:
    api_key = f"ak_{{uuid.UUID(int={inner}).hex}}"
    return api_key
""", {"inner": ("random.getrandbits(128)", "uuid.uuid4().int")}),
}  # fmt: skip


def told(folder: Path, rule: str) -> bool:
    rules = [RULES[rule]]
    return any(f.rule == rule for f in SourceEngine(folder, rules, lambda event: None).run())


@pytest.mark.parametrize("safe", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("name", WAYS)
def test_a_way(name: str, safe: bool, project: Any) -> None:
    rule, code, parts = WAYS[name]
    for word, pair in parts.items():
        code = code.replace(f"{{{word}}}", pair[safe])
    code = code.replace("{{", "{").replace("}}", "}")
    compile(HEAD + code, "main.py", "exec")
    assert told(project({"main.py": HEAD + code}), rule) is not safe


def test_an_answer_that_a_decorator_makes_of_an_exception(project: Any) -> None:
    helper = """import functools

def as_result(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        try:
            return await function(*args, **kwargs)
        except Exception as error:
            return {"ok": False, "message": SAID}
    return wrapper
"""
    main = (
        "from fastapi import FastAPI\n\nfrom results import as_result\n\napp = FastAPI()\n\n\n"
        '@app.get("/rows/{number}")\n@as_result\nasync def rows(number: int):\n'
        '    return {"rows": len(open(f"{number}.csv").readlines())}\n'
    )
    for said, expected in (("str(error)", True), ("type(error).__name__", False)):
        folder = project({"main.py": main, "results.py": helper.replace("SAID", said)})
        assert told(folder, "ERR002") is expected


def test_a_module_that_is_imported_for_what_it_registers(project: Any) -> None:
    bus = (
        "HANDLERS = []\n\n\ndef on(function):\n    HANDLERS.append(function)\n    return function\n"
    )
    handlers = (
        'import os\n\nfrom bus import on\n\n\n@on\ndef show(name):\n    os.system("lpr " + name)\n'
    )
    main = (
        "from fastapi import FastAPI\n\nimport handlers\nfrom bus import HANDLERS\n\napp = FastAPI()\n\n\n"
        '@app.get("/print")\ndef publish(name: str):\n    for one in HANDLERS:\n        one(name)\n'
    )
    files = {"main.py": main, "bus.py": bus, "handlers.py": handlers}
    assert told(project(files), "INJ002")
    assert not told(project({**files, "main.py": main.replace("import handlers\n", "")}), "INJ002")


XML = """from fastapi import FastAPI
from lxml import etree

app = FastAPI()


@app.post("/feed")
def feed(text: str) -> str:
    return etree.fromstring(text{parser}).tag
"""


@pytest.mark.parametrize(
    ("parser", "wanted", "expected"),
    [
        ("", "lxml==4.9.4", True),
        ("", "lxml<5", True),
        ("", "lxml>=4.9,<6", False),
        ("", "lxml>=5", False),
        ("", "", False),
        (", etree.XMLParser(resolve_entities=True)", "lxml>=5", True),
        (', etree.XMLParser(resolve_entities="internal")', "lxml<5", False),
        (", etree.XMLParser(resolve_entities=False)", "lxml<5", False),
        (", etree.XMLParser(recover=True)", "lxml==4.9.4", True),
        (", etree.XMLParser(recover=True)", "lxml==6.0.0", False),
    ],
)
def test_lxml_resolves_entities_by_itself_before_5(
    parser: str, wanted: str, expected: bool, project: Any
) -> None:
    """lxml 5.0 changed the default of ``resolve_entities`` from True to ``"internal"``."""
    folder = project({"main.py": XML.format(parser=parser), "requirements.txt": wanted + "\n"})
    assert told(folder, "INJ014") is expected
