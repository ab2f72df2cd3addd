"""What ``buckler watch`` answers over the wire: each kind of answer has the headers with the best marks and tells nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.rules._support import csp
from buckler.scan.rules._support.leaks import leak
from tests.guard.test_grades import PLAIN, directives, judged
from tests.watch.test_command import started

NAMES = (*PLAIN, "cross-origin-embedder-policy")
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
"""What a proxy with a certificate on the same machine says."""
OPEN = [
    ("GET", "/sign-in", 200),
    ("GET", "/", 303),
    ("GET", "/findings", 303),
    ("GET", "/health", 200),
    ("GET", "/ready", 200),
    ("GET", "/metrics", 401),
    ("GET", "/api/docs", 401),
    ("GET", "/openapi.json", 401),
    ("GET", "/api/findings", 401),
    ("GET", "/static/0/none.css", 404),
    ("GET", "/nothing", 404),
    ("GET", "/api/nothing", 404),
    ("GET", "/x%00", 404),
    ("GET", "/sign-in/" + "a" * 43, 404),
    ("DELETE", "/sign-in", 405),
    ("DELETE", "/api/findings", 405),
    ("TRACE", "/", 405),
    ("OPTIONS", "/", 405),
    ("GET", "/" + "a" * 9000, 414),
]
SIGNED_IN = [
    ("GET", "/", 200),
    ("GET", "/targets", 200),
    ("GET", "/findings", 200),
    ("GET", "/account", 200),
    ("GET", "/api/docs", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/api/targets", 200),
    ("GET", "/auth/me", 200),
    ("GET", "/metrics", 200),
    ("GET", "/findings/" + "0" * 32, 404),
    ("GET", "/api/findings/" + "0" * 32, 404),
    ("POST", "/account/tokens", 403),
    ("POST", "/api/targets", 422),
]


@dataclass
class Site:
    """A service that listens.

    Attributes:
        address: Where.
        cookies: As the link of the administrator set them, whole.
    """

    address: str
    cookies: list[str] = field(default_factory=list)

    @property
    def session(self) -> dict[str, str]:
        return {"Cookie": "; ".join(one.partition(";")[0] for one in self.cookies)}

    def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return httpx2.request(method, self.address + path, timeout=30, **more)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("wire") / "data"
    with started(data, "--base-url", "https://watch.example") as (_, lines):
        address, link = (line.rpartition(" ")[2] for line in lines)
        made = Site(address)
        made.cookies = httpx2.get(link, timeout=60).headers.get_list("set-cookie")
        yield made


@pytest.fixture(scope="module")
def answers(site: Site) -> list[httpx2.Response]:
    """One answer of every kind, as a proxy gets it."""
    found = []
    for known, sent in ((OPEN, {}), (SIGNED_IN, site.session)):
        for method, path, status in known:
            found.append(site.ask(method, path, headers={**PROXIED, **sent}))
            assert found[-1].status_code == status, (method, path[:60], found[-1].status_code)
    asset = re.search(r'/static/[^"]+', site.ask("GET", "/sign-in").text)
    assert asset is not None
    json = {**PROXIED, "Content-Type": "application/json"}
    for status, method, path, more in (
        (200, "GET", asset[0], {"headers": PROXIED}),
        (422, "POST", "/auth/sign-in", {"headers": json, "content": "{"}),
        (413, "POST", "/auth/sign-in", {"headers": json, "content": "x" * 1_100_000}),
        (401, "POST", "/auth/sign-in", {"headers": PROXIED, "json": {"name": "a", "password": "b"}}),
        (303, "POST", "/auth/sign-in/form", {"headers": PROXIED, "data": {"name": "a", "password": "b"}}),
        (400, "GET", "/sign-in", {"headers": {**PROXIED, "Host": "evil.example"}}),
        (403, "POST", "/api/targets", {"headers": {**PROXIED, **site.session, "Origin": "https://evil.example"}, "json": {}}),
    ):  # fmt: skip
        found.append(site.ask(method, path, **more))
        assert found[-1].status_code == status, (method, path, found[-1].status_code)
    return found


def test_each_answer_says_how_it_may_be_used_and_not_who_gives_it(
    answers: list[httpx2.Response],
) -> None:
    for answer in answers:
        missing = [n for n in (*NAMES, "permissions-policy") if n not in answer.headers]
        assert missing == [], answer.url
        assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
        assert not {"server", "x-powered-by", "via"} & set(answer.headers), answer.url
        policy = answer.headers["content-security-policy"]
        assert [w.kind for w in csp.weaknesses(policy) if w.grave] == [], policy
        assert "access-control-allow-origin" not in answer.headers
        if answer.content:
            assert "content-type" in answer.headers


def test_no_error_tells_of_the_inside(answers: list[httpx2.Response]) -> None:
    failed = [answer for answer in answers if answer.status_code >= 400]
    assert len(failed) > 15
    for answer in failed:
        asked = Request(answer.request.method, answer.url.path)
        told = Exchange(None, asked, Answer(answer.status_code, body=answer.content))
        assert leak(told) == ("", ""), answer.text
        assert len(answer.content) < 8_000


def test_what_is_of_one_person_is_kept_by_nobody(answers: list[httpx2.Response]) -> None:
    signed_in = answers[len(OPEN) : len(OPEN) + len(SIGNED_IN)]
    assert {answer.headers.get("cache-control") for answer in signed_in} == {"no-store"}


def test_cookies_stay_with_the_site_and_out_of_scripts(site: Site) -> None:
    assert site.cookies
    for one in site.cookies:
        name, *flags = (part.strip() for part in one.split(";"))
        assert name.startswith("__Host-"), name
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags)


def test_plain_http_is_told_to_be_no_such_thing_as_https(site: Site) -> None:
    # RFC 6797, 7.2: not over plain http; who is asked by a proxy elsewhere is not believed either.
    assert "strict-transport-security" not in site.ask("GET", "/sign-in").headers


@pytest.mark.parametrize("name", ["watch.example", "localhost", "127.0.0.1", "[::1]"])
def test_its_own_names_are_answered(site: Site, name: str) -> None:
    assert site.ask("GET", "/sign-in", headers={"Host": f"{name}:8420"}).status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "watch.example.evil.example", "10.0.0.1", ""])
def test_other_names_are_not(site: Site, name: str) -> None:
    assert site.ask("GET", "/sign-in", headers={"Host": name}).status_code == 400


def test_what_is_no_http_is_answered_without_a_banner(site: Site) -> None:
    parts = urlsplit(site.address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), 10) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
        found = wire.makefile("rb").read(4096).lower()
    assert found.startswith(b"http/1.1 400")
    assert b"server:" not in found and b"uvicorn" not in found


@pytest.mark.parametrize("name", NAMES)
def test_each_header_has_the_best_mark(answers: list[httpx2.Response], name: str) -> None:
    verdicts = list(judged(name))
    best = max(verdict["modifier"] for _, verdict in verdicts)
    for value in {answer.headers[name] for answer in answers}:
        mine = {v["modifier"] for given, v in verdicts if given == value}
        assert mine == {best}, (value, mine)


def test_each_policy_of_content_has_the_best_mark(answers: list[httpx2.Response]) -> None:
    verdicts = list(judged("content-security-policy"))
    best = max(verdict["modifier"] for _, verdict in verdicts)
    for value in {answer.headers["content-security-policy"] for answer in answers}:
        mine = directives(re.sub("'nonce-[^']+'", "'nonce'", value))
        # The Observatory's best: nothing is loaded but what is named, and nothing unsafe is named.
        assert mine["default-src"] == {"'none'"}
        named = {source for sources in mine.values() for source in sources}
        assert named <= {"'none'", "'self'", "'nonce'", "data:"}, value
        assert "data:" not in mine["script-src"] | mine["style-src"]
        pairs = {(n, frozenset(s)) for n, s in mine.items()}
        alike = {
            verdict["modifier"]
            for given, verdict in verdicts
            if given
            and {(n, frozenset(s)) for n, s in directives(given).items()} <= pairs
            and "default-src" in directives(given)
            and len(directives(given)) == given.count(";") + 1
        }
        assert alike == {best}, value
