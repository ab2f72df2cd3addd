"""Who may pass: routes, routers, mounts, files, websockets, documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

from buckler.guard import (
    EventKind,
    Principal,
    authenticated,
    optional,
    public,
    requires,
)
from tests.guard.access.shop import Shop, client, run, shop


def key(value: str) -> dict[str, str]:
    return {"X-API-Key": value}


@pytest.fixture
def made(tmp_path: Path) -> Shop:
    (tmp_path / "price.txt").write_text("3")
    app = FastAPI()
    orders = APIRouter(prefix="/orders", dependencies=[requires("orders:read")])

    @orders.get("")
    async def listed() -> list[str]:
        return []

    @orders.delete("/{number}", dependencies=[requires("orders:drop")])
    def drop(number: int) -> int:
        return number

    @app.get("/me")
    async def me(who: Annotated[Principal, authenticated]) -> dict[str, Any]:
        return {"id": who.id, "permissions": sorted(who.permissions), "scheme": who.scheme}

    @app.get("/hello")
    async def hello(who: Annotated[Principal | None, optional]) -> str:
        return who.id if who else "stranger"

    @app.get("/health")
    @public
    async def health() -> str:
        return "ok"

    @app.post("/either", dependencies=[requires("orders:write", "stock:write", any_of=True)])
    async def either() -> str:
        return "ok"

    @app.post("/both", dependencies=[requires("orders:write", "stock:write")])
    async def both() -> str:
        return "ok"

    @app.websocket("/feed")
    async def feed(socket: WebSocket, who: Annotated[Principal, requires("orders:read")]) -> None:
        await socket.accept()
        await socket.send_text(who.id)
        await socket.close()

    app.include_router(orders)
    app.mount("/files", requires("orders:read")(StaticFiles(directory=tmp_path)))
    inner = FastAPI(openapi_url=None)

    @inner.get("/thing")
    async def thing(who: Annotated[Principal, authenticated]) -> str:
        return who.id

    app.mount("/inner", requires("orders:read")(inner))
    roles = {"clerk": ["orders:*"], "reader": ["orders:read"], "stocker": ["stock:write"]}
    return shop(app, roles=roles)


PATHS = ["/orders", "/me", "/files/price.txt", "/inner/thing"]


def test_nobody_passes_without_a_credential(made: Shop) -> None:
    with client(made.app) as asked:
        for path in PATHS:
            answer = asked.get(path)
            assert answer.status_code == 401, path
            assert "www-authenticate" in answer.headers
        for path in ("/health", "/hello", "/docs", "/openapi.json"):
            assert asked.get(path).status_code == 200
        with pytest.raises(WebSocketDisconnect) as closed, asked.websocket_connect("/feed"):
            pass
        assert closed.value.code == 1008
    assert made.reasons(EventKind.ACCESS_REFUSED) == ["anonymous"] * 5


def test_permissions_decide(made: Shop) -> None:
    clerk, reader, nobody = made.add("c", "clerk"), made.add("r", "reader"), made.add("n")
    with client(made.app) as asked:
        for path in PATHS:
            assert asked.get(path, headers=key(clerk)).status_code == 200
            assert asked.get(path, headers=key(reader)).status_code == 200
        assert asked.get("/me", headers=key(nobody)).status_code == 200
        for path in ("/orders", "/files/price.txt", "/inner/thing"):
            assert asked.get(path, headers=key(nobody)).status_code == 403
        assert asked.delete("/orders/5", headers=key(clerk)).json() == 5
        assert asked.delete("/orders/5", headers=key(reader)).status_code == 403
        with asked.websocket_connect("/feed", headers=key(reader)) as socket:
            assert socket.receive_text() == "r"
        with (
            pytest.raises(WebSocketDisconnect),
            asked.websocket_connect("/feed", headers=key(nobody)),
        ):
            pass
        assert asked.get("/hello", headers=key(reader)).json() == "r"
        assert asked.get("/hello", headers=key("bk_wrong")).status_code == 401


def test_any_of_and_all(made: Shop) -> None:
    clerk, stocker, both = (
        made.add("c", "clerk"),
        made.add("s", "stocker"),
        made.add("b", "clerk", "stocker"),
    )
    with client(made.app) as asked:
        either = [asked.post("/either", headers=key(k)).status_code for k in (clerk, stocker, both)]
        all_of = [asked.post("/both", headers=key(k)).status_code for k in (clerk, stocker, both)]
    assert either == [200, 200, 200]
    assert all_of == [403, 403, 200]


def test_a_change_counts_at_the_next_request(made: Shop) -> None:
    reader = made.add("r", "reader")
    identities = made.guard.identities
    with client(made.app) as asked:

        def status() -> int:
            return int(asked.get("/orders", headers=key(reader)).status_code)

        assert status() == 200
        run(identities.withdraw("r", "reader", by="boss"))
        assert status() == 403
        run(identities.put_role("night", ["orders:read"], by="boss"))
        run(identities.assign("r", "night", by="boss"))
        assert status() == 200
        run(identities.drop_role("night"))
        assert status() == 403
        run(identities.assign("r", "clerk"))
        assert status() == 200
        run(identities.disable("r"))
        assert status() == 401
        run(identities.enable("r"))
        assert status() == 200
    changes = [e for e in made.events if e.kind is EventKind.RIGHTS_CHANGED]
    assert [(e.reason, e.principal) for e in changes[1:3]] == [
        ("withdrawn", "boss"),
        ("role_changed", "boss"),
    ]


def test_scopes_of_a_key_narrow_what_its_owner_may(made: Shop) -> None:
    made.add("c", "clerk")
    keys = made.guard.identities.keys
    narrow = run(keys.issue("c", "narrow", scopes=["orders:read", "stock:*"])).key
    with client(made.app) as asked:
        assert asked.get("/me", headers=key(narrow)).json()["permissions"] == ["orders:read"]
        assert asked.get("/orders", headers=key(narrow)).status_code == 200
        assert asked.delete("/orders/1", headers=key(narrow)).status_code == 403
        assert asked.post("/either", headers=key(narrow)).status_code == 403


def test_the_document_names_every_way(made: Shop) -> None:
    with client(made.app) as asked:
        document = asked.get("/openapi.json").json()
        again = asked.get("/openapi.json").json()
    assert document == again
    assert set(document["components"]["securitySchemes"]) == {"Session", "ApiKey"}
    assert document["paths"]["/orders"]["get"]["security"] == [
        {"ApiKey": ["orders:read"]},
        {"Session": ["orders:read"]},
    ]
    assert "security" not in document["paths"]["/health"]["get"]


def test_who_may_do_what_is_a_table(made: Shop) -> None:
    found = {(entry.methods, entry.template): entry.words() for entry in made.guard.access_table()}
    assert found[("DELETE",), "/orders/{number}"] == "orders:read and orders:drop"
    assert found[("GET",), "/health"] == "public"
    assert found[("WEBSOCKET",), "/feed"] == "orders:read"
    assert found[("*",), "/files/{path:path}"] == "orders:read"
    assert found[("GET",), "/inner/thing"] == "orders:read and signed in"
    assert found[("POST",), "/either"] == "orders:write or stock:write"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-api-key", b"one"), (b"x-api-key", b"two")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer a b")],
        [(b"authorization", b"Bearer \xff")],
        [(b"authorization", b"Digest realm=x")],
        [(b"authorization", b"Bearer " + b"x" * 17_000)],
        [(b"x-api-key", b"\xe9")],
        [(b"x-api-key", b"")],
    ],
)
def test_malformed_credentials_are_refused(made: Shop, headers: list[tuple[bytes, bytes]]) -> None:
    with client(made.app) as asked:
        answer = asked.get("/hello", headers=headers)
    assert answer.status_code == 401
    assert made.reasons(EventKind.TOKEN_REFUSED)


def test_what_was_sent_on_purpose_decides_over_the_cookie(made: Shop) -> None:
    good = made.add("a", "reader")
    value, _ = run(made.guard.identities.sessions.begin("a", factors=["password"]))
    cookie = {"Cookie": f"__Host-session={value}"}
    with client(made.app) as asked:
        assert asked.get("/orders", headers=cookie).status_code == 200
        assert asked.get("/orders", headers={**cookie, **key(good[:-1] + "_")}).status_code == 401
        both = {**cookie, "Authorization": "Bearer whatever"}
        assert asked.get("/orders", headers=both).status_code == 401
        two = {"Cookie": f"__Host-session={value}; __Host-session={'x' * 43}"}
        assert asked.get("/orders", headers=two).status_code == 401
