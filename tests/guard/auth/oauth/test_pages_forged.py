"""The forms of the pages sent by other sites, for other requests and sessions; and requests that no page sends (CWE-352)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.guard.auth.oauth.scene import (
    NAME,
    SPA,
    WEB,
    Scene,
    action,
    hidden,
    opened,
    sent,
)
from tests.guard.auth.shop import GOOD

LEAVING = replace(WEB, id="leaving", post_logout_redirect_uris=["https://bye.example/"])
PAGES = ("continue", "second-factor", "device", "logout", "style.css")
FORMS = ("sign-in", "second-factor", "consent", "device", "device/sign-in", "logout/confirm")
CROSS = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.id.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


@pytest.fixture(scope="module")
def whole() -> Iterator[Scene]:
    with opened(WEB, SPA, LEAVING) as found:
        found.account()
        found.account("bob@mail.example")
        yield found


@pytest.fixture
def scene(whole: Scene) -> Scene:
    whole.browser.cookies.clear()
    return whole


@pytest.mark.parametrize("headers", CROSS)
@pytest.mark.parametrize("name", FORMS)
def test_no_form_of_another_site_counts(scene: Scene, name: str, headers: dict[str, str]) -> None:
    scene.code()
    page = scene.follow(scene.authorize(prompt="consent"))
    fields = {**hidden(page.text), "name": NAME, "password": GOOD, "decision": "allow"}
    before = dict(scene.browser.cookies)
    answer = scene.form(f"/oauth/{name}", headers=headers, **fields)
    assert answer.status_code == 403, (name, headers)
    assert "set-cookie" not in answer.headers and dict(scene.browser.cookies) == before


def test_a_sign_in_counts_in_the_browser_that_began(scene: Scene) -> None:
    page = scene.follow(scene.authorize())
    fields = {**hidden(page.text), "name": NAME, "password": GOOD}
    scene.browser.cookies.clear()
    for form in (fields, {**fields, "request": ""}, {**fields, "request": "x" * 43}):
        answer = scene.form(action(page.text), **form)
        assert answer.status_code == 400 and "set-cookie" not in answer.headers
    scene.follow(scene.authorize())  # another browser has its own request
    answer = scene.form(action(page.text), **fields)
    assert answer.status_code == 400 and "set-cookie" not in answer.headers


def test_an_agreement_is_for_one_request_alone(scene: Scene) -> None:
    scene.code(SPA)
    harmless = scene.follow(scene.authorize(SPA, scope="openid", prompt="consent"))
    greedy = scene.follow(scene.authorize(WEB, scope="openid orders:write", prompt="consent"))
    form = {**hidden(greedy.text), "token": hidden(harmless.text)["token"]}
    answer = scene.form(action(greedy.text), **form, decision="allow")
    assert "code=" not in answer.headers["location"]
    again = scene.follow(answer)
    assert 'name="decision"' in again.text  # it is asked, as if nothing had come


def test_an_agreement_is_of_who_was_shown_the_page(scene: Scene) -> None:
    scene.code(SPA)
    page = scene.follow(scene.authorize(SPA, prompt="consent"))
    # Somebody else signs in meanwhile, in another window of the same browser.
    other = scene.follow(scene.authorize(SPA, prompt="login"))
    scene.sign_in(other, "bob@mail.example")
    answer = scene.form(action(page.text), **hidden(page.text), decision="allow")
    assert "code=" not in answer.headers["location"]


def test_no_step_is_left_out(scene: Scene) -> None:
    page = scene.follow(scene.authorize())
    fields = hidden(page.text)
    answer = scene.form("/oauth/consent", **fields, decision="allow", token="x" * 43)
    assert "code=" not in answer.headers.get("location", "")
    answer = scene.form("/oauth/second-factor", **fields, code="123456")
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    assert 'name="password"' in scene.get("/oauth/continue", **fields).text
    # A page that was closed for too long.
    scene.clock.ahead = 901
    try:
        answer = scene.form(action(page.text), **fields, name=NAME, password=GOOD)
        assert answer.status_code == 400 and "set-cookie" not in answer.headers
    finally:
        scene.clock.ahead = 0.0


def test_a_sign_out_is_agreed_to_in_the_session_that_it_ends(scene: Scene) -> None:
    scene.code()
    page = scene.get("/oauth/logout", client_id="leaving")
    fields = hidden(page.text)
    scene.browser.cookies.clear()
    scene.code()  # another session of the same account
    answer = scene.form("/oauth/logout/confirm", **fields, decision="yes")
    assert "Sign out?" in answer.text
    for change in ({"token": ""}, {"decision": "no"}, {"decision": ""}):
        mine = hidden(scene.get("/oauth/logout", client_id="leaving").text)
        scene.form("/oauth/logout/confirm", **{"decision": "yes", **mine, **change})
        assert "code" in sent(scene.authorize(prompt="none"))
    mine = hidden(scene.get("/oauth/logout", client_id="leaving").text)
    wrong = {**mine, "post_logout_redirect_uri": "https://evil.example/", "decision": "yes"}
    answer = scene.form("/oauth/logout/confirm", **wrong)
    assert answer.status_code == 400 and "location" not in answer.headers
    consent = hidden(scene.follow(scene.authorize(prompt="consent")).text)["token"]
    forged = scene.form("/oauth/logout/confirm", **{**mine, "token": consent}, decision="yes")
    assert "Sign out?" in forged.text


def test_somebody_elses_hint_asks(scene: Scene) -> None:
    tokens = scene.redeem(scene.code()).json()
    other = scene.follow(scene.authorize(prompt="login"))
    scene.decide(scene.sign_in(other, "bob@mail.example"))
    answer = scene.get("/oauth/logout", id_token_hint=tokens["id_token"])
    assert "Sign out?" in answer.text


def test_a_hint_is_an_id_token_of_the_client_that_asks(scene: Scene) -> None:
    tokens = scene.redeem(scene.code(SPA), SPA).json()
    for hint in (tokens["id_token"], tokens["access_token"], tokens["refresh_token"]):
        found = sent(scene.authorize(WEB, id_token_hint=hint))
        assert found["error"] == "invalid_request" and "code" not in found
    assert "code" in sent(scene.authorize(SPA, id_token_hint=tokens["id_token"]))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "QUERY"])
@pytest.mark.parametrize("name", ["authorize", *PAGES, *FORMS, "userinfo", "jwks"])
def test_other_methods(scene: Scene, name: str, method: str) -> None:
    answer = scene.browser.request(method, f"/oauth/{name}")
    assert answer.status_code in (403, 405), answer.status_code


@pytest.mark.parametrize("name", ["sign-in", "consent", "device/sign-in", "logout/confirm"])
def test_forms_are_not_read_from_addresses(scene: Scene, name: str) -> None:
    assert scene.get(f"/oauth/{name}", name=NAME, password=GOOD).status_code == 405


PAIRS: list[dict[str, Any]] = [
    {"content": b"request=a&request=b", "kind": "application/x-www-form-urlencoded"},
    {"content": b"request=%00", "kind": "application/x-www-form-urlencoded"},
    {"content": b"request=%ff", "kind": "application/x-www-form-urlencoded"},
    {"content": b"state=" + b"a" * 3_000, "kind": "application/x-www-form-urlencoded"},
    {"content": b"a=" + b"a" * 70_000, "kind": "application/x-www-form-urlencoded"},
    {
        "content": b"&".join(b"p%d=1" % n for n in range(100)),
        "kind": "application/x-www-form-urlencoded",
    },
    {"content": b'{"request": "a"}', "kind": "application/json"},
    {"content": b"request=a", "kind": "text/plain"},
    {"content": b"request=a", "kind": "multipart/form-data; boundary=x"},
    {"content": b"request=a", "kind": ""},
    {"content": b"request=a", "kind": "application/x-www-form-urlencoded", "query": "?a=b"},
]


@pytest.mark.parametrize("case", range(len(PAIRS)))
@pytest.mark.parametrize("name", ["authorize", "logout", *FORMS])
def test_a_body_that_no_page_sends(scene: Scene, name: str, case: int) -> None:
    one = PAIRS[case]
    answer = scene.browser.post(
        f"/oauth/{name}{one.get('query', '')}",
        content=one["content"],
        headers={"Content-Type": one["kind"]} if one["kind"] else {},
        follow_redirects=False,
    )
    assert answer.status_code in (400, 413, 415), answer.text
    assert "location" not in answer.headers and "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", ["authorize", "continue", "second-factor", "device", "logout"])
@pytest.mark.parametrize(
    "query", ["request=a&request=b", "state=%00", "state=%ff", "state=" + "a" * 3_000]
)
def test_an_address_that_no_page_has(scene: Scene, name: str, query: str) -> None:
    answer = scene.browser.get(f"/oauth/{name}?{query}", follow_redirects=False)
    assert answer.status_code == 400 and "location" not in answer.headers
    assert answer.headers["x-frame-options"] == "DENY"


def test_every_cookie_is_for_this_host_alone(scene: Scene) -> None:
    first = scene.authorize()
    page = scene.follow(first)
    entered = scene.form(action(page.text), **hidden(page.text), name=NAME, password=GOOD)
    found = [*first.headers.get_list("set-cookie"), *entered.headers.get_list("set-cookie")]
    assert len(found) >= 2
    for cookie in found:
        assert cookie.startswith("__Host-")
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert attribute in cookie
