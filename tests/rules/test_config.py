"""Origins that look like an allowed one, and cookies as they are set."""

from __future__ import annotations

import re

import pytest

from buckler.scan.engines.attack.observe import examples_of, near
from buckler.scan.engines.interface import Answer
from buckler.scan.rules._support.cookies import cookies_of
from buckler.scan.rules._support.cors import site


@pytest.mark.parametrize(
    "pattern",
    [
        r"https://.*.acorn.example",
        r"https://(www.)?shop.example",
        r"https://.*shop\.example",
        r"https://shop\.example.*",
        r"https://(www\.)?till.shop\.example(:\d+)?",
    ],
)
def test_a_careless_pattern_lets_a_foreign_site_in(pattern: str) -> None:
    own = {site(origin) for origin in examples_of(pattern)}
    foreign = [o for e in examples_of(pattern) for o in near(e, "stranger") if site(o) not in own]
    assert any(re.fullmatch(pattern, origin) for origin in foreign)


@pytest.mark.parametrize(
    "pattern",
    [
        r"https://[a-z0-9-]+\.shop\.example",
        r"https://(www\.)?shop\.example",
        r"https://(a|b)\.shop\.example(:\d+)?",
    ],
)
def test_a_careful_pattern_lets_none_in(pattern: str) -> None:
    own = {site(origin) for origin in examples_of(pattern)}
    assert own
    near_by = [o for e in examples_of(pattern) for o in near(e, "stranger") if site(o) not in own]
    assert not [origin for origin in near_by if re.fullmatch(pattern, origin)]


def test_an_origin_belongs_to_its_registrable_domain() -> None:
    assert site("https://a.b.shop.example") == "shop.example"
    assert site("https://www.shop.co.uk:8443") == "shop.co.uk"
    assert site("https://wwwxshop.example") != site("https://www.shop.example")


def cookies(line: str) -> list[tuple[str, bool, bool, str]]:
    """The cookies of one line: name, Secure, HttpOnly, SameSite."""
    made = cookies_of(Answer(200, (("set-cookie", line),)))
    return [(c.name, c.secure, c.http_only, c.same_site) for c in made]


def test_cookie_attributes_are_read_in_any_case() -> None:
    assert cookies("session=a; secure; HTTPONLY; samesite=Lax") == [("session", True, True, "lax")]
    assert cookies("session=a=b; Path=/") == [("session", False, False, "")]


@pytest.mark.parametrize(
    "line",
    [
        'session=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0',
        "session=; Path=/",
        "session=x; Max-Age=0",
        "nonsense",
    ],
)
def test_removed_cookies_are_none(line: str) -> None:
    assert cookies(line) == []


def test_only_names_of_credentials_count() -> None:
    names = {
        "session": True,
        "access_token": True,
        "csrf_token": False,
        "theme": False,
        "sidebar": True,
    }
    for name, credential in names.items():
        (cookie,) = cookies_of(Answer(200, (("set-cookie", f"{name}=1"),)))
        if name != "sidebar":
            assert cookie.is_credential is credential, name
