"""Ways around a bound or a check, each tried once with success."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel
from starlette.middleware.gzip import GZipMiddleware

from buckler.guard import AnswerError, Cors, Guard, GuardError, RoutePolicy
from tests.guard.asgi import ask, get, post

ARGON = "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno"
KIND = {"content-type": "application/json"}


def test_threads_of_late_handlers_count_as_under_way() -> None:
    app = FastAPI()
    most = 0
    release = threading.Event()

    @app.get("/")
    def slow() -> dict[str, int]:
        nonlocal most
        most = max(most, threading.active_count())
        release.wait(20)
        return {}

    Guard(app, timeout=0.1, rate=None, concurrency=60)

    async def run() -> list[int]:
        waves = []
        for _ in range(4):
            waves += [asyncio.create_task(ask(app, "GET", "/")) for _ in range(50)]
            await asyncio.sleep(0.4)
        release.set()
        return [answer.status for answer in await asyncio.gather(*waves)]

    before = threading.active_count()
    assert set(asyncio.run(run())) == {503}
    assert most - before < 60, "a thread that nobody waits for has made room for another one"


def test_such_a_handler_is_answered_in_time_and_once() -> None:
    app = FastAPI()
    told = threading.Event()

    @app.get("/")
    def slow() -> dict[str, int]:
        return {"late": told.wait(30)}

    Guard(app, timeout=0.1, events=lambda event: told.set())
    answer = get(app)
    assert (answer.status, answer.error) == (503, None)
    assert told.is_set()
    assert [m["type"] for m in answer.messages] == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/json\xa0",
        "application/json\x85",
        "text/plain",
        "multipart/x; boundary=a",
        "x/y",
    ],
)
def test_json_is_looked_at_whatever_it_calls_itself(kind: str) -> None:
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.json())}

    Guard(app)
    assert post(app, "/", b" " + b"[" * 200 + b"]" * 200, {"content-type": kind}).status == 400
    assert post(app, "/", b"[1, 2]", {"content-type": kind}).body == b'{"size":2}'


def test_bytes_that_are_no_json_pass_with_any_number_of_brackets() -> None:
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    Guard(app)
    body = b"\x89PNG" + b"[{" * 5000
    assert post(app, "/", body, {"content-type": "application/octet-stream"}).status == 200


def test_a_body_that_no_header_tells_of_is_counted() -> None:
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    Guard(app)
    waiting = [
        {"type": "http.request", "body": b"x" * 1_000_000, "more_body": n < 4} for n in range(5)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    from tests.guard.asgi import scope

    asyncio.run(app(scope("POST"), receive, send))
    assert sent[0]["status"] == 413


class User(BaseModel):
    name: str
    password_hash: str


class Page(BaseModel):
    items: list[User]
    next_page_token: str
    note: str = ""


@pytest.mark.parametrize("where", ["nested", "shape"])
def test_a_declared_model_hides_no_stored_password(where: str) -> None:
    app = FastAPI()

    @app.get("/nested")
    async def nested() -> Page:
        return Page(items=[User(name="a", password_hash="x1")], next_page_token="t")

    @app.get("/shape")
    async def shape() -> Page:
        return Page(items=[], next_page_token="t", note=ARGON)

    Guard(app, answers="fail")
    assert isinstance(get(app, f"/{where}").error, AnswerError)


def test_words_about_a_secret_are_none() -> None:
    app = FastAPI()
    content = {
        "next_page_token": "eyAicGFnZSI6IDIsICJzaXplIjogMTB9",
        "csrf_token": "c2Vzc2lvbi1ib3VuZC10b2tlbg1234",
        "token_id": "tok-0123456789abcdef0123",
        "token_expires_at": "2026-11-28T05:00:00Z0000",
        "password_changed_at": "2026-11-28T05:00:00Z",
        "password": "must have 12 characters",
        "auth_method": "webauthn-platform-2",
        "api_key_id": "key-0123456789abcdef",
    }

    @app.get("/")
    async def home() -> JSONResponse:
        return JSONResponse(content)

    Guard(app, answers="fail")
    assert get(app).status == 200


def test_the_root_path_of_documentation_is_not_the_callers_script() -> None:
    app = FastAPI()
    app.mount("/{tenant}", FastAPI(title="</title><script>alert(1)</script>"))
    Guard(app)
    page = get(app, "/x'-alert(1)-'/docs").body.decode()
    assert "'-alert(1)-'" not in page
    assert "<script>alert(1)" not in page
    assert "&lt;script" in page


def test_mounts_under_routers_and_layers_have_the_errors_and_the_pages() -> None:
    inner = FastAPI()

    @inner.get("/boom")
    async def boom(number: int = 0) -> None:
        raise HTTPException(400, "/home/app/main.py is gone")

    router = APIRouter()
    router.mount("/m", inner)
    app = FastAPI()
    app.include_router(router, prefix="/p")
    other = FastAPI()
    other.add_api_route("/boom", boom)
    app.mount("/w", GZipMiddleware(other))
    Guard(app)
    for path in ("/p/m/boom", "/w/boom"):
        answer = get(app, path)
        assert (answer.status, b"/home/app" in answer.body) == (400, False), path
        assert b"xyzzy" not in get(app, path, query=b"number=xyzzy").body
    assert "nonce-" in (get(app, "/w/docs").header("content-security-policy") or "")


def test_cors_and_csrf_agree_and_preflights_are_not_counted() -> None:
    app = FastAPI()

    @app.post("/login")
    async def login(password: str = "") -> dict[str, int]:
        return {}

    Guard(app, cors=Cors(["https://app.example:443"], credentials=True), sign_in_rate="2/hour")
    origin = {"origin": "https://app.example"}
    for _ in range(5):
        asked = {**origin, "access-control-request-method": "POST"}
        assert asyncio.run(ask(app, "OPTIONS", "/login", asked)).status == 204
    sent = [post(app, "/login", b"", {**origin, "cookie": "s=1"}) for _ in range(3)]
    assert [answer.status for answer in sent] == [200, 200, 429]
    assert sent[2].header("access-control-allow-origin") == "https://app.example"


@pytest.mark.parametrize(
    "pattern",
    [r"https://.*example\.com", r"https://[a-z]+.example.com", r"https://a\.example\.com|.*\.dev"],
)
def test_patterns_with_an_open_dot_are_refused(pattern: str) -> None:
    with pytest.raises(GuardError, match="matches anybody"):
        Cors(pattern=pattern, credentials=True)


def test_patterns_that_name_their_domain_are_taken() -> None:
    assert Cors(pattern=r"https://[a-z0-9-]+\.example\.com").allows(b"https://eu.example.com")


def test_an_upload_may_be_bounded_below_a_body() -> None:
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    Guard(app, body="1 MB", upload="1 KB")
    kind = {"content-type": "multipart/form-data; boundary=a"}
    assert post(app, "/", b"--a\r\n\r\n" + b"x" * 5000, kind).status == 413


class Login(BaseModel):
    userPassword: str  # noqa: N815 - as such forms are written


class Wrapped(BaseModel):
    login: Login


def test_every_way_to_take_a_password_is_seen() -> None:
    app = FastAPI()
    router = APIRouter(dependencies=[Depends(RoutePolicy(rate="5000/minute"))])

    @router.post("/nested")
    async def nested(body: Wrapped) -> dict[str, int]:
        return {}

    @app.post("/either")
    async def either(body: Login | None = None) -> dict[str, int]:
        return {}

    @app.get("/basic")
    async def basic(who: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> dict[str, int]:
        return {}

    app.include_router(router)
    Guard(app, sign_in_rate="7/minute")
    for method, path in (("POST", "/nested"), ("POST", "/either"), ("GET", "/basic")):
        answer = asyncio.run(ask(app, method, path, KIND))
        assert answer.header("ratelimit-policy") == '"default";q=7;w=60', path
