"""Who may pass: routes, routers, mounts, files, websockets, documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler.guard import (
    AuthPolicy,
    EventKind,
    Guard,
    GuardError,
    Principal,
    authenticated,
    optional,
    public,
    requires,
)
from tests.guard.access.shop import SECRET, Shop, client, run, shop


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


RULE = requires("orders:read")
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


def conditions_app(**options: Any) -> FastAPI:
    app = FastAPI()

    @app.get("/x", dependencies=[requires(**options)])
    async def x() -> str:
        return "ok"

    return app


async def at_night(who: Principal, request: Request) -> bool:
    return request.query_params.get("hour") == "3" and who.id == "a"


def broken(who: Principal, request: Request) -> bool:
    raise RuntimeError("no such thing")


@pytest.mark.parametrize(
    ("when", "address", "status"),
    [
        (at_night, "/x?hour=3", 200),
        (at_night, "/x?hour=4", 403),
        (lambda who, request: "yes", "/x", 403),  # only True is a yes
        (lambda who, request: None, "/x", 403),
        ([lambda who, request: True, at_night], "/x", 403),
        (broken, "/x", 500),
    ],
)
def test_conditions(when: Any, address: str, status: int) -> None:
    made = shop(conditions_app(when=when))
    one = made.add("a")
    with client(made.app) as asked:
        assert asked.get(address, headers=key(one)).status_code == status


def test_schemes_and_verified_and_factors() -> None:
    app = FastAPI()

    @app.get("/session", dependencies=[requires(schemes=["session"])])
    @app.get("/verified", dependencies=[requires(verified=True)])
    @app.get("/second", dependencies=[requires(second_factor=True)])
    @app.get("/recent", dependencies=[requires(recent=300)])
    async def x() -> str:
        return "ok"

    made = shop(app)
    by_key = made.add("a")
    checked = made.add("v", verified=True)
    identities = made.guard.identities
    value, session = run(identities.sessions.begin("a", factors=["password"]))
    cookie = {"Cookie": f"__Host-session={value}"}
    with client(app) as asked:
        assert asked.get("/session", headers=key(by_key)).status_code == 403
        assert asked.get("/session", headers=cookie).status_code == 200
        assert asked.get("/verified", headers=key(by_key)).status_code == 403
        assert asked.get("/verified", headers=key(checked)).status_code == 200
        assert asked.get("/second", headers=cookie).status_code == 401
        # A key shows no factor of a person: nothing was shown recently.
        assert asked.get("/recent", headers=key(by_key)).status_code == 401
        assert asked.get("/recent", headers=cookie).status_code == 200
        value, session = run(identities.sessions.rotate(value, factor="totp"))
        assert asked.get("/second", headers=cookie).status_code == 401  # the old cookie is gone
        cookie = {"Cookie": f"__Host-session={value}"}
        assert asked.get("/second", headers=cookie).status_code == 200
    assert session.factors == {"password", "totp"}


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


def test_without_a_guard_nobody_passes() -> None:
    app = conditions_app()
    assert TestClient(app, raise_server_exceptions=False).get("/x").status_code == 500
    plain = conditions_app()
    Guard(plain)
    assert TestClient(plain, raise_server_exceptions=False).get("/x").status_code == 500


def test_overrides_of_a_test_reach_the_rule() -> None:
    app = FastAPI()

    @app.get("/x")
    async def x(who: Annotated[Principal, RULE]) -> str:
        return who.id

    shop(app)
    app.dependency_overrides[RULE.dependency] = lambda: Principal(
        id="t", name="t", permissions=frozenset(), scheme="session"
    )
    with client(app) as asked:
        assert asked.get("/x").json() == "t"


@pytest.mark.parametrize(
    "make",
    [
        lambda: requires("orders"[:0]),
        lambda: requires("orders:*"),
        lambda: requires("a b"),
        lambda: requires(recent=-1),
        lambda: requires(schemes=["cookie"]),
        lambda: requires(schemes=[]),
        lambda: requires(when=int),
        lambda: requires("a", second_factor="yes"),
        lambda: authenticated(lambda scope, receive, send: None),
        lambda: shop(FastAPI(), secret="short"),
    ],
)
def test_wrong_options_are_told_where_they_are_written(make: Any) -> None:
    with pytest.raises((GuardError, TypeError)):
        make()


@pytest.mark.parametrize(
    "options",
    [
        {"secret": "x" * 20, "database": "sqlite+aiosqlite://"},
        {"secret": "ab" * 30, "database": "sqlite+aiosqlite://"},
        {"secret": SECRET},
        {"database": "sqlite+aiosqlite://"},
        {"secret": SECRET, "database": 5},
        {"secret": [], "database": "sqlite+aiosqlite://"},
        {"deny": "no"},
        {"docs": "orders:*"},
        {"docs": 5},
        {"roles": {"a": ["x"]}},
    ],
)
def test_wrong_options_of_the_guard(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as told:
        Guard(FastAPI(), **options)
    assert told.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"ways": []},
        {"ways": ["cookie"]},
        {"ways": "session"},
        {"access_lifetime": 0},
        {"access_lifetime": 90_000},
        {"verified_only": True},
        {"prefix": "auth"},
        {"basic_over_http": "no"},
        {"password_queue": 0},
    ],
)
def test_wrong_policies(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as told:
        AuthPolicy(**options)
    assert told.value.hint


def test_depends_of_the_application_beside_the_rule() -> None:
    app = FastAPI()
    seen: list[str] = []

    def look(request: Request) -> None:
        seen.append(request.url.path)

    @app.get("/x", dependencies=[authenticated, Depends(look)])
    async def x() -> str:
        return "ok"

    made = shop(app)
    one = made.add("a")
    with client(app) as asked:
        assert asked.get("/x").status_code == 401
        assert seen == []
        assert asked.get("/x", headers=key(one)).status_code == 200
    assert seen == ["/x"]
