"""Objects by their owners: somebody else's is one that is not there."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import NullPool

from buckler.guard import EventKind, GuardError, owned
from tests.guard.access.shop import Shop, client, shop


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
    user_id: Mapped[str | None]
    items: Mapped[list[Item]] = relationship(back_populates="order")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order: Mapped[Order] = relationship(back_populates="items")


class Pair(Base):
    __tablename__ = "pairs"
    a: Mapped[int] = mapped_column(primary_key=True)
    b: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str]


NUMBER = uuid.UUID("12345678-1234-5678-1234-567812345678")
READ: dict[str, Any] = {"permission": "orders:read", "override": "orders:manage"}


def filled(path: Path) -> str:
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Order(id=1, user_id="ann", number=NUMBER, items=[Item(id=7, name="tea")]))
        session.add(Order(id=2, user_id="bob", items=[Item(id=8, name="cup")]))
        session.add(Order(id=3, user_id=None))
        session.commit()
    engine.dispose()
    return str(path)


def made(path: str, *, blocking: bool) -> Shop:
    # Without a pool: nobody ends the application's own engine, and FastAPI remembers its functions for long.
    asynchronous = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool)
    plain = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False}, poolclass=NullPool
    )

    async def waits() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(asynchronous) as session:
            yield session

    def blocks() -> Iterator[Session]:
        with Session(plain) as session:
            yield session

    session = blocks if blocking else waits
    app = FastAPI()

    async def read(order: Any) -> dict[str, Any]:
        return {"id": order.id}

    mine = owned(Order, id="order_id", owner=Order.user_id, session=session, **READ)
    read.__annotations__["order"] = Annotated[Order, mine]
    app.get("/orders/{order_id}")(read)

    async def by_number(order: Any) -> dict[str, Any]:
        return {"id": order.id}

    numbered = owned(Order, id="number", key=Order.number, owner=Order.user_id, session=session)
    by_number.__annotations__["order"] = Annotated[Order, numbered]
    app.get("/numbers/{number}")(by_number)

    async def item(item: Any) -> dict[str, Any]:
        return {"name": item.name}

    through = owned(Item, id="item_id", owner=Order.user_id, session=session, **READ)
    item.__annotations__["item"] = Annotated[Item, through]
    app.get("/items/{item_id}")(item)
    roles = {"customer": ["orders:read"], "manager": ["orders:read", "orders:manage"]}
    return shop(app, roles=roles)


@pytest.mark.parametrize("blocking", [False, True])
def test_owners_get_their_own(tmp_path: Path, blocking: bool) -> None:
    it = made(filled(tmp_path / "shop.db"), blocking=blocking)
    ann, bob, boss = it.add("ann", "customer"), it.add("bob", "customer"), it.add("x", "manager")
    nobody = it.add("ann2")
    with client(it.app) as asked:

        def got(path: str, key: str) -> int:
            return int(asked.get(path, headers={"X-API-Key": key}).status_code)

        assert asked.get("/orders/1").status_code == 401
        assert asked.get("/orders/x").status_code == 401  # before anything is told of the path
        paths = ("/orders/1", f"/numbers/{NUMBER}", "/items/7")
        assert [got(path, ann) for path in paths] == [200, 200, 200]
        assert [got(path, bob) for path in paths] == [404, 404, 404]
        assert [got(path, boss) for path in paths] == [200, 404, 200]
        assert [got(path, nobody) for path in paths] == [403, 404, 403]
        assert got("/items/8", bob) == 200
        assert [got("/orders/3", key) for key in (ann, boss)] == [404, 200]  # of nobody
        for absent in ("/orders/99", f"/numbers/{uuid.uuid4()}", "/items/99", "/orders/-1"):
            assert got(absent, ann) == 404
        for wrong in ("/orders/x", "/orders/99999999999999999999", "/numbers/5"):
            assert got(wrong, ann) == 422
        foreign = asked.get("/orders/2", headers={"X-API-Key": ann})
        absent_ = asked.get("/orders/99", headers={"X-API-Key": ann})
    without = ("incident", "instance")
    told = [
        {k: v for k, v in answer.json().items() if k not in without}
        for answer in (foreign, absent_)
    ]
    assert told[0] == told[1]
    assert it.reasons(EventKind.ACCESS_REFUSED).count("owner") == 7


def test_the_table_says_what_it_requires(tmp_path: Path) -> None:
    it = made(filled(tmp_path / "shop.db"), blocking=True)
    words = {entry.template: entry.words() for entry in it.guard.access_table()}
    assert words["/orders/{order_id}"] == "orders:read, owner or orders:manage"
    assert words["/numbers/{number}"] == "signed in, owner"
    with client(it.app) as asked:
        document = asked.get("/openapi.json").json()
    operation = document["paths"]["/orders/{order_id}"]["get"]
    assert [one["name"] for one in operation["parameters"]] == ["order_id"]
    assert operation["security"]


def test_without_a_database_the_error_names_the_option() -> None:
    app = FastAPI()

    async def read(order: Any) -> int:
        return int(order.id)

    mine = owned(Order, id="order_id", owner=Order.user_id)
    read.__annotations__["order"] = Annotated[Order, mine]
    app.get("/orders/{order_id}")(read)
    it = shop(app)
    key = it.add("ann")
    with client(app) as asked:
        answer = asked.get("/orders/1", headers={"X-API-Key": key})
    assert answer.status_code == 500


@pytest.mark.parametrize(
    "options",
    [
        {"model": int, "id": "x", "owner": Order.user_id},
        {"model": Order, "id": "x y", "owner": Order.user_id},
        {"model": Order, "id": "x", "owner": "user_id"},
        {"model": Pair, "id": "a", "owner": Pair.user_id},
        {"model": Order, "id": "x", "owner": Order.user_id, "permission": "orders:*"},
        {"model": Order, "id": "x", "owner": Order.user_id, "override": "a b"},
        {"model": Order, "id": "session_", "owner": Order.user_id},
    ],
)
def test_wrong_options_are_told_where_they_are_written(options: dict[str, Any]) -> None:
    model = options.pop("model")
    with pytest.raises(GuardError) as told:
        owned(model, **options)
    assert told.value.hint


def test_a_path_without_the_parameter_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)

    async def read(order: Any) -> int:
        return int(order.id)

    mine = owned(Order, id="order_id", owner=Order.user_id)
    read.__annotations__["order"] = Annotated[Order, mine]
    app.get("/orders/{number}")(read)
    shop(app)
    with pytest.raises(GuardError, match="order_id"), client(app):
        pass
