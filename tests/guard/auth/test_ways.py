"""API keys, sessions and Basic by themselves."""

from __future__ import annotations

import base64
import re
import zlib
from http.cookies import SimpleCookie
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import CredentialError, GuardError, MemoryStores, PasswordError, User
from buckler.guard.auth.api_key import DIGITS, ApiKeyService, base62
from buckler.guard.auth.basic import BasicAuthenticator
from buckler.guard.auth.credentials import read
from buckler.guard.auth.session import SessionService
from buckler.guard.stores.records import NEVER
from tests.guard.access.shop import Clock, run


def keys(clock: Clock, **options: Any) -> ApiKeyService:
    return ApiKeyService(MemoryStores(clock=clock).keys, clock=clock, **options)


def test_a_key_has_a_prefix_and_a_checksum_that_others_can_work_out() -> None:
    service = keys(Clock(), prefix="shop")
    key = run(service.issue("u", "ci")).key
    assert re.fullmatch(r"shop_[0-9A-Za-z]{49}", key)
    body, check = key[:-6], key[-6:]
    number = 0
    for digit in check:
        number = number * 62 + DIGITS.index(digit)
    assert number == zlib.crc32(body.encode())
    assert len({run(service.issue("u", str(n))).key for n in range(9)}) == 9


@given(st.integers(0, 62**6 - 1))
def test_base62_is_a_number_again(number: int) -> None:
    text = base62(number, 6)
    assert len(text) == 6
    assert sum(DIGITS.index(c) * 62**n for n, c in enumerate(reversed(text))) == number


@given(st.text(max_size=80))
def test_what_is_no_key_costs_no_look(text: str) -> None:
    service = keys(Clock())
    with pytest.raises(CredentialError) as told:
        run(service.verify(text))
    assert told.value.reason == "form"


def test_a_changed_character_is_told_by_the_checksum() -> None:
    service = keys(Clock())
    key = run(service.issue("u", "ci")).key
    for place in range(3, len(key)):
        other = "A" if key[place] != "A" else "B"
        assert not service.is_one(key[:place] + other + key[place + 1 :])
    assert service.is_one(key)


def test_keys_end_and_are_rotated() -> None:
    async def story() -> None:
        clock = Clock()
        service = keys(clock, lifetime=100.0, most=3)
        first = await service.issue("u", "ci", scopes=["a:read"])
        assert (await service.verify(first.key)).user_id == "u"
        second = await service.rotate("u", first.record.id, overlap=10.0)
        assert second.record.scopes == {"a:read"}
        clock.now += 9
        assert (await service.verify(first.key)).id == first.record.id
        clock.now += 1
        for key, reason in ((first.key, "expired"), ("bk_" + "0" * 49, "form")):
            with pytest.raises(CredentialError) as told:
                await service.verify(key)
            assert told.value.reason == reason
        clock.now += 90
        with pytest.raises(CredentialError):
            await service.verify(second.key)
        with pytest.raises(CredentialError):
            await service.rotate("other", second.record.id)

    run(story())


def test_an_account_has_so_many_keys_and_no_more() -> None:
    async def story() -> None:
        clock = Clock()
        service = keys(clock, lifetime=100.0, most=2)
        for name in ("a", "b"):
            await service.issue("u", name)
        with pytest.raises(CredentialError) as told:
            await service.issue("u", "c")
        assert told.value.reason == "too_many"
        clock.now += 100  # those that have ended do not count
        assert await service.issue("u", "c")

    run(story())


def test_nobody_asks_for_a_key_that_lasts_longer_than_usual() -> None:
    clock = Clock()
    service = keys(clock, lifetime=100.0)
    lasting = [run(service.issue("u", "ci", lifetime=t)).record.expires for t in (50.0, 9e9)]
    assert lasting == [clock.now + 50, clock.now + 100]


def test_a_key_without_an_end_and_its_last_use() -> None:
    async def story() -> None:
        clock = Clock()
        service = keys(clock, lifetime=None)
        made = await service.issue("u", "ci")
        assert made.record.expires == NEVER
        clock.now += 30
        assert (await service.verify(made.key)).used is None
        (kept,) = await service.of("u")
        assert kept.used == clock.now
        clock.now += 59
        await service.verify(made.key)
        assert (await service.of("u"))[0].used == kept.used  # written once a minute
        clock.now += 1
        await service.verify(made.key)
        assert (await service.of("u"))[0].used == clock.now

    run(story())


@pytest.mark.parametrize(
    "options", [{"prefix": "B K"}, {"prefix": "x"}, {"most": 0}, {"lifetime": -1}]
)
def test_wrong_options_of_keys(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as told:
        keys(Clock(), **options)
    assert told.value.hint


def sessions(clock: Clock, **options: Any) -> SessionService:
    return SessionService(MemoryStores(clock=clock).sessions, clock=clock, **options)


def test_sessions_end_when_idle_and_in_any_case() -> None:
    async def story() -> None:
        clock = Clock()
        service = sessions(clock, idle=100.0, absolute=1000.0)
        value, session = await service.begin("u", factors=["password"])
        for _ in range(9):
            clock.now += 100
            assert (await service.verify(value)).id == session.id
        clock.now += 100
        with pytest.raises(CredentialError) as told:
            await service.verify(value)
        assert told.value.reason == "expired"
        idle, _ = await service.begin("u", factors=["password"])
        clock.now += 101
        with pytest.raises(CredentialError) as told:
            await service.verify(idle)
        assert told.value.reason == "idle"
        assert await service.of("u") == []

    run(story())


def test_a_rotated_session_is_the_same_one_under_another_cookie() -> None:
    async def story() -> None:
        clock = Clock()
        service = sessions(clock)
        value, session = await service.begin("u", factors=["password"])
        clock.now += 50
        new, changed = await service.rotate(value, factor="totp")
        assert (changed.id, changed.created, changed.expires) == (
            session.id,
            session.created,
            session.expires,
        )
        assert changed.factors == {"password", "totp"}
        assert (session.authenticated, changed.authenticated) == (clock.now - 50, clock.now)
        with pytest.raises(CredentialError):
            await service.verify(value)
        assert (await service.verify(new)).id == session.id

    run(story())


def test_the_oldest_session_makes_room() -> None:
    async def story() -> None:
        clock = Clock()
        service = sessions(clock, most=2)
        values = []
        for _ in range(3):
            clock.now += 1
            values.append((await service.begin("u", factors=["password"]))[0])
        with pytest.raises(CredentialError):
            await service.verify(values[0])
        for value in values[1:]:
            assert await service.verify(value)

    run(story())


def test_the_cookie_is_read_by_others_as_it_was_meant() -> None:
    service = sessions(Clock(), absolute=500.0, idle=100.0, same_site="strict")
    value, session = run(service.begin("u", factors=["password"]))
    morsel = SimpleCookie(service.set_cookie(value, session))["__Host-session"]
    assert morsel.value == value
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", "500")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
    assert SimpleCookie(service.clear_cookie())["__Host-session"]["max-age"] == "0"


@pytest.mark.parametrize(
    "options",
    [
        {"cookie": "session"},
        {"cookie": "__Host-a b"},
        {"same_site": "none"},
        {"idle": 9e9},
        {"most": 0},
    ],
)
def test_wrong_options_of_sessions(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as told:
        sessions(Clock(), **options)
    assert told.value.hint


class OneAccount:
    """Stands for the check of passwords, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def sign_in(
        self, name: str, password: str, *, client: str = "", device: str = ""
    ) -> User:
        self.asked += 1
        if (name, password) != ("ann", "Test:123\u00a3"):
            raise PasswordError("password", "wrong")
        return User(id="u", name="ann", password="hash")


def basic(value: str, *, scheme: str = "https", client: str = "203.0.113.5") -> dict[str, Any]:
    headers = [(b"authorization", b"Basic " + value.encode())]
    return {"type": "http", "scheme": scheme, "headers": headers, "client": (client, 5)}


GOOD = base64.b64encode("ann:Test:123\u00a3".encode()).decode()


def authenticator(
    clock: Clock, **options: Any
) -> tuple[BasicAuthenticator, OneAccount, MemoryStores]:
    stores, check = MemoryStores(clock=clock), OneAccount()
    run(stores.users.add(User(id="u", name="ann", password="hash")))
    return BasicAuthenticator(check, stores.users, clock=clock, **options), check, stores


def test_basic_is_remembered_while_the_password_stays_the_same() -> None:
    clock = Clock()
    way, check, stores = authenticator(clock)
    for _ in range(3):
        assert run(way.identify(read(basic(GOOD)))).user_id == "u"
    assert check.asked == 1
    clock.now += 60
    run(way.identify(read(basic(GOOD))))
    assert check.asked == 2
    run(stores.users.set_password("u", "other", instead_of="hash"))
    run(way.identify(read(basic(GOOD))))
    assert check.asked == 3
    run(stores.users.set_state("u", disabled=True))
    run(way.identify(read(basic(GOOD))))
    assert check.asked == 4


@pytest.mark.parametrize(
    ("scheme", "client", "insecure", "passes"),
    [
        ("https", "203.0.113.5", False, True),
        ("http", "203.0.113.5", False, False),
        ("http", "127.0.0.1", False, True),
        ("http", "::1", False, True),
        ("http", "::ffff:127.0.0.1", False, True),
        ("http", "203.0.113.5", True, True),
        ("http", "localhost", False, False),
        ("http", "", False, False),
    ],
)
def test_basic_over_plain_http(scheme: str, client: str, insecure: bool, passes: bool) -> None:
    way, _, _ = authenticator(Clock(), insecure=insecure)
    came = read(basic(GOOD, scheme=scheme, client=client))
    if passes:
        assert run(way.identify(came)).user_id == "u"
        return
    with pytest.raises(CredentialError) as told:
        run(way.identify(came))
    assert told.value.reason == "plain_http"


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(b"ann").decode(),
        base64.b64encode(b"ann:\xff").decode(),
        base64.b64encode(b"ann:a\x00b").decode(),
        base64.b64encode(b"a\x7fnn:b").decode(),
        "not base64!",
        GOOD[:-1],
    ],
)
def test_malformed_basic(value: str) -> None:
    way, check, _ = authenticator(Clock())
    with pytest.raises(CredentialError) as told:
        run(way.identify(read(basic(value))))
    assert told.value.reason == "malformed"
    assert check.asked == 0
