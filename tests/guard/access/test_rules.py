"""What else a rule may ask, and rules that are written wrongly."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request, Response
from starlette.testclient import TestClient

from buckler.guard import (
    AuthPolicy,
    Guard,
    GuardError,
    Principal,
    authenticated,
    requires,
)
from tests.guard.access.shop import SECRET, client, run, shop


def key(value: str) -> dict[str, str]:
    return {"X-API-Key": value}


RULE = requires("orders:read")


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
        lambda: authenticated(lambda request: None),
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


def test_a_session_gets_another_cookie_when_rights_change() -> None:
    app = FastAPI()

    @app.get("/x", dependencies=[authenticated])
    async def x(response: Response) -> str:
        response.set_cookie("own", "1")
        return "ok"

    made = shop(app)
    made.add("a")
    identities = made.guard.identities
    first, session = run(identities.sessions.begin("a", factors=["password"]))
    with client(app) as asked:

        def got(value: str) -> tuple[int, dict[str, str]]:
            asked.cookies.clear()
            answer = asked.get("/x", headers={"Cookie": f"__Host-session={value}"})
            return answer.status_code, dict(answer.cookies)

        for _ in range(2):
            assert got(first) == (200, {"own": "1"})
        run(identities.assign("a", "clerk"))
        status, cookies = got(first)
        assert (status, cookies["own"]) == (200, "1")
        second = cookies["__Host-session"]
        assert second != first
        assert got(second) == (200, {"own": "1"})
        # Requests that were under way with the old one are answered, without another cookie.
        assert got(first) == (200, {"own": "1"})
        found = run(identities.sessions.verify(second))
        assert (found.id, found.created) == (session.id, session.created)
        old = run(identities.sessions.verify(first))
        assert old.expires <= found.used + 31
        run(identities.withdraw("a", "clerk"))
        assert "__Host-session" in got(second)[1]
