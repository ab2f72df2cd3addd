"""The implicit and the password grant: off, on for one client, short, without refresh, told of (ASVS 5.0 V10.4.4)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from buckler.guard import EventKind, GuardError
from buckler.guard.auth.oauth.server.client import CODE, IMPLICIT, PASSWORD, OAuthClient
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import (
    ISSUER,
    NAME,
    POLICY,
    SPA,
    WEB,
    Scene,
    basic,
    hidden,
    opened,
    sent,
)
from tests.guard.auth.shop import GOOD

OLD = replace(SPA, id="old", redirect_uris=["https://old.example/"], grants=[IMPLICIT])
SCRIPT = replace(WEB, id="script", grants=[PASSWORD], redirect_uris=[])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, OLD, SCRIPT) as found:
        found.account()
        yield found


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_both_are_told_of_at_the_start(scene: Scene) -> None:
    reasons = scene.reasons(EventKind.CONFIGURATION)
    assert "oauth_implicit" in reasons and "oauth_password" in reasons
    with opened() as plain:
        assert "oauth_implicit" not in plain.reasons(EventKind.CONFIGURATION)


def implicit(scene: Scene, **parameters: str) -> Any:
    asked = {
        "response_type": "id_token token",
        "nonce": "n-1",
        "code_challenge": "",
        "code_challenge_method": "",
        **parameters,
    }
    answer = scene.follow(scene.authorize(OLD, **asked))
    if 'name="password"' in answer.text:
        answer = scene.sign_in(answer)
    return scene.decide(answer) if 'name="decision"' in answer.text else answer


def test_the_implicit_grant_of_one_client(scene: Scene) -> None:
    answer = implicit(scene, scope="openid email")
    parts = urlsplit(answer.headers["location"])
    assert not parts.query and parts.fragment
    found = {name: value for name, (value,) in parse_qs(parts.fragment).items()}
    assert "refresh_token" not in found and "code" not in found
    assert (found["iss"], found["state"], found["token_type"]) == (ISSUER, "the-state", "Bearer")
    assert int(found["expires_in"]) <= 300
    said = claims(found["access_token"])
    assert said["exp"] - said["iat"] <= 300 and said["client_id"] == "old"
    assert claims(found["id_token"])["nonce"] == "n-1"
    assert claims(found["id_token"])["at_hash"]
    assert "oauth_implicit_used" in scene.reasons(EventKind.CONFIGURATION)
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_mode": "query"},
        {"nonce": ""},
        {"response_type": "code"},
        {"response_type": "code token"},
        {"scope": "openid orders:read"},
        {"response_mode": "web_message"},
    ],
)
def test_what_the_implicit_grant_does_not_do(scene: Scene, wrong: dict[str, str]) -> None:
    answer = implicit(scene, **wrong)
    assert "access_token" not in sent(answer) and "error" in sent(answer)


def test_the_implicit_grant_has_an_exact_address(scene: Scene) -> None:
    answer = scene.authorize(OLD, response_type="token", redirect_uri="https://old.example/x")
    assert answer.status_code == 400 and "location" not in answer.headers


def test_by_a_form_the_tokens_are_in_no_address(scene: Scene) -> None:
    answer = implicit(scene, response_mode="form_post", prompt="consent")
    assert hidden(answer.text)["access_token"] and "location" not in answer.headers


def password(scene: Scene, client: OAuthClient = SCRIPT, **form: Any) -> Any:
    whole = {"grant_type": PASSWORD, "username": NAME, "password": GOOD, **form}
    return scene.token(client, **whole)


def test_the_password_grant_of_one_client(scene: Scene) -> None:
    said = password(scene, scope="orders:read").json()
    assert "refresh_token" not in said and "id_token" not in said
    token = claims(said["access_token"])
    assert token["exp"] - token["iat"] <= 300 and token["amr"] == ["pwd"]
    assert "oauth_password_used" in scene.reasons(EventKind.CONFIGURATION)
    assert password(scene, WEB).json()["error"] == "unauthorized_client"
    assert password(scene, scope="openid").json()["error"] == "invalid_scope"
    assert password(scene, scope="offline_access").json()["error"] == "invalid_scope"


def test_a_wrong_password_and_no_account_are_one_answer(scene: Scene) -> None:
    wrong, nobody = password(scene, password="wrong"), password(scene, username="nobody@x.example")
    assert wrong.status_code == nobody.status_code == 400
    assert wrong.json() == nobody.json()


def test_the_password_grant_is_never_bound_to_a_key(scene: Scene) -> None:
    made = Maker().proof(htm="POST", htu=f"{ISSUER}/oauth/token", iat=int(time.time()))
    answer = scene.form(
        "/oauth/token",
        headers={"DPoP": made, **basic(SCRIPT)},
        grant_type=PASSWORD,
        username=NAME,
        password=GOOD,
    )
    assert answer.json()["error"] == "invalid_grant"


def test_where_all_show_a_second_factor_nobody_comes_in_by_a_password_alone() -> None:
    with opened(SCRIPT, auth={"second_factor": True}) as scene:
        scene.account()
        assert password(scene).json()["error"] == "invalid_grant"


def test_where_all_tokens_are_bound_neither_grant_gives_any() -> None:
    with opened(OLD, SCRIPT, policy=replace(POLICY, require_dpop=True)) as scene:
        scene.account()
        assert "access_token" not in sent(implicit(scene))
        assert "access_token" not in password(scene).json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"grants": [IMPLICIT], "require_dpop": True},
        {"grants": [IMPLICIT], "bound_to_certificate": True},
        {"grants": [PASSWORD], "require_dpop": True},
        {"grants": [PASSWORD], "bound_to_certificate": True},
        {"grants": [IMPLICIT], "redirect_uris": []},
        {"grants": [CODE, IMPLICIT], "native": True},
    ],
)
def test_clients_that_are_refused_when_they_are_written(wrong: dict[str, Any]) -> None:
    whole = {"id": "x", "redirect_uris": ["https://x.example/"], **wrong}
    with pytest.raises(GuardError):
        OAuthClient(**whole)
