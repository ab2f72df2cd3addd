"""The device grant misused: asked too often, by others, twice, too late, guessed (RFC 8628, 3.5 and 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard import EventKind
from buckler.guard.auth.oauth.server.client import DEVICE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import NAME, SPA, Scene, hidden, opened
from tests.guard.auth.shop import GOOD

TELEVISION = OAuthClient(id="tv", name="Television", grants=[DEVICE, REFRESH], scopes=["openid"])
RADIO = replace(TELEVISION, id="radio", name="Radio")


@pytest.fixture(scope="module")
def whole() -> Iterator[Scene]:
    with opened(SPA, TELEVISION, RADIO) as found:
        found.account()
        found.code(SPA)  # signs in
        yield found


@pytest.fixture
def scene(whole: Scene) -> Scene:
    whole.clock.ahead = 0.0
    return whole


def begin(scene: Scene, client: OAuthClient = TELEVISION, **form: str) -> dict[str, Any]:
    answer = scene.form("/oauth/device_authorization", client_id=client.id, **form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def poll(scene: Scene, asked: dict[str, Any], client: OAuthClient = TELEVISION) -> dict[str, Any]:
    return scene.form(
        "/oauth/token",
        client_id=client.id,
        grant_type=DEVICE,
        device_code=asked["device_code"],
    ).json()


def later(scene: Scene, seconds: float = 6) -> None:
    scene.clock.ahead += seconds


def decide(scene: Scene, asked: dict[str, Any], decision: str = "allow") -> Any:
    page = scene.get("/oauth/device", user_code=asked["user_code"])
    return scene.form("/oauth/device", **hidden(page.text), decision=decision)


def test_who_asks_too_often_has_to_wait_longer(scene: Scene) -> None:
    asked = begin(scene, scope="openid")
    assert poll(scene, asked)["error"] == "authorization_pending"
    assert poll(scene, asked)["error"] == "slow_down"
    later(scene, 6)  # five more seconds than before (RFC 8628, 3.5)
    assert poll(scene, asked)["error"] == "slow_down"
    later(scene, 16)
    assert poll(scene, asked)["error"] == "authorization_pending"
    decide(scene, asked)
    # Somebody allowed it: too early is too early all the same.
    assert poll(scene, asked)["error"] == "slow_down"
    later(scene, 60)
    assert "access_token" in poll(scene, asked)


def test_a_code_of_another_client(scene: Scene) -> None:
    asked = begin(scene, scope="openid")
    decide(scene, asked)
    assert poll(scene, asked, RADIO)["error"] == "invalid_grant"
    assert poll(scene, asked, SPA)["error"] == "unauthorized_client"
    assert "access_token" in poll(scene, asked)


def test_denied(scene: Scene) -> None:
    asked = begin(scene)
    decide(scene, asked, "deny")
    assert poll(scene, asked)["error"] == "access_denied"
    # Nobody changes their mind by the form that is still open.
    assert decide(scene, asked).status_code == 400
    later(scene)
    assert poll(scene, asked)["error"] == "access_denied"


def test_a_decision_that_is_neither_is_no(scene: Scene) -> None:
    asked = begin(scene)
    decide(scene, asked, "maybe")
    assert poll(scene, asked)["error"] == "access_denied"


def test_too_late(scene: Scene) -> None:
    asked = begin(scene)
    decide(scene, asked)
    later(scene, 601)
    assert poll(scene, asked)["error"] in ("expired_token", "invalid_grant")
    other = begin(scene)
    later(scene, 601)
    assert scene.get("/oauth/device", user_code=other["user_code"]).status_code == 400


def test_a_code_that_comes_again_ends_what_it_gave(scene: Scene) -> None:
    asked = begin(scene, scope="openid")
    decide(scene, asked)
    tokens = poll(scene, asked)
    later(scene)
    assert poll(scene, asked)["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401
    refused = scene.token(TELEVISION, grant_type=REFRESH, refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    assert "device_code" in scene.reasons(EventKind.TOKEN_REUSED)


def test_what_a_device_may_not_ask_for(scene: Scene) -> None:
    for form in ({"scope": "openid email"}, {"scope": '"'}, {"resource": "https://x.example"}):
        answer = scene.form("/oauth/device_authorization", client_id="tv", **form)
        assert answer.json()["error"] in ("invalid_scope", "invalid_target")
    answer = scene.form("/oauth/device_authorization", client_id="spa")
    assert answer.json()["error"] == "unauthorized_client"


def test_nobody_agrees_unseen(scene: Scene) -> None:
    asked = begin(scene, scope="openid")
    code = asked["user_code"]
    # A link that is complete shows what asks, and does nothing by itself (RFC 8628, 5.4).
    page = scene.browser.get(asked["verification_uri_complete"])
    assert "Television" in page.text and code in page.text and 'name="decision"' in page.text
    fields = hidden(page.text)
    for change in ({"token": ""}, {"token": "x" * 43}, {}):
        form = {**fields, **change} if change else {"user_code": code}
        answer = scene.form("/oauth/device", **form, decision="allow")
        assert "<h1>Allowed</h1>" not in answer.text
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = scene.form("/oauth/device", headers=cross, **fields, decision="allow")
    assert answer.status_code == 403
    # The form of one device is none of another one.
    other = begin(scene)
    form = {**fields, "user_code": other["user_code"]}
    assert "<h1>Allowed</h1>" not in scene.form("/oauth/device", **form, decision="allow").text
    # Nor does it count for whoever signed in since.
    scene.account("bob@mail.example")
    mine = dict(scene.browser.cookies)
    scene.browser.cookies.clear()
    entered = scene.form("/oauth/device/sign-in", name="bob@mail.example", password=GOOD)
    assert entered.status_code == 303
    answer = scene.form("/oauth/device", **fields, decision="allow")
    assert "<h1>Allowed</h1>" not in answer.text
    scene.browser.cookies.clear()
    for name, value in mine.items():
        scene.browser.cookies.set(name, value)
    assert poll(scene, asked)["error"] == "authorization_pending"


def test_no_other_site_signs_somebody_in(scene: Scene) -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.id.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = scene.form("/oauth/device/sign-in", headers=headers, name=NAME, password=GOOD)
        assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_codes_are_read_as_people_write_them(scene: Scene) -> None:
    asked = begin(scene)
    code = asked["user_code"]
    for typed in (code.lower(), code.replace("-", " "), f" {code} "):
        assert "Television" in scene.get("/oauth/device", user_code=typed).text
    for typed in (code[:-1], code + "B", "AEIOU", "<script>"):
        answer = scene.get("/oauth/device", user_code=typed)
        assert answer.status_code == 400 and "Television" not in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_codes_are_guessed_a_few_times_alone(method: str) -> None:
    with opened(SPA, TELEVISION, rates=True) as scene:
        scene.account()
        scene.code(SPA)
        found = []
        for letter in "KLMNPQRSTVWXZBC":
            typed = f"BCDFGHJ{letter}"
            if method == "get":
                answer = scene.get("/oauth/device", user_code=typed)
            else:
                answer = scene.form("/oauth/device", user_code=typed)
            found.append(answer.status_code)
    assert found[:10] == [400] * 10 and set(found[10:]) == {429}
