"""Tokens that count once, and the links that carry them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, Links, MemoryStores, OneTime, TokenError
from tests.guard.auth.parts import Clock


class Tokens:
    def __init__(self) -> None:
        self.clock = Clock()
        self.stores = MemoryStores(clock=self.clock)
        self.one_time = OneTime(self.stores.one_time, clock=self.clock)

    def issue(
        self, purpose: str = "reset", subject: str = "u1", ttl: float = 60, **data: str
    ) -> str:
        return asyncio.run(self.one_time.issue(purpose, subject, ttl=ttl, data=data))

    def take(self, token: str, purpose: str = "reset") -> str:
        """Whom it was for, or why it does not count."""
        try:
            return asyncio.run(self.one_time.take(token, purpose)).subject
        except TokenError as error:
            return error.reason


def test_it_counts_once() -> None:
    tokens = Tokens()
    token = tokens.issue(mail="a@b.example")
    found = asyncio.run(tokens.one_time.take(token, "reset"))
    assert (found.subject, found.data) == ("u1", {"mail": "a@b.example"})
    assert tokens.take(token) == "unknown"


def test_to_one_of_many_at_once() -> None:
    tokens = Tokens()
    token = tokens.issue()

    async def run() -> list[Any]:
        takers = (tokens.one_time.take(token, "reset") for _ in range(50))
        return await asyncio.gather(*takers, return_exceptions=True)

    found = asyncio.run(run())
    assert sum(not isinstance(one, TokenError) for one in found) == 1


def test_for_its_purpose_alone_and_a_wrong_one_does_not_use_it_up() -> None:
    tokens = Tokens()
    token = tokens.issue("verify")
    assert tokens.take(token, "reset") == "unknown"
    assert tokens.take(token, "verify") == "u1"


def test_for_its_time_alone() -> None:
    tokens = Tokens()
    early, late = tokens.issue(ttl=60), tokens.issue(ttl=60)
    tokens.clock.now += 59.9
    assert tokens.take(early) == "u1"
    tokens.clock.now += 0.1
    assert tokens.take(late) == "unknown"


def test_one_that_was_given_back_counts_again_as_long_as_before() -> None:
    tokens = Tokens()
    token = tokens.issue(ttl=60)
    asyncio.run(tokens.one_time.give_back(asyncio.run(tokens.one_time.take(token, "reset"))))
    assert tokens.take(token) == "u1"


def test_all_of_somebody_can_be_dropped() -> None:
    tokens = Tokens()
    mine, other, purpose = tokens.issue(), tokens.issue(subject="u2"), tokens.issue("verify")
    asyncio.run(tokens.one_time.drop("reset", "u1"))
    assert [tokens.take(mine), tokens.take(other), tokens.take(purpose, "verify")] == [
        "unknown",
        "u2",
        "u1",
    ]


def test_256_bits_of_which_the_store_has_the_digest_alone() -> None:
    tokens = Tokens()
    kept: list[Any] = []

    class Watched:
        async def add(self, token: Any) -> None:
            kept.append(token)

    issued = asyncio.run(OneTime(Watched()).issue("reset", "u1", ttl=1))  # type: ignore[arg-type]
    assert len(issued) == 43  # 32 bytes in base64url
    assert kept[0].digest == hashlib.sha256(issued.encode()).hexdigest()
    assert issued not in repr(kept)
    assert len({tokens.issue() for _ in range(100)}) == 100


@given(st.one_of(st.text(), st.text("abcXYZ019_-", min_size=43, max_size=43)))
def test_no_text_is_a_token(text: str) -> None:
    assert Tokens().take(text) in ("form", "unknown")


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": ""},
        {"purpose": "Reset!"},
        {"ttl": 0},
        {"ttl": 8 * 86_400},
        {"ttl": float("inf")},
    ],
)
def test_options_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        Tokens().issue(**wrong)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("links", "link"),
    [
        (Links("https://shop.example"), "https://shop.example/reset#token=T"),
        (Links("https://shop.example/"), "https://shop.example/reset#token=T"),
        (Links("https://shop.example:8443/app/"), "https://shop.example:8443/app/reset#token=T"),
        (Links("https://shop.example", reset="/a/b"), "https://shop.example/a/b#token=T"),
        (Links("https://shop.example", in_query=True), "https://shop.example/reset?token=T"),
        (Links("http://localhost:8000"), "http://localhost:8000/reset#token=T"),
        (Links("http://127.0.0.1:8000"), "http://127.0.0.1:8000/reset#token=T"),
        (Links("http://[::1]:8000"), "http://[::1]:8000/reset#token=T"),
    ],
)
def test_links(links: Links, link: str) -> None:
    assert links.reset("T") == link
    assert links.verify("T").endswith("/verify" + link[-8:])


@pytest.mark.parametrize(
    "base",
    [
        "",
        "shop.example",
        "//shop.example",
        "http://shop.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://shop.example",
        "javascript:alert(1)",
        "https://",
        "https://user:password@shop.example",
        "https://shop.example\\@evil.example",
        "https://shop.example?next=",
        "https://shop.example#a",
        "https://shop.example\n.evil.example",
        "https://shop example",
        "https://shop.example:port",
        "https://shöp.example",
        "https://shop.example//evil.example",
        None,
        5,
        b"https://shop.example",
    ],
)
def test_bases_that_are_none(base: Any) -> None:
    with pytest.raises(GuardError) as raised:
        Links(base)
    assert raised.value.hint


@pytest.mark.parametrize(
    "path", ["reset", "//evil.example", "/a b", "/a?b", "/a#b", "/\n", "/ä", None]
)
def test_paths_that_are_none(path: Any) -> None:
    with pytest.raises(GuardError):
        Links("https://shop.example", reset=path)
