"""Parsers of what anybody sends, by property (hypothesis)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from buckler.guard import GuardError
from buckler.guard.auth.oauth import redirect_uri, scope
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import LONGEST, MOST, REPEATABLE, Parameters, parse
from buckler.guard.auth.oauth.server.authorization import Destination
from buckler.guard.auth.oauth.server.claims_request import ClaimsRequest
from buckler.guard.auth.oauth.server.redirects import answer, source_of
from tests.guard.auth.oauth.proofs import FEW
from tests.guard.auth.oauth.scene import hidden, sent

NAMES = st.sampled_from(
    ["client_id", "state", "scope", "resource", "audience", "x", "request", "\u00e9", ""]
)
VALUES = st.text(st.sampled_from(FEW), max_size=8)
LISTED = st.lists(st.tuples(NAMES, VALUES), max_size=8)
URIS = st.text(st.sampled_from("htps:/.@#?%25fFcCeE\\*;, []a1-_~\n\u00e9"), max_size=24)
REGISTERED = "https://app.example/callback"
NATIVE = "http://127.0.0.1/cb"


def tried(call: Callable[[], Any]) -> tuple[Any, Any]:
    """What a call gives, or how it refuses; anything else that it raises is a defect."""
    try:
        return call(), None
    except (OAuthError, GuardError) as error:
        return None, error


@given(LISTED)
@example([("resource", ""), ("resource", "a"), ("resource", "a")])
@example([("audience", "b"), ("x", "1"), ("audience", "a")])
@example([("", "x")])
def test_pairs_are_read_again_as_they_were(pairs: list[tuple[str, str]]) -> None:
    found, refused = tried(lambda: Parameters(pairs))
    if refused is not None:
        assert refused.error == "invalid_request"
        return
    again = Parameters(json.loads(json.dumps(found.pairs())))
    assert dict(again) == dict(found)
    for name in REPEATABLE:
        assert again.several(name) == found.several(name)
        assert found.several(name) == tuple(v for n, v in pairs if n == name and v)
    assert found.pairs() == again.pairs()
    single = [(n, v) for n, v in pairs if n not in REPEATABLE]
    assert all(found.get(n) == v for n, v in single if v)
    assert len({n for n, _ in single}) == len(single)


@given(LISTED)
def test_a_form_says_what_was_written(pairs: list[tuple[str, str]]) -> None:
    expected, refused = tried(lambda: Parameters(pairs))
    if refused is not None:
        with pytest.raises(OAuthError):
            parse(urlencode(pairs))
    else:
        assert parse(urlencode(pairs).encode()).pairs() == expected.pairs()


@given(st.binary(max_size=64) | st.text(st.sampled_from("a=&%+;f0\n\u00e9"), max_size=32))
@example(b"a=%ed%a0%80")
@example(b"a=1;b=2")
@example("a=%zz")
def test_whatever_comes_is_read_or_refused(text: str | bytes) -> None:
    found, refused = tried(lambda: parse(text))
    if refused is not None:
        assert (refused.error, refused.status) == ("invalid_request", 400)
        return
    assert len(found) <= MOST
    for name, value in found.items():
        assert value and len(value) <= LONGEST * 4
        value.encode("utf-8")
        assert name in ("password", "username") or value.isprintable()


@given(URIS, st.booleans())
@example("https://a.example\\@evil.example/", False)
@example("https://a.example;x/", False)
@example("https://a.example,x/", False)
@example("https://a.example:99999/", False)
@example("https://[::1/", False)
@example("com.example:/cb", True)
def test_an_address_that_may_be_registered_is_whole(uri: str, native: bool) -> None:
    found, refused = tried(lambda: redirect_uri.check(uri, native=native))
    if refused is not None:
        assert refused.hint
        return
    assert found == uri and uri.isascii() and uri.isprintable()
    assert not set(' "<>\\^`{|}#') & set(uri)
    parts = urlsplit(uri)
    assert parts.scheme in ("https", "http") or (native and "." in parts.scheme)
    if parts.scheme in ("https", "http"):
        assert parts.hostname and not parts.username and not parts.fragment
        # What the pages' policies say of it is one source, and nothing else (CSP3, 2.3).
        assert not set(source_of(uri)) & set("; ,'*")
    assert redirect_uri.is_registered(uri, [uri], native=native)


@given(
    st.integers(0, len(REGISTERED)), st.text(st.sampled_from("/.:@#?%2fFA\\a\n \u00e9"), max_size=4)
)
def test_no_address_that_differs_is_registered(place: int, inserted: str) -> None:
    uri = REGISTERED[:place] + inserted + REGISTERED[place:]
    for native in (False, True):
        found = redirect_uri.is_registered(uri, [REGISTERED], native=native)
        assert found is (uri == REGISTERED)
    cut = REGISTERED[:place]
    assert redirect_uri.is_registered(cut, [REGISTERED], native=True) is (cut == REGISTERED)


@given(st.integers(0, len(NATIVE)), st.text(st.sampled_from("/.:@#?%0123456789a\\\n"), max_size=6))
@example(16, ":8080")
@example(16, ":8080@evil.example")
@example(16, ":")
@example(16, ".evil.example")
def test_of_a_loopback_address_the_port_alone_may_differ(place: int, inserted: str) -> None:
    uri = NATIVE[:place] + inserted + NATIVE[place:]
    assert redirect_uri.is_registered(uri, [NATIVE], native=False) is (uri == NATIVE)
    if redirect_uri.is_registered(uri, [NATIVE], native=True):
        parts = urlsplit(uri)
        assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/cb")
        assert not (parts.query or parts.fragment or parts.username)


@given(st.text(st.sampled_from('abz:./ "\\\n\t\u00e9'), max_size=24))
@example("openid  email")
@example(" openid")
@example("a " * 101)
def test_scopes_are_words_or_nothing(text: str) -> None:
    found, refused = tried(lambda: scope.parse(text))
    if refused is not None:
        assert refused.error == "invalid_scope"
        return
    assert len(set(found)) == len(found) <= scope.MOST
    assert set(found) == set(text.split(" ")) - ({""} if not text else set())
    assert all(map(scope.is_scope, found))


@given(
    st.text(st.sampled_from(FEW), max_size=12), st.sampled_from(["query", "fragment", "form_post"])
)
def test_what_a_client_gets_back_is_what_it_sent(state: str, mode: str) -> None:
    where = Destination(
        redirect_uri="https://app.example/cb?x=1&y='", response_mode=mode, state=state
    )
    made = answer(where, "https://id.example", {"code": "a b&c"})
    made.text = bytes(made.body).decode()
    if mode == "form_post":
        found = hidden(made.text)
    else:
        target = made.headers["location"]
        assert target.startswith(where.redirect_uri) and target.isascii()
        cut = (
            target.replace("x=1&y='&", "", 1) if mode == "query" else target.replace("?x=1&y='", "")
        )
        found = sent(_Answer(cut))
    expected = {"code": "a b&c", "iss": "https://id.example"} | ({"state": state} if state else {})
    assert found == expected


class _Answer:
    status_code = 303

    def __init__(self, location: str) -> None:
        self.headers = {"location": location}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "value", "\u00e9"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["userinfo", "id_token", "acr", "sub", "value", "values", "essential"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
@example({"id_token": {"acr": {"essential": True, "value": [1]}}})
@example({"id_token": {"acr": {"essential": True, "values": "abc"}}})
def test_claims_are_read_or_refused(value: Any) -> None:
    with contextlib.suppress(OAuthError):
        found = ClaimsRequest.read(json.dumps(value))
        found.wanted("acr")
        assert all(isinstance(one, str) for one in (*found.userinfo, *found.id_token))
