"""What people are shown when they agree, and that nothing more goes out (ASVS 5.0 V10.7; RFC 8252, 8.6; CWE-359)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard.auth.oauth.server.client import CODE, DEVICE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import POLICY, SPA, WEB, Scene, action, hidden, opened, sent

NATIVE = OAuthClient(
    id="native",
    name="Pocket shop",
    native=True,
    redirect_uris=[
        "http://127.0.0.1/cb",
        "com.example.shop:/cb",
        "https://shop.example/claimed",
    ],
    scopes=["openid"],
)
NARROW = replace(SPA, id="narrow", redirect_uris=["https://narrow.example/"], scopes=["openid"])
FORM = replace(
    SPA, id="form", redirect_uris=["https://form.example/"], response_modes=["form_post"]
)
SHORT = replace(WEB, id="short", redirect_uris=["https://short.example/"], grants=[CODE])
TELEVISION = OAuthClient(id="tv", name="Set", grants=[DEVICE, REFRESH], scopes=["openid"])
LEAVING = replace(SPA, id="leaving", post_logout_redirect_uris=["https://bye.example/x"])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    clients = (WEB, SPA, NATIVE, NARROW, FORM, SHORT, TELEVISION, LEAVING)
    with opened(*clients, policy=replace(POLICY, claims=claims)) as found:
        found.account()
        yield found


async def claims(user: Any, scopes: frozenset[str]) -> dict[str, Any]:
    return {"name": "Ann"} if "profile" in scopes else {}


def info(scene: Scene, client: OAuthClient, code: str) -> dict[str, Any]:
    token = scene.redeem(code, client).json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    return scene.browser.get("/oauth/userinfo", headers=header).json()


EMAIL = json.dumps({"userinfo": {"email": {"essential": True}}, "id_token": {"email": None}})


def test_claims_by_name_are_agreed_to_as_the_scope_they_are_of(scene: Scene) -> None:
    scene.code(SPA, scope="openid")  # agreed to openid alone
    silent = sent(scene.authorize(SPA, scope="openid", claims=EMAIL, prompt="none"))
    assert silent["error"] == "consent_required"
    page = scene.follow(scene.authorize(SPA, scope="openid", claims=EMAIL))
    assert "See your e-mail address" in page.text
    said = info(scene, SPA, sent(scene.decide(page))["code"])
    assert set(said) == {"sub", "email"}
    # The scope itself was not granted: what belongs to it, but was not named, stays here.
    again = sent(scene.authorize(SPA, scope="openid", claims=EMAIL, prompt="none"))
    assert set(info(scene, SPA, again["code"])) == {"sub", "email"}


def test_a_client_asks_by_name_for_nothing_that_it_may_not(scene: Scene) -> None:
    code = scene.code(NARROW, scope="openid", claims=EMAIL, prompt="consent")
    tokens = scene.redeem(code, NARROW).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert set(scene.browser.get("/oauth/userinfo", headers=header).json()) == {"sub"}
    from jwt import decode

    assert "email" not in decode(tokens["id_token"], options={"verify_signature": False})


@pytest.mark.parametrize("uri", ["http://127.0.0.1:4711/cb", "com.example.shop:/cb"])
def test_a_native_application_is_agreed_to_each_time(scene: Scene, uri: str) -> None:
    # Any other application on the machine could be at that address.
    for _ in range(2):
        page = scene.follow(scene.authorize(NATIVE, redirect_uri=uri))
        if 'name="password"' in page.text:
            page = scene.sign_in(page)
        assert 'name="decision"' in page.text
        assert "code=" in scene.decide(page).headers["location"]
    silent = scene.authorize(NATIVE, redirect_uri=uri, prompt="none")
    assert "error=consent_required" in silent.headers["location"]


def test_an_address_that_is_claimed_is_agreed_to_once(scene: Scene) -> None:
    uri = "https://shop.example/claimed"
    page = scene.follow(scene.authorize(NATIVE, redirect_uri=uri, prompt="consent"))
    if 'name="password"' in page.text:
        page = scene.sign_in(page)
    scene.decide(page)
    assert "code" in sent(scene.authorize(NATIVE, redirect_uri=uri))


@pytest.mark.parametrize(("client", "time"), [(WEB, "90 days"), (SHORT, "11 minutes")])
def test_the_page_says_what_for_whom_and_how_long(
    scene: Scene, client: OAuthClient, time: str
) -> None:
    scene.code(SPA)  # signs in
    page = scene.follow(
        scene.authorize(
            client,
            scope="openid orders:read",
            prompt="consent",
            resource="https://api.example/orders",
        )
    ).text
    assert "Web shop" in page and "See your orders" in page
    assert "https://api.example/orders" in page
    assert f"This counts for {time} at most" in page
    assert client.redirect_uris[0].split("/")[2] in page
    asked = scene.form("/oauth/device_authorization", client_id="tv", scope="openid").json()
    shown = scene.get("/oauth/device", user_code=asked["user_code"]).text
    assert "Set" in shown and "Know who you are" in shown and "90 days at most" in shown


def test_a_client_gets_its_answers_by_the_modes_that_it_needs(scene: Scene) -> None:
    scene.code(SPA)
    answer = scene.follow(scene.authorize(FORM, response_mode="form_post"))
    answer = scene.decide(answer)
    assert "code" in hidden(answer.text)
    for mode in ("query", "fragment", ""):
        found = sent(scene.authorize(FORM, response_mode=mode))
        assert (found["error"], found["state"]) == ("invalid_request", "the-state")


def test_after_the_question_whether_to_sign_out_the_address_may_follow(scene: Scene) -> None:
    # A browser judges the redirect of a form by the policy of its page (CSP3, 6.4.1).
    scene.code(SPA)
    asked = {"client_id": "leaving", "post_logout_redirect_uri": "https://bye.example/x"}
    page = scene.get("/oauth/logout", **asked)
    policy = page.headers["content-security-policy"]
    assert policy.endswith("form-action 'self' https:")
    assert scene.get("/oauth/logout").headers["content-security-policy"].endswith("'self'")
    answer = scene.form(action(page.text), **hidden(page.text), decision="yes")
    assert answer.headers["location"] == "https://bye.example/x"


HOSTILE = "\"'><script>alert(1)</script><a href=javascript:alert(1)>{{ 7777 * 7777 }}${7777*7777}"


def test_nothing_that_comes_in_is_markup_on_a_page(scene: Scene) -> None:
    named = replace(
        WEB, id="named", name=HOSTILE, redirect_uris=["https://n.example/'/(x)"], grants=[CODE]
    )
    scene.in_loop(scene.server.clients.add, named)
    pages = []
    scene.browser.cookies.clear()
    pages.append(scene.follow(scene.authorize(named, login_hint=HOSTILE, state=HOSTILE)))
    fields = hidden(pages[0].text)
    failed = scene.form(action(pages[0].text), **fields, name=HOSTILE, password=HOSTILE)
    pages += [failed, scene.get("/oauth/continue", request=HOSTILE)]
    pages.append(scene.get("/oauth/second-factor", request=fields["request"]))
    pages.append(scene.get("/oauth/device", user_code=HOSTILE))
    pages.append(scene.sign_in(pages[0]))
    assert 'name="decision"' in pages[-1].text
    pages.append(scene.get("/oauth/device", user_code=HOSTILE))
    pages.append(scene.get("/oauth/logout", state=HOSTILE))
    pages.append(scene.get("/oauth/logout", id_token_hint=HOSTILE))
    pages.append(scene.form("/oauth/logout/confirm", state=HOSTILE, client_id="leaving"))
    pages.append(scene.authorize(named, client_id=HOSTILE))
    pages.append(scene.authorize(named, redirect_uri=HOSTILE))
    pages.append(scene.authorize(named, **{HOSTILE: HOSTILE, "redirect_uri": "https://x.example"}))
    posted = scene.decide(scene.follow(scene.authorize(named, prompt="consent", state=HOSTILE)))
    assert posted.status_code == 303
    posted = scene.authorize(named, response_mode="form_post", state=HOSTILE)
    assert hidden(posted.text)["state"] == HOSTILE
    for page in pages:
        assert page.headers["content-type"].startswith("text/html"), page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "script-src" not in policy and "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
    for page in [*pages, posted]:
        text = page.text.replace("<script>document.forms[0].submit()</script>", "")
        assert "<script" not in text and "<a " not in text and "60481729" not in text
        assert not re.search(r"<[^>]*\son[a-z]+=", text)


def test_the_form_that_posts_itself_runs_its_own_script_alone(scene: Scene) -> None:
    scene.code(SPA)
    posted = scene.authorize(SPA, response_mode="form_post")
    if posted.status_code == 303:
        posted = scene.decide(scene.follow(posted))
    policy = posted.headers["content-security-policy"]
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}';", policy)
    assert "form-action https:;" in policy and "frame-ancestors 'none'" in policy
    assert posted.headers["cache-control"] == "no-store"


def test_templates_of_a_project_are_escaped_and_under_the_same_policy(tmp_path: Any) -> None:
    (tmp_path / "sign_in.html").write_text(
        "<h1>{{ client.name }}</h1><p>{{ hint }}</p><script>alert(2)</script>"
        '<form method="post" action="{{ action }}">'
        '<input type="hidden" name="request" value="{{ request_id }}"><input name="password">'
    )
    hostile = replace(SPA, name=HOSTILE)
    with opened(hostile, policy=replace(POLICY, templates=str(tmp_path))) as scene:
        page = scene.follow(scene.authorize(hostile, login_hint=HOSTILE))
        assert "<h1>" in page.text and "<script>alert(1)" not in page.text
        # A script that a project writes there itself does not run: the policy stays.
        assert "script-src" not in page.headers["content-security-policy"]
        scene.account()
        assert 'name="decision"' in scene.sign_in(page).text  # the other pages are ours
