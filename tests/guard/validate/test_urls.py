"""Addresses, against a parser of the WHATWG URL Standard as browsers have it."""

from __future__ import annotations

from typing import Annotated

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from buckler.guard import GuardError, PublicUrl, RelativeUrl
from buckler.guard.validate import Link
from tests.guard.egress.test_addresses import INSIDE, bracketed
from tests.guard.validate.application import client_for, everywhere, schema, send

SITE = "https://shop.example"
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x01/evil",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0d%0aSet-Cookie:a=b",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%2fevil.example",
    "/%2F%2Fevil.example",
    "/%252fevil.example",
    "/%25252fevil.example",
    "/%252525252525252fevil.example",
    "/.//evil.example",
    "/./evil.example/..//x/../..//evil.example\\",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/a\\b",
    "/a b",
    "/a\u2028b",
    "/\u202eevil",
    "/\u0085/evil.example",
    "",
    "evil.example",
    "?next=x",
    "#x",
    "@evil.example",
    ".evil.example",
    "/" + "a" * 2000,
]
HERE = [
    "/",
    "/orders",
    "/orders/7?sort=-name&next=//x",
    "/a#b",
    "/a/../b",
    "/a%20b",
    "/Größe",
    "/a//b",
    "/?u=https://x.example/",
    "/a:b@c",
]
relative: TypeAdapter[str] = TypeAdapter(RelativeUrl)
public: TypeAdapter[str] = TypeAdapter(PublicUrl)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_leads_to_another_site_is_refused(text: str) -> None:
    assert send(client_for(RelativeUrl), text).status_code == 422


@pytest.mark.parametrize("text", HERE)
def test_what_stays_on_the_site_is_taken_as_it_is(text: str) -> None:
    assert send(client_for(RelativeUrl), text).json() == text
    assert ada_url.URL(text, base=SITE).origin == SITE


def test_relative_addresses_in_every_place() -> None:
    assert everywhere(client_for(RelativeUrl), "/next") == [200] * 5
    assert everywhere(client_for(RelativeUrl), "//next") == [422] * 5
    assert schema(client_for(RelativeUrl))["maxLength"] == 2000


pieces = st.lists(
    st.sampled_from(["/", "\\", ".", "..", "%2f", "%5c", "%09", "%2e", "%25", "\t", "\n", " ", ":", "@", "evil.example", "https", "?", "#", "a", "\u3002", "／"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(pieces | st.text(max_size=30) | st.text(max_size=30).map(lambda t: "/" + t))
@example("/\t/evil.example")
@example("/.//evil.example")
def test_whatever_is_taken_stays_on_the_site_for_a_browser(text: str) -> None:
    try:
        taken = relative.validate_python(text)
    except ValidationError:
        return
    found = ada_url.URL(taken, base=SITE)
    assert found.origin == SITE
    assert not found.pathname.startswith("//")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        public.validate_python(f"http://{bracketed(address)}/")


@pytest.mark.parametrize(
    "text",
    [
        "http://0x7f.1/",
        "http://0177.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://134744072/",
        "http://0/",
        "http://169。254。169。254/",
        "http://①②⑦.0.0.1/",
        "http://127.0.0.1./",
        "http://8.8.8.8./",
        "http://localhost/",
        "http://db/",
        "http://metadata.google.internal/",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "http://u@a.example/",
        "http://u:p@a.example/",
        "http://@a.example/",
        "http://a.example@127.0.0.1/",
        "http://a.example\\@127.0.0.1/",
        "http://127.0.0.1\\@a.example/",
        "http:a.example/",
        "http:/a.example/",
        "http:///a.example/",
        "http://",
        "http://a.example:22/",
        "http://a.example:0/",
        "http://a.example:99999/",
        "http://a.example:6379/",
        "https://a.exa mple/",
        "https://a.example/\n",
        "\thttps://a.example/",
        "https://a.example/\u202e",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//a.example/",
        "/a",
        "a.example",
        "",
        "https://a..example/",
        "https://-a.example/",
        "https://a.exa%6dple/",
        "https://xn--a/",
        "https://a.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_public_address(text: str) -> None:
    assert send(client_for(PublicUrl), text).status_code == 422


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("https://example.com:443/a?b#c", "https://example.com/a?b#c"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com/a?u=x@y", "https://example.com/a?u=x@y"),
    ],
)
def test_public_addresses_come_in_their_usual_form(text: str, wanted: str) -> None:
    assert send(client_for(PublicUrl), text).json() == wanted
    assert ada_url.URL(text).href == wanted


@given(st.from_regex(r"https?://[a-z0-9.@:%\\\[\]x/#?。①-]{0,30}", fullmatch=True))
def test_a_browser_reads_the_same_host(text: str) -> None:
    try:
        taken = public.validate_python(text)
    except ValidationError:
        return
    # The text as it came, and the one that is handed on, lead a browser to one host.
    assert ada_url.URL(text).host == ada_url.URL(taken).host
    assert ada_url.URL(taken).username == ""


def test_bounds_of_public_addresses() -> None:
    client = client_for(Annotated[str, Link(schemes=["https"], ports=[443, 8443])])
    assert send(client, "https://a.example:8443/").status_code == 200
    assert send(client, "http://a.example/").status_code == 422
    assert schema(client)["pattern"] == "^(?:https)://[^/?#@]+"
    for options in ({"schemes": ["ftp"]}, {"schemes": "https"}, {"ports": [0]}):
        with pytest.raises(GuardError):
            Link(**options)  # type: ignore[arg-type]
