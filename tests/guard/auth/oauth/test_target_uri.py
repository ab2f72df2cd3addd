"""Addresses in one form (RFC 3986, 6.2.2 and 6.2.3), and the address of a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard.auth.oauth.target_uri import normal, target_uri
from tests.guard.auth.oauth.proofs import FEW


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://www.EXAMPLE.com/", "http://www.example.com/"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
        ("https://a/%3a%7Eb", "https://a/%3A~b"),
        ("https://a/b/c/./../../g", "https://a/g"),
        ("https://a/mid/content=5/../6", "https://a/mid/6"),
        ("https://a/../..", "https://a/"),
        ("https://a/b/.", "https://a/b/"),
        ("https://a/b/..", "https://a/"),
        ("https://a//b//", "https://a//b//"),
    ],
)
def test_one_form(url: str, expected: str) -> None:
    assert normal(url) == expected


@given(st.text(alphabet="/.ab%2eEf~:@?#", max_size=30))
def test_the_form_of_a_form_is_the_same(path: str) -> None:
    try:
        found = normal("https://server.example" + "/" + path)
    except ValueError:
        return
    assert normal(found) == found


@given(st.text(alphabet=FEW, max_size=30))
def test_anything_is_an_address_or_a_value_error(text: str) -> None:
    try:
        assert normal(text).startswith(("http://", "https://"))
    except ValueError:
        return


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"path": "/a b", "raw_path": b"/a%20b"}, "/a%20b"),
        ({"path": "/a b"}, "/a%20b"),
        ({"path": "/a", "raw_path": b"/a?x=y"}, "/a"),
        ({"path": "/v1/a", "raw_path": b"/v1/a", "root_path": "/v1"}, "/v1/a"),
        ({"path": "/a", "raw_path": b"/a", "root_path": "/v1"}, "/v1/a"),
        ({"path": "/v12/a", "raw_path": b"/v12/a", "root_path": "/v1"}, "/v1/v12/a"),
        ({"path": "/m/a", "root_path": "/v1/m", "app_root_path": "/v1"}, "/v1/m/a"),
        ({"path": "/m/a", "root_path": "/m", "app_root_path": ""}, "/m/a"),
    ],
)
def test_the_address_of_a_request(scope: dict[str, Any], expected: str) -> None:
    assert target_uri("https://api.example", scope) == "https://api.example" + expected
