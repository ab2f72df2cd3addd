"""What the RFCs demand of requests and answers to the letter, on the default configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from buckler.guard import GuardError
from tests.guard.auth.oauth.op import info
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    POLICY,
    WEB,
    Scene,
    basic,
    challenge,
    opened,
    sent,
)

ORDERS = "https://api.example/orders"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMED = replace(WEB, id="named", redirect_uris=["https://named.example/cb"])
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
SERVICE = replace(WEB, id="service", grants=[EXCHANGE], redirect_uris=[], exchange_from=["web"])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, NAMED, SERVICE) as found:
        found.account()
        found.account("ann")
        yield found


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type=client_credentials&",
        b"&grant_type=client_credentials",
        b"grant_type=client_credentials&debug",
        b"grant_type=client_credentials&scope",
        b"grant_type=client_credentials&scope=&client_id",
    ],
)
def test_a_parameter_without_a_value_is_none(scene: Scene, body: bytes) -> None:
    """RFC 6749, 3.2: as if it had not been sent."""
    answer = scene.browser.post("/oauth/token", content=body, headers={**basic(WEB), **FORM})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["scope"].split()) == {"orders:read", "orders:write"}


def test_a_flag_in_the_address_of_a_request_is_not_looked_at(scene: Scene) -> None:
    """RFC 6749, 3.1: unrecognized parameters are ignored."""
    asked = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    answer = scene.browser.get(
        f"/oauth/authorize?debug&{urlencode(asked)}&nonce", follow_redirects=False
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("name", ["token", "par", "revoke", "introspect", "device_authorization"])
def test_a_body_that_is_too_long(scene: Scene, name: str) -> None:
    """RFC 9126, 2.3; RFC 9110, 15.5.14."""
    body = b"token=x&grant_type=client_credentials&x=" + b"a" * 70_000
    answer = scene.browser.post(f"/oauth/{name}", content=body, headers={**basic(WEB), **FORM})
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")
    assert answer.headers["cache-control"] == "no-store"


def test_a_resource_that_knows_none_of_the_scopes(scene: Scene) -> None:
    """RFC 6749, 5.1 and 3.3: a client never takes for granted what a token does not say."""
    own = {"grant_type": "client_credentials", "resource": ORDERS}
    refused = scene.token(**own, scope="orders:write")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    both = scene.token(**own, scope="orders:read orders:write").json()
    assert both["scope"] == "orders:read"


def test_a_token_without_scopes_says_so(scene: Scene) -> None:
    asked = {"scope": "openid orders:write offline_access", "resource": ORDERS}
    tokens = scene.redeem(scene.code(**asked)).json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert "scope" not in claims and tokens["scope"] == "" and "id_token" in tokens
    refresh: dict[str, Any] = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
    }
    refused = scene.token(**refresh, scope="orders:write")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    # Nothing was used up, and who names no scope is told that there is none.
    again = scene.token(**refresh)
    assert again.status_code == 200 and again.json()["scope"] == ""


def test_an_exchange_for_a_resource_that_knows_none_of_the_scopes(scene: Scene) -> None:
    subject = scene.redeem(scene.code(scope="openid orders:write", prompt="consent")).json()
    refused = scene.token(
        SERVICE,
        grant_type=EXCHANGE,
        subject_token=subject["access_token"],
        subject_token_type=ACCESS,
        resource=ORDERS,
        scope="orders:write",
    )
    assert refused.json()["error"] == "invalid_scope"


def test_a_name_that_is_an_address_is_told_with_the_scope_email_alone(scene: Scene) -> None:
    """ASVS 5.0 V10.7.2: the page says "See your name"."""
    for scope, told in (("openid profile", False), ("openid profile email", True)):
        tokens = scene.redeem(scene.code(scope=scope, prompt="consent")).json()
        assert ("ann@mail.example" in info(scene, tokens).values()) is told
    by_name = '{"id_token": {"preferred_username": null}, "userinfo": {"preferred_username": null}}'
    tokens = scene.redeem(scene.code(claims=by_name, prompt="consent")).json()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert "ann@mail.example" not in {**claims, **info(scene, tokens)}.values()


def test_a_name_that_is_no_address_is_told_with_the_scope_profile(scene: Scene) -> None:
    scene.browser.cookies.clear()
    page = scene.follow(scene.authorize(NAMED, scope="openid profile"))
    answer = scene.decide(scene.sign_in(page, name="ann"))
    tokens = scene.redeem(sent(answer)["code"], NAMED).json()
    assert info(scene, tokens)["preferred_username"] == "ann"
    scene.browser.cookies.clear()


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oauth/jwks",
        "/oauth/userinfo",
    ],
)
def test_what_is_read_answers_to_head_as_to_get(scene: Scene, path: str) -> None:
    """RFC 9110, 9.1 and 9.3.2."""
    read, head = scene.browser.get(path), scene.browser.head(path)
    assert (head.status_code, head.content) == (read.status_code, b"")
    for name in ("content-type", "cache-control", "www-authenticate"):
        assert head.headers.get(name) == read.headers.get(name)


@pytest.mark.parametrize("age", [-1, True, 1.5, "60"])
def test_an_age_that_is_no_number_is_a_mistake_where_it_is_written(age: Any) -> None:
    with pytest.raises(GuardError, match="default_max_age"):
        replace(WEB, default_max_age=age)


@pytest.mark.parametrize("header", [None, "Bearer abc", "Bearer", "DPoP abc", "Basic d2ViOng="])
def test_a_challenge_has_a_parameter_at_least(scene: Scene, header: str | None) -> None:
    """RFC 6750, 3: the scheme is followed by one or more; an error stands there where a token came alone."""
    headers = {} if header is None else {"Authorization": header}
    answer = scene.browser.get("/oauth/userinfo", headers=headers)
    scheme, _, rest = answer.headers["www-authenticate"].partition(" ")
    assert scheme in ("Bearer", "DPoP") and re.match(r'[a-z_]+="[^"]+"', rest)
    shown = header is not None and not header.startswith("Basic")
    assert ("error=" in rest) is shown


RANKED = replace(
    POLICY, acr={"gold": [{"password"}], "silver": [{"federated"}], "bronze": [{"recovery"}]}
)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "gold"),
        ({"acr_values": "silver"}, "silver"),
        ({"acr_values": "nobody:knows bronze silver"}, "bronze"),
        ({"acr_values": "bronze gold"}, "gold"),
        ({"acr_values": "nobody:knows"}, "gold"),
        ({"claims": '{"id_token": {"acr": {"essential": true, "values": ["silver"]}}}'}, "silver"),
        ({"claims": '{"id_token": {"acr": {"essential": true, "value": "bronze"}}}'}, "bronze"),
        ({"claims": '{"id_token": {"acr": {"essential": true}}}', "acr_values": "x"}, "gold"),
    ],
)
def test_a_sign_in_is_called_as_it_was_asked_for(asked: dict[str, str], told: str) -> None:
    """OpenID Connect Core 1.0, 5.5.1.1: a value of those that are essential; RFC 9470, 5: that a server of resources asked for."""
    with opened(policy=RANKED) as scene:
        scene.account()
        tokens = scene.redeem(scene.code(**asked)).json()
        again = scene.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        for text in (tokens["id_token"], tokens["access_token"], again.json()["access_token"]):
            claims = jwt.decode(text, options={"verify_signature": False})
            assert (claims["acr"], claims["amr"]) == (told, ["pwd"])


@pytest.mark.parametrize(
    "value", ['"value": "nobody:knows"', '"values": ["a", "b"]', '"values": [5]']
)
def test_a_way_to_sign_in_that_is_essential_and_unknown_is_a_failure(
    scene: Scene, value: str
) -> None:
    """OpenID Connect Core 1.0, 5.5.1.1: a failed attempt, never another value."""
    scene.browser.cookies.clear()
    scene.code()
    claims = f'{{"id_token": {{"acr": {{"essential": true, {value}}}}}}}'
    answer = sent(scene.authorize(claims=claims, prompt="none"))
    assert answer["error"] == "unmet_authentication_requirements"
