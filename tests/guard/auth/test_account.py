"""Sign-up, verification, reset and change of the password."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

from buckler.guard import (
    Accounts,
    AccountTimes,
    GuardError,
    Links,
    Mail,
    NameRefusedError,
    PasswordError,
    PasswordPolicy,
    PasswordPolicyError,
    TokenError,
)
from tests.guard.auth.accounts import NAME, NEW, Shop
from tests.guard.auth.parts import GOOD, on_asyncio


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_sign_up_and_verify(shop: Shop) -> None:
    shop.sign_up(" Alice@Mail.Example ")
    assert shop.kinds() == ["verify"]
    mail = shop.mails[0]
    assert (mail.to, mail.link) == (NAME, f"https://shop.example/verify#token={mail.token}")
    user = shop.enter(GOOD)
    assert (user.verified, user.created) == (False, shop.clock.now)
    found = shop.do(lambda: shop.accounts.verify(mail.token))
    assert (found.id, found.verified) == (user.id, True)
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.verify(mail.token))
    assert [(e.kind, e.reason) for e in shop.events if e.kind == "account.changed"] == [
        ("account.changed", "created"),
        ("account.changed", "verified"),
    ]


def test_a_taken_name_gets_the_same_answer_and_its_owner_a_mail(shop: Shop) -> None:
    shop.sign_up()
    before = len(shop.hasher.hashed)
    shop.sign_up(password=NEW)
    assert len(shop.hasher.hashed) == before + 1
    assert shop.kinds() == ["verify", "name_taken"]
    with pytest.raises(PasswordError):
        shop.enter(NEW)
    assert shop.enter(GOOD)
    # The owner of an address with which somebody else signed up first takes the account over.
    shop.do(lambda: shop.accounts.reset(shop.mails[1].token, NEW))
    assert shop.enter(NEW).verified
    with pytest.raises(PasswordError):
        shop.enter(GOOD)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_the_answer_does_not_wait_for_the_mail(kind: str) -> None:
    sent: list[str] = []

    async def main() -> None:
        gone = asyncio.Event() if kind == "asyncio" else trio.Event()

        async def slow(mail: Mail) -> None:
            await gone.wait()
            sent.append(mail.kind)

        shop = Shop(deliver=slow)
        await shop.accounts.sign_up(NAME, GOOD)
        await shop.accounts.request_reset(NAME)
        assert sent == []
        gone.set()
        await shop.accounts.outbox.drain()

    trio.run(main) if kind == "trio" else asyncio.run(main())
    assert sorted(sent) == ["reset", "verify"]


class Lookups:
    """A store of accounts that counts what is asked of it."""

    def __init__(self, users: Any) -> None:
        self.users = users
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self.users, name)


@pytest.mark.parametrize("name", [NAME, "nobody@mail.example"])
def test_a_request_looks_nothing_up_before_it_is_answered(name: str) -> None:
    shop = Shop()
    shop.sign_up()
    lookups = Lookups(shop.stores.users)
    accounts = Accounts(
        lookups,
        shop.stores.one_time,
        shop.stores.attempts,
        passwords=shop.hasher,
        lockout=shop.lockout,
        links=Links("https://shop.example"),
        deliver=shop.deliver,
        tell=shop.events.append,
        clock=shop.clock,
    )

    async def main() -> list[str]:
        await accounts.request_reset(name)
        await accounts.request_verification(name)
        before = list(lookups.asked)
        await accounts.outbox.drain()
        return before

    assert on_asyncio(main) == []
    assert lookups.asked == ["by_name", "by_name"]
    assert shop.kinds() == ["verify", *(["reset", "verify"] if name == NAME else [])]


def test_reset(shop: Shop) -> None:
    shop.sign_up()
    shop.clock.now += 100
    shop.do(lambda: shop.accounts.request_reset(NAME.upper()))
    assert shop.kinds() == ["verify", "reset"]
    token = shop.mails[1].token
    user = shop.do(lambda: shop.accounts.reset(token, NEW))
    # What was issued before counts no more, the address is shown to be theirs.
    assert (user.valid_from, user.verified) == (shop.clock.now, True)
    assert shop.kinds() == ["verify", "reset", "password_changed"]
    assert shop.mails[2].link == ""
    assert shop.enter(NEW).id == user.id
    with pytest.raises(PasswordError):
        shop.enter(GOOD)
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.reset(token, GOOD))
    assert ("credential.changed", "password_reset") in [(e.kind, e.reason) for e in shop.events]


def test_reset_ends_the_wait_and_works_during_it(shop: Shop) -> None:
    shop.sign_up()
    for _ in range(12):
        with pytest.raises(PasswordError):
            shop.enter("wrong")
    with pytest.raises(PasswordError):
        shop.enter(GOOD)
    shop.do(lambda: shop.accounts.request_reset(NAME))
    shop.do(lambda: shop.accounts.reset(shop.mails[1].token, NEW))
    assert shop.enter(NEW)


def test_a_refused_password_does_not_use_the_link_up(shop: Shop) -> None:
    shop.sign_up()
    shop.do(lambda: shop.accounts.request_reset(NAME))
    token = shop.mails[1].token
    for bad in ("short", NAME, "qwertyuiopasdfghjkl"):
        with pytest.raises(PasswordPolicyError):
            shop.do(lambda bad=bad: shop.accounts.reset(token, bad))
    shop.do(lambda: shop.accounts.reset(token, NEW))
    assert shop.enter(NEW)


def test_all_links_end_with_the_first_that_is_used(shop: Shop) -> None:
    shop.sign_up()
    for _ in range(2):
        shop.do(lambda: shop.accounts.request_reset(NAME))
    shop.do(lambda: shop.accounts.reset(shop.mails[1].token, NEW))
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.reset(shop.mails[2].token, GOOD))


def test_one_of_two_resets_at_once_counts(shop: Shop) -> None:
    shop.sign_up()
    shop.do(lambda: shop.accounts.request_reset(NAME))
    token = shop.mails[1].token

    async def both() -> list[Any]:
        tries = (shop.accounts.reset(token, password) for password in (NEW, NEW + " too"))
        return await asyncio.gather(*tries, return_exceptions=True)

    found = shop.do(both)
    assert sum(isinstance(one, TokenError) for one in found) == 1


def test_links_are_for_their_purpose_and_their_time(shop: Shop) -> None:
    shop.sign_up()
    shop.do(lambda: shop.accounts.request_reset(NAME))
    verify, reset = (mail.token for mail in shop.mails)
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.reset(verify, NEW))
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.verify(reset))
    shop.clock.now += 1800
    with pytest.raises(TokenError):
        shop.do(lambda: shop.accounts.reset(reset, NEW))
    assert shop.do(lambda: shop.accounts.verify(verify)).verified


@pytest.mark.parametrize("what", ["renamed", "disabled", "removed"])
def test_a_link_does_not_outlive_what_it_was_for(shop: Shop, what: str) -> None:
    shop.sign_up()
    shop.do(lambda: shop.accounts.request_reset(NAME))
    user, users = shop.enter(GOOD), shop.stores.users
    changes = {
        "renamed": lambda: users.rename(user.id, "other@mail.example"),
        "disabled": lambda: users.set_state(user.id, disabled=True),
        "removed": lambda: users.remove(user.id),
    }
    on_asyncio(changes[what])
    for call in (
        lambda: shop.accounts.verify(shop.mails[0].token),
        lambda: shop.accounts.reset(shop.mails[1].token, NEW),
    ):
        with pytest.raises(TokenError):
            shop.do(call)


def test_no_mail_to_a_disabled_account(shop: Shop) -> None:
    shop.sign_up()
    on_asyncio(lambda: shop.stores.users.set_state(shop.mails[0].user_id, disabled=True))
    shop.do(lambda: shop.accounts.request_reset(NAME))
    shop.do(lambda: shop.accounts.request_verification(NAME))
    shop.sign_up()
    assert shop.kinds() == ["verify"]


def test_a_mailbox_is_not_flooded_and_nobody_is_kept_from_the_reset(shop: Shop) -> None:
    shop.sign_up()
    for _ in range(50):
        shop.do(lambda: shop.accounts.request_reset(NAME))
        shop.clock.now += 60
    assert shop.kinds().count("reset") == 3
    assert "mail_reset" in [event.reason for event in shop.events]
    # An hour after the third of them, at minutes 62 and 63, there are two more: the rest did not hold it up.
    for _ in range(14):
        shop.do(lambda: shop.accounts.request_reset(NAME))
        shop.clock.now += 60
    assert shop.kinds().count("reset") == 5
    assert shop.do(lambda: shop.accounts.reset(shop.mails[-1].token, NEW))


def test_change(shop: Shop) -> None:
    shop.sign_up()
    user = shop.enter(GOOD)
    shop.clock.now += 5
    found = shop.do(lambda: shop.accounts.change_password(user, GOOD, NEW))
    assert found.valid_from == shop.clock.now
    assert shop.enter(NEW)
    assert shop.kinds() == ["verify", "password_changed"]


def test_change_needs_the_current_one_and_guessing_it_waits(shop: Shop) -> None:
    shop.sign_up()
    user = shop.enter(GOOD)
    for number in range(8):
        with pytest.raises(PasswordError) as raised:
            shop.do(lambda: shop.accounts.change_password(user, "wrong", NEW))
        assert raised.value.reason == ("password" if number < 6 else "locked_account")
    with pytest.raises(PasswordError):
        shop.do(lambda: shop.accounts.change_password(user, GOOD, NEW))
    assert shop.kinds() == ["verify"]


def test_guesses_by_many_sessions_of_one_address_wait_too(shop: Shop) -> None:
    reasons = []
    for number in range(22):
        shop.sign_up(f"name{number}")
        user = shop.enter(GOOD, f"name{number}")
        with pytest.raises(PasswordError) as raised:
            shop.do(
                lambda user=user: shop.accounts.change_password(
                    user, "wrong", NEW, client="192.0.2.9"
                )
            )
        reasons.append(raised.value.reason)
    assert reasons == ["password"] * 21 + ["locked_address"]


@pytest.mark.parametrize(
    ("new", "reason"), [(GOOD, "same"), ("short", "too_short"), (NAME, "default")]
)
def test_change_to_what_may_not_be_taken(shop: Shop, new: str, reason: str) -> None:
    shop.sign_up()
    user = shop.enter(GOOD)
    with pytest.raises(PasswordPolicyError) as raised:
        shop.do(lambda: shop.accounts.change_password(user, GOOD, new))
    assert raised.value.reason == reason
    assert shop.enter(GOOD).valid_from == user.valid_from


def test_eight_characters_with_a_second_factor() -> None:
    shop = Shop(policy=PasswordPolicy())
    shop.do(lambda: shop.accounts.sign_up(NAME, "qxwzvkjp", second_factor=True))
    with pytest.raises(PasswordPolicyError):
        shop.do(lambda: shop.accounts.sign_up("bob", "qxwzvkjp"))


def test_a_bad_name_is_refused_before_anything(shop: Shop) -> None:
    for call in (shop.accounts.request_reset, shop.accounts.request_verification):
        with pytest.raises(NameRefusedError):
            shop.do(lambda call=call: call("a\nb"))
    with pytest.raises(NameRefusedError):
        shop.sign_up("")
    assert shop.hasher.hashed == []


@pytest.mark.parametrize(
    "options",
    [
        {"lockout": None},
        {"links": "https://shop.example"},
        {"deliver": None},
        {"deliver": Mail},
        {"tell": "log"},
        {"policy": 15},
        {"times": 60},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        Shop(**options)
    assert raised.value.hint
    for wrong in ({"verify": 0}, {"reset": -1}, {"mails": 0}):
        with pytest.raises(GuardError):
            AccountTimes(**wrong)  # type: ignore[arg-type]
