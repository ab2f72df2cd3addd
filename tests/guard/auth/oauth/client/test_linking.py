"""Which account somebody comes in to: never by an e-mail address alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from buckler.guard import EventKind, SqlStores
from buckler.guard.auth.oauth.client.identity import Claimed
from tests.guard.auth.oauth.client.liar import Liar, lying
from tests.guard.auth.oauth.client.people import EMAIL, account, by_password, enter, opened
from tests.guard.auth.oauth.client.shop import Shop, onward
from tests.guard.auth.oauth.client.shop import opened as parts_opened

SAID = {"email": EMAIL, "email_verified": True}


@pytest.fixture
def shop(liar: Liar) -> Iterator[Shop]:
    with opened(liar.provider()) as found:
        yield found


@pytest.fixture
def believing(liar: Liar) -> Iterator[Shop]:
    """It believes the provider for one domain."""
    with opened(liar.provider(email_domains=["mail.example"])) as found:
        yield found


def test_who_comes_again_is_the_same_whatever_their_address_is(shop: Shop, liar: Liar) -> None:
    enter(shop, liar, **SAID)
    first = shop.me().json()
    shop.client.cookies.clear()
    enter(shop, liar, email="other@mail.example", email_verified=True)
    assert shop.me().json()["id"] == first["id"]
    shop.client.cookies.clear()
    enter(shop, liar, sub="ann2", **{**SAID, "email_verified": False})
    assert shop.me().json()["id"] != first["id"]


def test_an_address_that_is_not_believed_names_no_account(shop: Shop, liar: Liar) -> None:
    enter(shop, liar, **SAID)
    me = shop.me().json()
    assert (me["name"].partition(":")[0], me["verified"]) == ("op", False)
    # Its owner can have it: whoever came by the provider has no part in that account.
    mine = account(shop, verified=False)
    shop.client.cookies.clear()
    enter(shop, liar, **SAID)
    assert shop.me().json()["id"] == me["id"] != mine


def test_an_address_that_is_believed_names_the_account(believing: Shop, liar: Liar) -> None:
    enter(believing, liar, email="Ann@MAIL.example", email_verified="true")
    me = believing.me().json()
    assert (me["name"], me["verified"]) == (EMAIL, True)


@pytest.mark.parametrize(
    ("says", "believed", "verified", "joins"),
    [
        (True, True, True, True),
        (True, True, False, False),
        (True, False, True, False),
        (True, False, False, False),
        (False, True, True, False),
        ("yes", True, True, False),
        (1.0, True, True, False),
        (None, True, True, False),
    ],
)
def test_a_first_sign_in_joins_an_account_if_all_three_say_so(
    liar: Liar, says: Any, believed: bool, verified: bool, joins: bool
) -> None:
    domains = ["mail.example"] if believed else ["example", "other.example"]
    with opened(liar.provider(email_domains=domains)) as shop:
        mine = account(shop, verified=verified)
        answer = enter(shop, liar, email=EMAIL, email_verified=says)
        if joins:
            assert shop.me().json()["id"] == mine
            assert "provider_linked_by_email" in shop.reasons(EventKind.CREDENTIAL_CHANGED)
        elif says is True:
            assert shop.why(answer) == "exists"
            assert shop.me().status_code == 401
        else:  # nothing is told of an account to whom the address is not known to belong
            assert answer.headers["location"] == "/"
            assert shop.me().json()["id"] != mine


def test_who_had_the_account_before_its_owner_is_out(liar: Liar) -> None:
    with opened(liar.provider(), policy={"deliver": None}) as shop:
        mine = account(shop, verified=False)
        by_password(shop)
        where = shop.client.post("/auth/with/op/link", follow_redirects=False)
        shop.come_back(liar.sent_back(onward(where)))
        shop.client.cookies.clear()
        enter(shop, liar)
        assert shop.me().json()["id"] == mine
        # The owner of the address gets it, by a link that was mailed to them.
        shop.do(shop.guard.identities.stores.users.set_state, mine, verified=True)
        shop.client.cookies.clear()
        answer = enter(shop, liar)
        assert (shop.why(answer), shop.me().status_code) == ("unproven", 401)
        # Who has the account by now may link it again, and then it counts.
        by_password(shop)
        where = shop.client.post("/auth/with/op/link", follow_redirects=False)
        shop.come_back(liar.sent_back(onward(where)))
        shop.client.cookies.clear()
        enter(shop, liar)
        assert shop.me().json()["id"] == mine


def test_a_link_is_made_on_purpose_by_who_has_just_signed_in(shop: Shop, liar: Liar) -> None:
    link = {"url": "/auth/with/op/link", "data": {"next": "/settings"}, "follow_redirects": False}
    assert shop.client.post(**link).status_code == 401
    mine = account(shop, verified=True)
    by_password(shop)
    where = shop.client.post(**link)
    answer = shop.come_back(liar.sent_back(onward(where), lies={"sub": "elsewhere"}))
    assert answer.headers["location"] == "/settings"
    assert "provider_linked" in shop.reasons(EventKind.CREDENTIAL_CHANGED)
    listed = shop.client.get("/auth/with").json()
    assert listed["providers"] == ["op"]
    assert [one["provider"] for one in listed["linked"]] == ["op"]
    shop.client.cookies.clear()
    enter(shop, liar, sub="elsewhere")
    assert shop.me().json()["id"] == mine


def test_an_identity_comes_in_to_one_account(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    first = shop.me().json()["id"]
    shop.client.cookies.clear()
    second = account(shop, verified=True)
    by_password(shop)
    where = shop.client.post("/auth/with/op/link", follow_redirects=False)
    answer = shop.come_back(liar.sent_back(onward(where)))
    assert shop.why(answer) == "taken"
    assert [one.user_id for one in shop.do(shop.sign_in_with.linking.of, first)] == [first]
    assert shop.do(shop.sign_in_with.linking.of, second) == []


def test_an_account_keeps_one_way_to_sign_in(liar: Liar) -> None:
    with lying() as other, opened(liar.provider(), other.provider("other")) as shop:
        enter(shop, liar)
        mine = shop.me().json()["id"]
        assert shop.client.post("/auth/with/op/unlink").status_code == 409
        where = shop.client.post("/auth/with/other/link", follow_redirects=False)
        shop.come_back(other.sent_back(onward(where)))
        assert shop.client.post("/auth/with/op/unlink").json() == {"provider": "op"}
        assert shop.client.post("/auth/with/op/unlink").status_code == 404
        assert shop.client.post("/auth/with/other/unlink").status_code == 409
        assert "provider_unlinked" in shop.reasons(EventKind.CREDENTIAL_CHANGED)
        shop.client.cookies.clear()
        enter(shop, liar)
        assert shop.me().json()["id"] != mine


def test_other_sessions_of_that_provider_end_when_it_is_unlinked(shop: Shop, liar: Liar) -> None:
    account(shop, verified=True)
    by_password(shop)
    where = shop.client.post("/auth/with/op/link", follow_redirects=False)
    shop.come_back(liar.sent_back(onward(where)))
    mine = shop.client.cookies["__Host-session"]
    shop.client.cookies.clear()
    enter(shop, liar)
    theirs = shop.client.cookies["__Host-session"]
    shop.client.cookies.clear()
    shop.client.cookies.set("__Host-session", mine)
    assert shop.client.post("/auth/with/op/unlink").status_code == 200
    assert shop.me().status_code == 200
    shop.client.cookies.set("__Host-session", theirs)
    assert shop.me().status_code == 401


def test_who_may_make_an_account(liar: Liar) -> None:
    with opened(liar.provider(), sign_up=False) as shop:
        assert shop.why(enter(shop, liar, **SAID)) == "no_account"
    with opened(liar.provider(), policy={"sign_up": False}) as shop:
        assert shop.why(enter(shop, liar, **SAID)) == "no_account"
    with opened(liar.provider(), policy={"verified_only": True}) as shop:
        assert shop.why(enter(shop, liar, **SAID)) == "unverified"
        assert shop.do(shop.guard.identities.stores.users.page) == []


def test_an_account_that_is_disabled_stays_out(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    shop.do(shop.guard.identities.disable, shop.me().json()["id"])
    shop.client.cookies.clear()
    assert shop.why(enter(shop, liar)) == "failed"
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_disabled"]


ODD = [
    "\uff41nn@mail.example",  # a full-width letter, which NFKC makes an ordinary one
    "ann@mail.e\uff58ample",
    "ann@mail.example\u200b",
    "ann@mail.example@mail.example",
    "ann @mail.example",
    "ANN@mail.example, bob@mail.example",
    "@mail.example",
    "ann",
    ["ann@mail.example"],
    "x" * 300 + "@mail.example",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_address_that_only_looks_like_it_is_another_one(
    believing_one: tuple[Shop, Liar, str], odd: Any
) -> None:
    shop, liar, mine = believing_one
    shop.client.cookies.clear()
    answer = enter(shop, liar, sub=f"odd {odd}"[:200], email=odd, email_verified=True)
    assert answer.headers["location"] == "/"
    me = shop.me().json()
    assert (me["id"] != mine, me["verified"]) == (True, False)


@pytest.fixture(scope="module")
def believing_one() -> Iterator[tuple[Shop, Liar, str]]:
    with lying() as liar, opened(liar.provider(email_domains=["*"])) as shop:
        for name in ("kelvin@mail.example", EMAIL):
            mine = account(shop, name, verified=True)
        yield shop, liar, mine


def test_a_letter_that_is_folded_into_another_one_is_another_one(liar: Liar) -> None:
    with opened(liar.provider(email_domains=["*"])) as shop:
        mine = account(shop, "kelvin@mail.example", verified=True)
        enter(shop, liar, email="\u212aelvin@mail.example", email_verified=True)
        assert shop.me().json()["id"] != mine
        shop.client.cookies.clear()
        enter(shop, liar, sub="kelvin", email="Kelvin@Mail.Example", email_verified=True)
        assert shop.me().json()["id"] == mine


@pytest.mark.parametrize("domains", [[], ["*"]], ids=["by chance", "by address"])
def test_two_first_sign_ins_at_once_make_one_account(
    liar: Liar, tmp_path: Path, domains: list[str]
) -> None:
    known = liar.provider(email_domains=domains)
    who = Claimed(issuer=liar.issuer, subject="s", email=EMAIL, email_verified=True)
    store = SqlStores(f"sqlite+aiosqlite:///{tmp_path}/shop.db", create=True)
    with parts_opened(known, database=store) as shop:

        async def many() -> list[str]:
            found: list[str] = []

            async def one() -> None:
                found.append((await shop.sign_in_with.linking.enter(known, who)).id)

            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(one)
            return found

        found = shop.do(many)
        assert (len(found), len(set(found))) == (4, 1)
        assert len(shop.do(shop.guard.identities.stores.users.page)) == 1


def test_domains_are_written_as_people_write_them(liar: Liar) -> None:
    assert liar.provider(email_domains=["Mail.Example"]).believes(EMAIL)


def test_an_address_that_nobody_verified_is_verified_before_a_link(shop: Shop, liar: Liar) -> None:
    mine = account(shop, verified=False)
    by_password(shop)
    where = shop.client.post("/auth/with/op/link", follow_redirects=False)
    answer = shop.come_back(liar.sent_back(onward(where)))
    assert shop.why(answer) == "unverified"
    assert shop.do(shop.sign_in_with.linking.of, mine) == []
