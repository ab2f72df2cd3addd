"""Connections, redirects, bodies and times, over real sockets in a network of the test's own."""

from __future__ import annotations

import ssl
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import httpx2
import pytest
import trustme

from buckler.guard import GuardError
from buckler.guard.egress import (
    AddressRefused,
    EgressPolicy,
    EgressRefused,
    RedirectRefused,
    UrlRefused,
    for_httpx,
    for_httpx2,
)
from tests.guard.egress.namespace import (
    OTHER,
    PUBLIC,
    PUBLIC6,
    Names,
    alone,
    lead,
    say,
    server,
)
from tests.guard.egress.ways import Get, every, names


@every
@alone
def test_a_public_name_is_called_at_the_address_that_was_judged(get: Get) -> None:
    resolver = names()
    with server(say()) as seen:
        answer = get(EgressPolicy(resolver=resolver), "http://shop.example/a?b=c")
    assert (answer.status_code, answer.text) == (200, "hello")
    assert [(path, headers["host"]) for path, headers in seen] == [("/a?b=c", "shop.example")]
    assert resolver.asked == ["shop.example"]


@every
@alone
def test_a_name_that_changes_its_address_gains_nothing(get: Get) -> None:
    # One question for a connection; the next answer leads inside and is refused at the next connection.
    resolver = Names(rebind_example=[PUBLIC, "127.0.0.1"])
    with server(say(Connection="close")), server(say(b"secret"), "127.0.0.1") as inside:
        policy = EgressPolicy(resolver=resolver)
        assert get(policy, "http://rebind.example/").text == "hello"
        with pytest.raises(AddressRefused):
            get(policy, "http://rebind.example/")
    assert inside == []
    assert resolver.asked == ["rebind.example"] * 2


@every
@alone
def test_no_redirect_leads_inside(get: Get) -> None:
    for target in (
        "http://127.0.0.1/",
        "http://inside.example/",
        "http://2130706433/",
        "//localhost/",
    ):
        with (
            server(lead(target)) as seen,
            server(say(b"secret"), "127.0.0.1") as inside,
            pytest.raises(EgressRefused),
        ):
            get(EgressPolicy(resolver=names()), "http://shop.example/")
        assert (len(seen), inside) == (1, [])


@every
@alone
def test_nor_does_a_chain_of_them(get: Get) -> None:
    with (
        server(lead("http://other.example/")),
        server(lead("http://inside.example/"), OTHER) as second,
        server(say(b"secret"), "127.0.0.1") as inside,
        pytest.raises(AddressRefused),
    ):
        get(EgressPolicy(resolver=names()), "http://shop.example/")
    assert (len(second), inside) == (1, [])


@every
@alone
def test_redirects_are_counted_and_other_schemes_refused(get: Get) -> None:
    with server(lead("/again")) as seen:
        policy = EgressPolicy(resolver=names(), max_redirects=3)
        with pytest.raises((RedirectRefused, httpx.TooManyRedirects, httpx2.TooManyRedirects)):
            get(policy, "http://shop.example/")
    assert len(seen) == 4
    for target in ("file:///etc/passwd", "ftp://other.example/", "gopher://other.example:80/"):
        with server(lead(target)), pytest.raises(UrlRefused):
            get(EgressPolicy(resolver=names()), "http://shop.example/")


@alone
def test_a_client_of_ones_own_cannot_count_beyond_the_policy() -> None:
    with server(lead("/again")) as seen:
        transport = for_httpx2.SafeTransport(EgressPolicy(resolver=names(), max_redirects=2))
        with httpx2.Client(transport=transport, follow_redirects=True, max_redirects=50) as client:
            with pytest.raises(RedirectRefused):
                client.get("http://shop.example/")
            assert len(seen) == 3
            # The next call begins anew.
            with pytest.raises(RedirectRefused):
                client.get("http://shop.example/")
    assert len(seen) == 6


@every
@alone
def test_credentials_stay_with_their_origin(get: Get) -> None:
    def onward(request: BaseHTTPRequestHandler) -> None:
        to = "/second" if request.path == "/first" else "http://shop.example/back"
        lead(to)(request)

    first: list[Any]
    with server(lead("http://other.example/first")) as first, server(onward, OTHER) as second:
        headers = {"Authorization": "Bearer s", "X-Api-Key": "k", "Cookie": "id=1", "X-Kept": "yes"}
        with pytest.raises((RedirectRefused, httpx.TooManyRedirects, httpx2.TooManyRedirects)):
            get(
                EgressPolicy(resolver=names(), max_redirects=3),
                "http://shop.example/",
                headers=headers,
            )
    assert first[0][1]["authorization"] == "Bearer s"
    assert first[0][1]["x-api-key"] == "k"
    assert len(second) == 2
    for _, sent in [*second, *first[1:]]:
        assert not {"authorization", "x-api-key", "cookie"} & sent.keys()
        assert sent["x-kept"] == "yes"


@every
@alone
def test_proxies_of_the_environment_are_not_used(get: Get) -> None:
    with pytest.MonkeyPatch.context() as patch, server(say()) as seen:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:3128")
        assert get(EgressPolicy(resolver=names()), "http://shop.example/").text == "hello"
    assert len(seen) == 1


def authority(*hosts: str) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]]:
    """A server's context, a client's that trusts it, and the names that clients asked for."""
    ca = trustme.CA()
    held, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert(*hosts).configure_cert(held)
    ca.configure_trust(trusting)
    asked: list[str | None] = []
    held.sni_callback = lambda _socket, name, _context: asked.append(name)
    return held, trusting, asked


@every
@alone
def test_certificates_are_checked_by_name_though_the_address_is_pinned(get: Get) -> None:
    held, trusting, asked = authority("shop.example")
    with server(say(), port=443, context=held) as seen:
        policy = EgressPolicy(resolver=names(wrong_example=[PUBLIC]))
        answer = get(policy, "https://shop.example/", ssl_context=trusting)
        assert (answer.text, asked) == ("hello", ["shop.example"])
        for url, context in (
            ("https://wrong.example/", trusting),
            ("https://shop.example/", ssl.create_default_context()),
        ):
            with pytest.raises(
                (httpx.ConnectError, httpx2.ConnectError), match="CERTIFICATE_VERIFY"
            ):
                get(policy, url, ssl_context=context)
    assert len(seen) == 1
    assert asked[1] == "wrong.example"


@every
@alone
def test_a_redirect_from_https_to_http_is_refused(get: Get) -> None:
    held, trusting, _ = authority("shop.example")
    with (
        server(lead("http://shop.example/"), port=443, context=held),
        server(say()) as plain,
        pytest.raises(RedirectRefused),
    ):
        get(EgressPolicy(resolver=names()), "https://shop.example/", ssl_context=trusting)
    assert plain == []


@every
@alone
def test_one_address_that_does_not_answer_gives_way_to_the_next(get: Get) -> None:
    resolver = Names(shop_example=[[PUBLIC6, OTHER, PUBLIC]])
    with server(say()):
        assert get(EgressPolicy(resolver=resolver), "http://shop.example/").text == "hello"
        with pytest.raises((httpx.ConnectError, httpx2.ConnectError)):
            get(EgressPolicy(resolver=names()), "http://other.example/")


@alone
def test_connections_are_used_again_and_each_call_has_its_own_time() -> None:
    resolver = names()
    policy = EgressPolicy(resolver=resolver, timeout=1)
    with server(say()) as seen, for_httpx2.safe_client(policy) as client:
        for _ in range(3):
            assert client.get("http://shop.example/").text == "hello"
            time.sleep(0.5)
    assert (len(seen), resolver.asked) == (3, ["shop.example"])


@alone
def test_signing_in_with_a_second_request_is_no_redirect() -> None:
    def wants(request: BaseHTTPRequestHandler) -> None:
        if "Authorization" in request.headers:
            say(b"in")(request)
        else:
            say(
                b"", 401, WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=MD5'
            )(request)

    transport = for_httpx2.SafeTransport(EgressPolicy(resolver=names(), max_redirects=0))
    with server(wants), httpx2.Client(transport=transport) as c:
        assert c.get("http://shop.example/", auth=httpx2.DigestAuth("u", "p")).text == "in"


@alone
def test_streams_and_posts_work() -> None:
    with server(say(b"x" * 300_000)), for_httpx2.safe_client(EgressPolicy(resolver=names())) as c:
        with c.stream("GET", "http://shop.example/") as answer:
            assert sum(map(len, answer.iter_bytes())) == 300_000
        assert c.post("http://shop.example/", json={"a": 1}).status_code == 200
        assert c.head("http://shop.example/").status_code in (200, 501)


def test_a_context_that_checks_nothing_is_refused() -> None:
    loose = ssl.create_default_context()
    loose.check_hostname = False
    with pytest.raises(GuardError):
        for_httpx2.SafeTransport(ssl_context=loose)
    loose.verify_mode = ssl.CERT_NONE
    with pytest.raises(GuardError):
        for_httpx.AsyncSafeTransport(ssl_context=loose)


def test_no_client_trusts_the_environment() -> None:
    for module in (for_httpx2, for_httpx):
        with module.safe_client() as client:
            assert client.trust_env is False
