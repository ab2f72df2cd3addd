"""What the code reads of an answer decides what the stand-in holds."""

from __future__ import annotations

from buckler.scan.engines.app.session import Options

READS = """\
import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Optional
from uuid import UUID
from xml.etree import ElementTree

import httpx2
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field, HttpUrl, TypeAdapter

FAR = "https://far.example"


class Kind(str, Enum):
    NEW = "new"
    OLD = "old"


class Owner(BaseModel):
    id: UUID
    site: HttpUrl
    since: datetime
    code: str = Field(pattern=r"^[A-Z]{3}-[0-9]{4}$")


class Item(BaseModel):
    id: int
    name: str
    kind: Kind
    owner: Owner
    tags: list[str] = []
    price: Decimal = Field(gt=10, le=20)
    parent: Optional["Item"] = None


@dataclass
class Point:
    lat: float
    lon: float


class Inventory:
    def __init__(self, base: str) -> None:
        self.client = httpx2.AsyncClient(base_url=base)

    async def _request(self, method: str, path: str, **more: object) -> dict:
        try:
            answer = await self.client.request(method, path, **more)
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise HTTPException(502) from error
        return answer.json()

    async def item(self, number: int) -> Item:
        return Item(**await self._request("GET", f"/items/{number}"))

    async def items(self) -> list[Item]:
        page = await self._request("GET", "/items", params={"page": 1})
        return [Item.model_validate(item) for item in page["data"]["results"]]


@asynccontextmanager
async def lifespan(app):
    app.state.inventory = Inventory("https://inventory.example")
    app.state.limit = httpx2.get(FAR + "/boot").json()["features"]["limit"] + 1
    yield


app = FastAPI(lifespan=lifespan)


def read(path: str = "/read") -> dict:
    return httpx2.get(FAR + path, timeout=2).json()


@app.get("/client-of-its-own")
async def client_of_its_own(request: Request):
    item = await request.app.state.inventory.item(3)
    return {"price": item.price * 2, "year": item.owner.since.year}


@app.get("/models-in-a-list")
async def models_in_a_list(request: Request):
    return [item.name.upper() for item in await request.app.state.inventory.items()]


@app.get("/response-model", response_model=list[Item])
def response_model():
    return httpx2.get(FAR).json()


@app.get("/annotation")
def annotation() -> Item:
    answer = httpx2.get(FAR)
    return answer.json()


@app.get("/adapter")
def adapter():
    return len(TypeAdapter(list[Item]).validate_json(httpx2.get(FAR).content)[0].name)


@app.get("/dataclass")
def a_dataclass():
    point = Point(**read()["location"])
    return point.lat + point.lon


@app.get("/items-of-a-mapping")
def items_of_a_mapping():
    total = Decimal(0)
    for _, value in read()["rates"].items():
        total += Decimal(str(value))
    return total


@app.get("/dates")
def dates():
    data = read()
    made = datetime.fromisoformat(data["created"].replace("Z", "+00:00"))
    day = datetime.strptime(data["day"], "%d/%m/%Y")
    return [made.year, day.year, datetime.fromtimestamp(data["at"]).year, UUID(data["id"]).hex]


@app.get("/xml")
def xml():
    return ElementTree.fromstring(httpx2.get(FAR).text).tag


@app.get("/sorted")
def in_order():
    if not (items := read().get("items")):
        raise HTTPException(404)
    return sorted(items, key=lambda item: item["price"])[0]["name"].title()


@app.get("/gathered")
async def gathered():
    async with httpx2.AsyncClient() as client:
        answers = await asyncio.gather(*[client.get(f"{FAR}/{n}") for n in range(3)])
    return sum(answer.json()["amount"] for answer in answers)


@app.get("/token")
async def token():
    async with httpx2.AsyncClient() as client:
        token = (await client.post(FAR + "/token")).json().get("access_token")
        answer = await client.get(FAR + "/me", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code == 404:
        raise HTTPException(404)
    return answer.json()["data"]["attributes"]["email"].split("@")[1]


@app.get("/header")
def header():
    return int(httpx2.get(FAR).headers["X-Total-Count"]) + 1


@app.get("/chosen/{number}")
def chosen(number: int, code: str = "eur"):
    data = read()
    row = next(row for row in data["rows"] if row["id"] == number)
    rates = {rate["code"]: rate["rate"] for rate in data["rates"]}
    return rates[code.upper()] * row["weight"]


@app.get("/score")
def score():
    result = httpx2.post(FAR).json()
    if not result.get("success") or result["score"] < 0.5 or result["left"] < 100:
        raise HTTPException(403)
    if "error" in result:
        raise HTTPException(400)
    return result["score"]


@app.get("/nested")
def nested():
    content = httpx2.post(FAR).json()["choices"][0]["message"]["content"]
    return json.loads(content)["answer"].strip()[:10]


@app.get("/status")
def status():
    answer = httpx2.get(FAR, follow_redirects=True)
    if answer.status_code != 202:
        raise HTTPException(502)
    data = answer.json()
    best = max(data["offers"], key=lambda offer: offer["amount"])
    return f"{best['amount']:.2f} {data['title'][:5].lower()} {random.choice(data['names']).upper()}"


@app.get("/lines")
def lines():
    with httpx2.stream("GET", FAR) as answer:
        return [json.loads(line) for line in answer.iter_lines()][0]["value"] + 1


def cents(data: dict, key: str = "amount") -> int:
    return int(data[key] * 100)


@app.get("/helper")
def helper():
    data = read("/bill")
    return cents(data) + cents(data, "tip") + sum(i["count"] * i["unit"] for i in data["lines"])


async def user():
    async with httpx2.AsyncClient() as client:
        answer = await client.get(FAR + "/introspect")
    body = answer.json()
    if answer.status_code != 200 or not body["active"]:
        raise HTTPException(401)
    return body


@app.get("/role")
def role(user: dict = Depends(user)):
    if user["role"] not in ("admin", "root"):
        raise HTTPException(403)
    return user["scopes"][0].lower()
"""


def test_every_handler_gets_an_answer_with_which_it_goes_on(scan, project) -> None:
    report = scan(project({"main.py": READS}), select=("INJ001",))
    assert report.failed == ""
    assert {
        row.operation: row.status for row in report.coverage.operations if row.status != 200
    } == {}
    assert len(report.coverage.operations) == 20
    assert not [gap for gap in report.coverage.gaps if gap.what.startswith("outgoing")]


PROXIES = """
import httpx2
import requests
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/proxied")
def proxied(proxy: str) -> int:
    try:
        return httpx2.get("http://far.example/", proxy=proxy, timeout=2).status_code
    except (httpx2.HTTPError, ValueError) as error:
        raise HTTPException(502) from error


@app.get("/through")
def through(proxy: str) -> int:
    try:
        return requests.get("http://far.example/", proxies={"http": proxy}, timeout=2).status_code
    except (OSError, ValueError) as error:
        raise HTTPException(502) from error


@app.get("/fixed")
def fixed(server: str) -> int:
    try:
        return httpx2.get("https://far.example/of/" + server, timeout=2).status_code
    except httpx2.HTTPError as error:
        raise HTTPException(502) from error
"""


def test_a_host_or_a_proxy_of_the_attack_goes_the_real_way(scan, project) -> None:
    report = scan(project({"main.py": PROXIES}), select=("EGR001",))
    assert {str(f.location.operation) for f in report.findings} == {"GET /proxied", "GET /through"}
    asked = {call.url for call in report.coverage.outgoing}
    assert asked <= {"http://far.example/", "https://far.example/of/*"} | {
        url for url in asked if url.startswith("https://far.example/of/")
    }


def test_a_secret_in_a_path_is_not_told(scan, project) -> None:
    body = """
import httpx2
from fastapi import FastAPI

app = FastAPI()


@app.get("/tell")
def tell() -> dict:
    path = "/bot7421:AAHx9Qm2c8Wd0LrT5/send?chat=3"
    return httpx2.post("https://casey:word@messages.example" + path).json()
"""
    report = scan(project({"main.py": body}), select=("INJ001",), options=Options())
    assert [call.url for call in report.coverage.outgoing] == ["https://messages.example/*/send"]


SIGNED_IN = """
import httpx2
import requests
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from pydantic import BaseModel

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="token")


class Login(BaseModel):
    user: str
    password: str


async def user(token: str = Depends(scheme)) -> dict:
    async with httpx2.AsyncClient() as client:
        answer = await client.post("https://idp.example/introspect", data={"token": token})
    if answer.status_code != 200 or not answer.json()["active"]:
        raise HTTPException(401)
    return answer.json()


def owner(key: str = Depends(APIKeyHeader(name="X-API-Key"))) -> str:
    answer = requests.get("https://keys.example/check", headers={"X-Key": key}, timeout=2)
    if not answer.ok:
        raise HTTPException(403)
    return answer.json()["owner"]


@app.post("/login")
def login(form: Login) -> dict:
    answer = httpx2.post("https://idp.example/login", json=form.model_dump())
    return {"token": answer.json()["token"]}


@app.get("/me")
async def me(user: dict = Depends(user)) -> dict:
    return {"sub": user["sub"], "email": user["email"]}


@app.get("/keyed/{number}")
def keyed(number: int, owner: str = Depends(owner)) -> dict:
    return {"owner": owner, "number": number}
"""


def test_whom_a_request_is_from_is_not_made_up(scan, project) -> None:
    """A yes to any token would let everybody in, and be found as a hole that is none."""
    report = scan(project({"main.py": SIGNED_IN}))
    rows = {row.operation: row.reached for row in report.coverage.operations}
    assert rows == {"POST /login": True, "GET /me": False, "GET /keyed/{number}": False}
    assert report.coverage.outgoing == ()
    assert not [f for f in report.findings if f.rule.startswith(("ACC", "AUT"))]
