"""Other people's APIs are answered at the client's door, so that the code behind the call runs."""

from __future__ import annotations

import json

import pytest

from buckler.core.report import Report
from buckler.scan.engines.app.session import Options
from tests.conftest import ROOT
from tests.scan.listening import JsonServer

HEAD = """
import json
import sqlite3
from decimal import Decimal

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE goods (name TEXT, price REAL)")


def search(name: str, most: object) -> list:
    return db.execute(f"SELECT * FROM goods WHERE name = '{name}' AND price < {most}").fetchall()
"""

HTTPX = """
import %(client)s as http


@app.get("/blocking")
def blocking(name: str) -> list:
    answer = http.get("https://api.rates.example/v1/latest", params={"for": name}, timeout=2)
    answer.raise_for_status()
    return search(name, float(answer.json()["rates"]["EUR"]) * 2)


@app.get("/hooked")
async def hooked(name: str) -> list:
    seen = []

    async def hook(answer: http.Response) -> None:
        seen.append(answer.status_code)

    async with http.AsyncClient(
        base_url="https://api.rates.example", event_hooks={"response": [hook]}
    ) as client:
        answer = await client.post("/convert", json={"to": "EUR"})
    if answer.status_code != 201 or seen != [201]:
        raise HTTPException(502)
    return search(name, round(answer.json()["result"], 2))


@app.get("/streamed")
def streamed(name: str) -> list:
    with http.stream("GET", "https://files.example/rate.txt") as answer:
        answer.read()
        return search(name, float(answer.text))
"""

REQUESTS = """
import requests


@app.get("/session")
def session(name: str, currency: str = "usd") -> list:
    with requests.Session() as client:
        data = client.get("https://api.rates.example/latest?key=sekret", timeout=2).json()
    if data["status"] != "ok" or data.get("error"):
        raise HTTPException(502)
    return search(name, Decimal(str(data["rates"][currency.upper()])))


@app.get("/urllib3")
def pooled(name: str) -> list:
    import urllib3

    answer = urllib3.PoolManager().request("GET", "https://api.rates.example/raw")
    return search(name, json.loads(answer.data)["rate"] + 1)
"""

URLLIB = """
import urllib.request
from pydantic import BaseModel, Field


class Rates(BaseModel):
    base: str = Field(min_length=3, max_length=3)
    rates: dict[str, float]
    count: int = Field(gt=3)


@app.get("/opened")
def opened(name: str) -> list:
    request = urllib.request.Request("https://casey:sekret@api.rates.example/latest")
    with urllib.request.urlopen(request, timeout=2) as answer:
        rates = Rates.model_validate(json.load(answer))
    return search(name, rates.count)
"""

AIOHTTP = """
import aiohttp


@app.get("/session")
async def session(name: str) -> list:
    async with aiohttp.ClientSession(raise_for_status=True) as client:
        async with client.get("https://api.rates.example/latest") as answer:
            data = await answer.json()
    return search(name, data["rates"][0]["value"] / 2)
"""

HELPERS = """
import asyncio
import urllib.request

import httpx2
from starlette.middleware.base import BaseHTTPMiddleware


class Bank:
    async def price(self, symbol: str) -> dict:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"https://bank.example/prices/{symbol}")
        return answer.json()


def fetched() -> dict:
    return httpx2.get("https://bank.example/token").json()


def in_cents(data: dict) -> int:
    return int(data["amount"]) * 100


@app.get("/gathered")
async def gathered(name: str) -> list:
    bank = Bank()
    one, other = await asyncio.gather(bank.price("A"), bank.price("B"))
    return search(name, in_cents(one) + other["amount"])


@app.get("/depending")
def depending(name: str, data: dict = Depends(fetched)) -> list:
    if data["token_type"] != "Bearer":
        raise HTTPException(401)
    return search(name, data["expires_in"] - 60)


class Marked(BaseHTTPMiddleware):
    async def dispatch(self, request: object, call_next: object) -> object:
        answer = await call_next(request)
        answer.headers["x-marked"] = "yes"
        return answer


app.add_middleware(Marked)


@app.get("/executed")
async def executed(name: str) -> list:
    def ask() -> dict:
        with urllib.request.urlopen("https://bank.example/executed") as answer:
            return json.loads(answer.read().decode("utf-8"))

    data = await asyncio.get_running_loop().run_in_executor(None, ask)
    return search(name, data["high"] - 1)


@app.get("/threaded")
async def threaded(name: str) -> list:
    answer = await asyncio.to_thread(httpx2.get, "https://bank.example/threaded")
    return search(name, answer.json()["low"] + 1)
"""

RECORDED = """
import httpx2


@app.get("/price")
def price(name: str, item: int = 1) -> list:
    data = httpx2.get(f"https://shop.example/items/{item}").json()
    if data["vendor"]["contract"]["number"] != "K-2209-7":
        raise HTTPException(502)
    return search(name, data["price"])
"""

REAL = """
import httpx2


@app.get("/price")
def price(name: str) -> dict:
    data = httpx2.get("http://127.0.0.1:%d/latest", timeout=2).json()
    if data != {"real": True}:
        raise HTTPException(502)
    return data
"""


def scanned(scan, project, body: str, files: dict[str, str] | None = None, **options) -> Report:
    folder = project({"main.py": HEAD + body, **(files or {})})
    return scan(folder, select=("INJ001",), **options)


def proved(report: Report) -> set[str]:
    assert {
        row.operation: row.status for row in report.coverage.operations if row.status != 200
    } == {}
    return {str(f.location.operation) for f in report.findings if str(f.confidence) == "proved"}


@pytest.mark.parametrize(
    ("environment", "body", "operations"),
    [
        ("test", HTTPX % {"client": "httpx2"}, {"/blocking", "/hooked", "/streamed"}),
        ("fastapi-0.136", HTTPX % {"client": "httpx"}, {"/blocking", "/hooked", "/streamed"}),
        ("test", REQUESTS, {"/session", "/urllib3"}),
        ("test", URLLIB, {"/opened"}),
        ("fastapi-0.100", URLLIB, {"/opened"}),
        ("fastapi-0.100-pydantic-1", URLLIB.replace("model_validate", "parse_obj"), {"/opened"}),
        ("test", AIOHTTP, {"/session"}),
    ],
    ids=["httpx2", "httpx", "requests", "urllib", "urllib-3.9", "urllib-pydantic-1", "aiohttp"],
)
def test_what_comes_after_the_call_is_reached(scan, project, environment, body, operations) -> None:
    python = ROOT / ".venvs" / environment / "bin/python"
    if environment != "test" and not python.exists():
        pytest.skip("scripts/interpreters.py makes this environment")
    changes = {} if environment == "test" else {"python": str(python)}
    report = scanned(scan, project, body, **changes)
    assert proved(report) == {f"GET {path}" for path in operations}
    assert {call.source for call in report.coverage.outgoing} == {"made"}
    assert not [g for g in report.coverage.gaps if g.what.startswith(("connection", "outgoing"))]
    assert "sekret" not in json.dumps(report.coverage.as_dict())
    assert all(call.where.startswith("main.py:") for call in report.coverage.outgoing)


def test_the_answer_is_followed_through_callers_dependencies_and_threads(scan, project) -> None:
    report = scanned(scan, project, HELPERS)
    assert proved(report) == {
        f"GET /{name}" for name in ("gathered", "depending", "executed", "threaded")
    }
    asked = {(call.method, call.url) for call in report.coverage.outgoing}
    assert ("GET", "https://bank.example/prices/A") in asked


HAR = json.dumps(
    {
        "log": {
            "entries": [
                {
                    "request": {"method": "GET", "url": "https://shop.example/items/93?x=1"},
                    "response": {
                        "status": 200,
                        "headers": [{"name": "Content-Encoding", "value": "br"}],
                        "content": {
                            "mimeType": "application/json",
                            "text": '{"price": 3, "vendor": {"contract": {"number": "K-2209-7"}}}',
                        },
                    },
                }
            ]
        }
    }
)
CASSETTE = """\
interactions:
- request: {method: GET, uri: 'https://shop.example/items/93'}
  response:
    status: {code: 200, message: OK}
    headers: {Content-Type: [application/json]}
    body: {string: '{"price": 3, "vendor": {"contract": {"number": "K-2209-7"}}}'}
version: 1
"""
MAPPING = json.dumps(
    {
        "request": {"method": "GET", "urlPath": "/items/1"},
        "response": {"jsonBody": {"price": 3, "vendor": {"contract": {"number": "K-2209-7"}}}},
    }
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("shop.har", HAR), ("cassettes/shop.yaml", CASSETTE), ("mappings/item.json", MAPPING)],
)
def test_a_recorded_example_is_used(scan, project, name, text) -> None:
    report = scanned(scan, project, RECORDED, {f"tests/{name}": text})
    assert proved(report) == {"GET /price"}
    assert ("https://shop.example/items/*", "recorded") in {
        (call.url, call.source) for call in report.coverage.outgoing
    }


HOSTILE = {
    "a.har": "[" * 100_000,
    "b.har": '{"log": {"entries": [{"request": {"method": 5, "url": ["x"]}, "response": null}, 7]}}',
    "c.har": '{"log": {"entries": [{"request": {"method": "GET", "url": "https://[x/items/1"},'
    ' "response": {"status": "x"}}]}}',
    "d.yaml": "interactions:\n- &a [x, x]\n"
    + "".join(f"- &a{n} [*a, *a, *a, *a, *a]\n" for n in range(9)),
    "e.yaml": "interactions: !!python/object/apply:os.system ['touch /tmp/hostile']\n",
    "f.yaml": "interactions: " + "{a: " * 20_000,
    "bomb.yaml": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    + "\ninteractions:\n- request: {method: GET, uri: 'https://shop.example/items/1'}\n"
    "  response: {status: {code: 200}, body: {string: *a39}}\n",
    "g.json": '{"request": {"method": "GET", "url": "/items/1"}, "response":'
    ' {"status": 200, "headers": {"x-bad\\r\\nset-cookie": "a", "x": "a\\r\\nb: c"}, "body": {}}}',
    "h.json": '{"request": {}, "response": {}, "n": 1' + "0" * 5000 + "}",
}


def test_hostile_recordings_are_survived(scan, project) -> None:
    body = """
import httpx2


@app.get("/price")
def price(name: str) -> list:
    return search(name, len(httpx2.get("https://shop.example/items/1").json()))
"""
    files = {f"tests/{name}": text for name, text in HOSTILE.items()}
    report = scanned(scan, project, body, files)
    assert report.failed == ""
    assert proved(report) == {"GET /price"}


def test_what_is_allowed_is_reached_and_nothing_else(scan, project) -> None:
    server, other = JsonServer(b'{"real": true}'), JsonServer(b'{"real": true}')
    body = REAL % server.port + REAL.replace("price", "other") % other.port
    with server.socket, other.socket:
        report = scanned(scan, project, body, options=Options(allow=(f"127.0.0.1:{server.port}",)))
    assert server.seen > 0
    assert other.seen == 0
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses["GET /price"] == 200
    assert [call.url for call in report.coverage.outgoing] == [
        f"http://127.0.0.1:{other.port}/latest"
    ]


def test_code_that_cannot_be_read_leaves_a_gap(scan, project) -> None:
    body = """
import httpx2

scope = {"httpx2": httpx2}
exec("def ask(): return httpx2.get('https://far.example/x')", scope)


@app.on_event("startup")
def begin() -> None:
    import threading

    thread = threading.Thread(target=scope["ask"])
    thread.start()
    thread.join()


@app.get("/price")
def price(name: str) -> list:
    return search(name, 1)
"""
    report = scanned(scan, project, body)
    assert [
        gap.how_to_include for gap in report.coverage.gaps if gap.what.startswith("outgoing: GET")
    ] == ["--allow far.example:443"]


def test_addresses_that_an_attack_made_are_not_told(project, scan) -> None:
    code = """
import json
import urllib.request

from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
def rates(host: str = "api.rates.example") -> float:
    with urllib.request.urlopen(f"https://{host}/latest", timeout=2) as answer:
        return float(json.load(answer)["rate"])
"""
    report = scan(project({"main.py": code}))
    assert "EGR001" in {f.rule for f in report.findings}
    assert [call.url for call in report.coverage.outgoing] == ["https://api.rates.example/latest"]
