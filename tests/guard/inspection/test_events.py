"""What the log is told and what the caller is; what is chosen for an application and for a route."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request

from buckler.guard import Attack, Guard, GuardError, Inspection, Policy, RoutePolicy, with_policy
from buckler.guard.presets import PRESETS
from tests.guard.asgi import ask, get, post
from tests.guard.inspection.apps import JSON, inspected

BAD = "' or '1'='1"
SCRIPT = "<script>alert(1)</script>"


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_an_event_says_who_where_and_what() -> None:
    app, seen = inspected()
    answer = post(app, "/", body({"a": BAD}), JSON, client="203.0.113.9")
    assert answer.status == 200
    (event,) = seen
    assert (event.reason, event.method, event.route, event.client) == (
        "sql",
        "POST",
        "/",
        "203.0.113.9",
    )
    assert event.severity == "warning"
    assert event.request_id
    assert event.detail["place"] == "body.a"
    assert event.detail["value"] == BAD
    assert event.detail["action"] == "log"
    assert event.detail["weight"] >= 4
    assert BAD not in event.message


def test_one_event_of_a_kind_for_each_request() -> None:
    app, seen = inspected()
    many = {f"k{n}": BAD if n % 2 else SCRIPT for n in range(200)}
    post(app, "/", body(many), JSON, query=b"q=%27%20or%20%271%27=%271")
    assert [event.reason for event in seen] == ["sql", "xss"]
    assert seen[0].detail["place"] == "query.q"
    post(app, "/", body(many), JSON)
    assert len(seen) == 4


def test_a_value_is_shortened_and_cannot_break_a_line() -> None:
    app, seen = inspected()
    post(app, "/", body({"a": "\x1b[2J\r\n\u2028' or '1'='1" + "x" * 500}), JSON)
    shown = str(seen[0].detail["value"])
    assert shown.startswith("\ufffd[2J\ufffd\ufffd\ufffd' or")
    assert len(shown) == 65
    assert shown.isprintable()


def test_secrets_are_not_told() -> None:
    app, seen = inspected()
    post(app, "/", body({"password": BAD + "correct horse"}), JSON)
    post(
        app,
        "/",
        b"password=" + b"%27+or+%271%27%3D%271+horse",
        {"content-type": "application/x-www-form-urlencoded"},
    )
    post(app, "/", body({"a": f"{BAD} token=abcdef0123456789"}), JSON)
    assert [event.detail["place"] for event in seen] == ["body.password", "form.password", "body.a"]
    assert not any(word in str(seen) for word in ("horse", "abcdef0123456789"))


def test_a_refusal_tells_nothing() -> None:
    app, seen = inspected(Inspection(action="refuse"))
    ran: list[str] = []

    @app.post("/run")
    async def run(request: Request) -> str:
        await request.body()
        ran.append("ran")
        return "ran"

    whole = post(app, "/run", body({"a": BAD}), JSON)
    chunked = post(app, "/run", [b'{"a": "', BAD.encode(), b'"}'], JSON)
    head = get(app, "/", query=b"q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert [answer.status for answer in (whole, chunked, head)] == [403, 403, 403]
    assert ran == []
    for answer in (whole, chunked, head):
        problem = json.loads(answer.body)
        assert problem["title"] == "The request was refused"
        assert not any(
            word in answer.body.decode().lower() for word in ("sql", "xss", "attack", "script")
        )
    assert [(event.reason, event.status, event.detail["action"]) for event in seen] == [
        ("sql", 403, "refuse"), ("sql", 403, "refuse"), ("xss", 403, "refuse"),
    ]  # fmt: skip
    assert seen[0].request_id == json.loads(whole.body)["incident"]
    assert post(app, "/run", body({"a": "O'Brien"}), JSON).status == 200


def test_a_form_that_fastapi_reads_is_refused() -> None:
    app = FastAPI()

    @app.post("/form")
    async def form(name: Annotated[str, Form()]) -> str:
        return name

    Guard(app, hosts=["shop.example"], inspect=Inspection(action="refuse"))
    kind = {"content-type": "multipart/form-data; boundary=b"}
    part = '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n{}\r\n--b--\r\n'
    assert post(app, "/form", part.format(BAD).encode(), kind).status == 403
    assert post(app, "/form", part.format("O'Brien").encode(), kind).status == 200


def test_routes_and_routers_want_otherwise() -> None:
    seen: list[Any] = []
    app = FastAPI()

    @app.post("/page")
    @with_policy(uninspected=["xss"])
    async def page(request: Request) -> int:
        return len(await request.body())

    @app.post("/strict")
    @with_policy(inspect=Inspection(action="refuse"))
    async def strict(request: Request) -> int:
        return len(await request.body())

    router = APIRouter(dependencies=[Depends(RoutePolicy(inspect=None))])

    @router.post("/console")
    async def console(request: Request) -> int:
        return len(await request.body())

    app.include_router(router)
    Guard(app, hosts=["shop.example"], inspect=Inspection(), events=seen.append)
    both = body({"a": SCRIPT, "b": BAD})
    assert post(app, "/page", both, JSON).status == 200
    assert post(app, "/strict", both, JSON).status == 403
    assert post(app, "/console", both, JSON).status == 200
    assert [(event.route, event.reason) for event in seen if event.route] == [
        ("/page", "sql"), ("/strict", "xss"), ("/strict", "sql"),
    ]  # fmt: skip


def test_a_route_alone_may_want_it_also_one_that_is_added_at_the_start() -> None:
    seen: list[Any] = []
    app = FastAPI()
    Guard(app, hosts=["shop.example"], events=seen.append)

    @app.post("/watched")
    @with_policy(inspect=Inspection())
    async def watched(request: Request) -> int:
        return len(await request.body())

    @app.post("/other")
    async def other(request: Request) -> int:
        return len(await request.body())

    post(app, "/other", body({"a": BAD}), JSON)
    post(app, "/watched", body({"a": BAD}), JSON)
    assert [event.route for event in seen if event.kind == "request.attack_seen"] == ["/watched"]


def test_kinds_are_chosen() -> None:
    app, seen = inspected(Inspection(kinds=["xss", Attack.SQL], without=["xss"]))
    post(app, "/", body({"a": SCRIPT, "b": BAD, "c": "; cat /etc/passwd"}), JSON)
    assert [event.reason for event in seen] == ["sql"]


def test_it_is_off_in_every_preset_and_nothing_of_it_is_there_then() -> None:
    assert [preset().inspect for preset in PRESETS.values()] == [None] * len(PRESETS)
    code = (
        "import sys; from fastapi import FastAPI; from buckler.guard import Guard;"
        "app = FastAPI(); Guard(app); app.build_middleware_stack()._started();"
        "sys.exit('re2' in sys.modules or 'buckler.guard.inspection.inspecting' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "options",
    [
        {"action": "block"},
        {"kinds": ["sqli"]},
        {"kinds": "sql"},
        {"without": ["no"]},
        {"headers": "referer"},
        {"headers": ["a\nb"]},
        {"body": "much"},
    ],
)
def test_wrong_options_are_told_where_they_are_written(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        Inspection(**options)


def test_wrong_wishes_are_told_where_they_are_written() -> None:
    with pytest.raises(GuardError, match="sqli"):
        RoutePolicy(uninspected=["sqli"])
    with pytest.raises(GuardError, match="Inspection"):
        Policy(inspect=True)  # type: ignore[arg-type]


def test_without_re2_the_command_that_installs_it_is_told() -> None:
    code = (
        "import sys; sys.modules['re2'] = None\n"
        "from buckler.guard import GuardError, Inspection\n"
        "try: Inspection()\n"
        "except GuardError as error: print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pip install 'buckler[inspect]'"


def test_requests_beside_each_other_are_told_apart() -> None:
    app, seen = inspected()

    async def run() -> None:
        await asyncio.gather(
            *(ask(app, "POST", "/", JSON, body({f"k{n}": BAD})) for n in range(20))
        )

    asyncio.run(run())
    assert len({event.request_id for event in seen}) == 20
    assert {event.detail["place"] for event in seen} == {f"body.k{n}" for n in range(20)}
