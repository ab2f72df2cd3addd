"""Role algebra: against a model that is plain and slow, and against Cedar."""

from __future__ import annotations

import asyncio
import json
import random

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, MemoryStores
from buckler.guard.access.permissions import allows, resolve
from buckler.guard.access.roles import RoleBook, rights, stated
from buckler.guard.stores.records import Role

PERMISSIONS = [f"{thing}:{verb}" for thing in "abc" for verb in ("read", "write", "drop")]
PATTERNS = [*PERMISSIONS, "a:*", "b:*", "*"]
NAMES = [f"role{n}" for n in range(6)]


@st.composite
def books(draw: st.DrawFn) -> dict[str, Role]:
    """Roles that inherit from earlier ones alone, so that there is no circle."""
    book: dict[str, Role] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        inherits = draw(st.frozensets(st.sampled_from(sorted(book)))) if book else frozenset()
        permissions = draw(st.frozensets(st.sampled_from(PATTERNS), max_size=4))
        book[name] = Role(name=name, permissions=permissions, inherits=inherits)
    return book


def naive(book: dict[str, Role], role: str, asked: str) -> bool:
    """Whether a role gives a permission, by walking up from it."""
    if role not in book:
        return False
    mine = any(
        one in (asked, "*") or one == asked.split(":")[0] + ":*" for one in book[role].permissions
    )
    return mine or any(naive(book, above, asked) for above in book[role].inherits)


@given(books(), st.frozensets(st.sampled_from([*NAMES, "gone"])))
def test_rights_are_those_of_the_naive_model(book: dict[str, Role], names: frozenset[str]) -> None:
    found = rights(book, names, PERMISSIONS)
    for asked in PERMISSIONS:
        assert (asked in found.permissions) == any(naive(book, name, asked) for name in names)
    assert found.roles >= names & book.keys()


@given(st.frozensets(st.sampled_from(PATTERNS)), st.frozensets(st.sampled_from(PATTERNS)))
def test_union_and_intersection(one: frozenset[str], other: frozenset[str]) -> None:
    both = resolve(one | other, PERMISSIONS)
    assert both == resolve(one, PERMISSIONS) | resolve(other, PERMISSIONS)
    assert all(any(allows(granted, p) for granted in one | other) for p in both)


def cedar_request(user: str, asked: str) -> dict[str, str]:
    return {
        "principal": f'User::"{user}"',
        "action": f'Action::"{asked}"',
        "resource": 'App::"shop"',
        "context": "{}",
    }


def test_cedar_agrees_on_ten_thousand_policies() -> None:
    chance = random.Random(20261128)
    allowed = 0
    for _ in range(1000):
        book: dict[str, Role] = {}
        for name in NAMES[: chance.randint(1, 6)]:
            known = sorted(book)
            book[name] = Role(
                name=name,
                permissions=frozenset(chance.sample(PATTERNS[:-1], chance.randint(0, 3))),
                inherits=frozenset(chance.sample(known, chance.randint(0, min(2, len(known))))),
            )
        users = {
            f"u{n}": frozenset(chance.sample(sorted(book), chance.randint(0, len(book))))
            for n in range(10)
        }
        policies = "\n".join(
            f'permit(principal in Role::"{role.name}", action in Action::"{one}", resource);'
            for role in book.values()
            for one in role.permissions
        )
        entities = [
            {
                "uid": {"type": "Role", "id": role.name},
                "attrs": {},
                "parents": [{"type": "Role", "id": above} for above in role.inherits],
            }
            for role in book.values()
        ]
        entities += [
            {
                "uid": {"type": "User", "id": user},
                "attrs": {},
                "parents": [{"type": "Role", "id": role} for role in roles],
            }
            for user, roles in users.items()
        ]
        entities += [
            {
                "uid": {"type": "Action", "id": one},
                "attrs": {},
                "parents": [{"type": "Action", "id": one.split(":")[0] + ":*"}],
            }
            for one in PERMISSIONS
        ]
        asked = [(user, chance.choice(PERMISSIONS)) for user in users]
        answers = cedarpy.is_authorized_batch(
            [cedar_request(*one) for one in asked], policies, json.dumps(entities)
        )
        for (user, one), answer in zip(asked, answers, strict=True):
            mine = one in rights(book, users[user], PERMISSIONS).permissions
            assert mine == answer.allowed, (book, users[user], one, answer.diagnostics.errors)
            allowed += mine
    assert 1000 < allowed < 9000  # both answers come


@pytest.mark.parametrize(
    "given_roles",
    [
        {"a": Role(name="a", inherits=frozenset({"b"}))},
        {
            "a": Role(name="a", inherits=frozenset({"b"})),
            "b": Role(name="b", inherits=frozenset({"a"})),
        },
        {"a": Role(name="a", inherits=frozenset({"a"}))},
        {"a": "orders:read"},
        {"a": ["orders:"]},
        {"a": ["orders:*:read"]},
        {"a": ["*orders"]},
        {"a": ["x" * 201]},
        {"": ["orders:read"]},
        {"a\n": ["orders:read"]},
        {"a": Role(name="b")},
        ["a"],
        {"a": [1]},
    ],
)
def test_wrong_roles_are_told_where_they_are_written(given_roles: object) -> None:
    with pytest.raises(GuardError) as told:
        stated(given_roles)  # type: ignore[arg-type]
    assert told.value.hint


def test_what_is_put_at_run_time_counts_and_takes_the_place_of_code() -> None:
    async def story() -> None:
        stores = MemoryStores()
        here = RoleBook({"clerk": ["a:read"]}, lambda: PERMISSIONS, stores.roles)
        there = RoleBook({"clerk": ["a:read"]}, lambda: PERMISSIONS, stores.roles)
        clerk = frozenset({"clerk"})
        assert (await here.rights(clerk)).permissions == {"a:read"}
        await stores.roles.put(Role(name="clerk", permissions=frozenset({"b:*"})))
        for book in (here, there):
            assert (await book.rights(clerk)).permissions == {"b:read", "b:write", "b:drop"}
        await stores.roles.drop("clerk")
        for book in (here, there):
            assert (await book.rights(clerk)).permissions == {"a:read"}

    asyncio.run(story())
