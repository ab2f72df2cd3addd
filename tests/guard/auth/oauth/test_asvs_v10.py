"""ASVS 5.0, chapter V10 (OAuth and OIDC), row by row: what it asks of an authorization server, on the default configuration.

Rows for clients and for servers of resources point at the tests of those. Where a row of level 3 is a switch, the test turns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import jwt
import pytest

from buckler.guard.auth.oauth.server.client import CODE, METHODS, PASSWORD, REFRESH, OAuthClient
from buckler.guard.auth.oauth.server.policy import OAuthPolicy
from tests.guard.auth.oauth import (
    test_administration,
    test_agreements,
    test_bound_tokens,
    test_registration,
)
from tests.guard.auth.oauth.client import (
    test_hostile_answers,
    test_linking,
    test_rp_plans,
)
from tests.guard.auth.oauth.resource import test_bearer, test_bound, test_step_up
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    ISSUER,
    NAME,
    SPA,
    WEB,
    Scene,
    basic,
    opened,
    sent,
)
from tests.guard.auth.shop import GOOD

ROWS = {1: 2, 2: 3, 3: 5, 4: 16, 5: 5, 6: 2, 7: 3}
"""Sections of the chapter, and how many rows each has."""
ELSEWHERE: dict[str, list[tuple[ModuleType, str]]] = {
    "10.1.1": [(test_hostile_answers, "no_token_comes_to_the_browser")],
    "10.1.2": [
        (test_hostile_answers, "an_answer_counts_in_the_browser_that_asked"),
        (test_hostile_answers, "an_answer_counts_once"),
    ],
    "10.2.1": [(test_hostile_answers, "a_code_is_redeemed_with_what_only_this_server_knows")],
    "10.2.2": [(test_hostile_answers, "the_issuer_of_an_answer_is_compared")],
    "10.2.3": [(test_hostile_answers, "no_more_is_asked_for_than_who_somebody_is")],
    "10.3.1": [(test_bearer, "claims_that_do_not_count")],
    "10.3.2": [(test_bearer, "a_scope_that_is_missing")],
    "10.3.3": [(test_bearer, "what_a_token_may")],
    "10.3.4": [(test_step_up, "not_enough")],
    "10.3.5": [(test_bound, "a_bound_token_as_bearer_is_refused")],
    "10.4.7": [(test_registration, "metadata_that_are_refused")],
    "10.4.9": [(test_administration, "what_was_allowed_is_taken_back")],
    "10.5.1": [(test_rp_plans, "oidcc_client_test_nonce_invalid")],
    "10.5.2": [(test_linking, "who_comes_again_is_the_same_whatever_their_address_is")],
    "10.5.3": [(test_rp_plans, "oidcc_client_test_discovery_issuer_mismatch")],
    "10.5.4": [(test_rp_plans, "oidcc_client_test_invalid_aud")],
    "10.5.5": [(test_rp_plans, "a_logout_token_says_that_it_is_one")],
    "10.7.2": [(test_agreements, "the_page_says_what_for_whom_and_how_long")],
    "10.7.3": [(test_administration, "what_was_allowed_is_taken_back")],
}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, administration=True) as found:
        found.account()
        yield found


def test_every_row_has_a_test() -> None:
    rows = {f"10.{section}.{n + 1}" for section, most in ROWS.items() for n in range(most)}
    here = {
        ".".join(name.removeprefix("test_v").split("_")[:3])
        for name in globals()
        if name.startswith("test_v10_")
    }
    assert here | ELSEWHERE.keys() == rows
    for tests in ELSEWHERE.values():
        for module, name in tests:
            assert callable(getattr(module, f"test_{name}"))


def test_v10_4_1_redirect_addresses_are_compared_by_an_allowlist_of_the_client(
    scene: Scene,
) -> None:
    for uri in (f"{CALLBACK}2", CALLBACK[:-1], SPA.redirect_uris[0]):
        assert scene.authorize(redirect_uri=uri).status_code == 400


def test_v10_4_2_a_code_counts_once_and_its_reuse_ends_its_tokens(scene: Scene) -> None:
    code = scene.code()
    tokens = scene.redeem(code).json()
    assert scene.redeem(code).json()["error"] == "invalid_grant"
    refused = scene.token(grant_type=REFRESH, refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


def test_v10_4_3_a_code_counts_for_a_minute(scene: Scene) -> None:
    """Level 3: one minute at most."""
    assert OAuthPolicy().code_lifetime <= 60
    code = scene.code()
    scene.clock.ahead = 61
    try:
        assert scene.redeem(code).json()["error"] == "invalid_grant"
    finally:
        scene.clock.ahead = 0.0


def test_v10_4_4_a_client_has_the_grants_that_it_needs_and_none_of_the_old_ones(
    scene: Scene,
) -> None:
    assert OAuthClient(id="x", redirect_uris=[CALLBACK]).grants == (CODE, REFRESH)
    refused = scene.token(SPA, grant_type="client_credentials")
    assert refused.json()["error"] == "unauthorized_client"
    refused = scene.token(grant_type=PASSWORD, username=NAME, password=GOOD)
    assert refused.json()["error"] == "unauthorized_client"
    assert sent(scene.authorize(response_type="token"))["error"] == "unauthorized_client"


def test_v10_4_5_a_refresh_token_that_is_replayed_is_of_no_use(scene: Scene) -> None:
    """By rotation; of public clients with a key by that, too."""
    first = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]
    second = scene.token(SPA, grant_type=REFRESH, refresh_token=first).json()["refresh_token"]
    third = scene.token(SPA, grant_type=REFRESH, refresh_token=second).json()["refresh_token"]
    for token in (first, second, third):
        refused = scene.token(SPA, grant_type=REFRESH, refresh_token=token)
        assert refused.json()["error"] == "invalid_grant"
    assert hasattr(
        test_bound_tokens,
        "test_a_refresh_token_of_a_public_client_is_bound_to_the_key_of_its_proof",
    )


def test_v10_4_6_pkce_by_s256_and_no_less(scene: Scene) -> None:
    for change in ({"code_challenge": ""}, {"code_challenge_method": "plain"}):
        assert sent(scene.authorize(**change))["error"] == "invalid_request"
    code = scene.code()
    for verifier in ("", "x" * 43):
        refused = scene.redeem(code, code_verifier=verifier)
        assert refused.json()["error"] == "invalid_grant"


def test_v10_4_8_refresh_tokens_end_at_a_stated_time_however_often_they_are_used() -> None:
    with opened(SPA) as scene:
        scene.account()
        token = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]
        for days in range(10, 90, 10):
            scene.clock.ahead = days * 86_400
            answer = scene.token(SPA, grant_type=REFRESH, refresh_token=token)
            assert answer.status_code == 200
            token = answer.json()["refresh_token"]
        scene.clock.ahead = 90 * 86_400 + 1
        refused = scene.token(SPA, grant_type=REFRESH, refresh_token=token)
        assert refused.json()["error"] == "invalid_grant"


def test_v10_4_9_somebody_ends_tokens_by_themselves(scene: Scene) -> None:
    """Refresh tokens and reference tokens, in the pages of the application; by hand as in test_ends_everything.py."""
    tokens = scene.redeem(scene.code()).json()
    assert "web" in [one["client_id"] for one in scene.browser.get("/oauth/grants").json()]
    assert scene.browser.delete("/oauth/grants/web").status_code == 200
    refused = scene.token(grant_type=REFRESH, refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("name", ["token", "par", "revoke", "introspect", "device_authorization"])
def test_v10_4_10_confidential_clients_show_who_they_are(scene: Scene, name: str) -> None:
    form = {"client_id": "web", "grant_type": CODE, "code": "x", "token": "x"}
    answer = scene.form(f"/oauth/{name}", **form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_v10_4_11_a_client_has_the_scopes_that_it_needs(scene: Scene) -> None:
    found = sent(scene.authorize(SPA, scope="openid orders:read"))
    assert found["error"] == "invalid_scope"
    said = scene.token(grant_type="client_credentials").json()
    assert set(said["scope"].split()) == {"orders:read", "orders:write"}


def test_v10_4_12_a_client_has_the_response_modes_that_it_needs(scene: Scene) -> None:
    """A switch: ``response_modes``; or PAR, which keeps the mode from being changed."""
    form = replace(SPA, id="form", response_modes=["form_post"])
    scene.in_loop(scene.server.clients.add, form)
    assert sent(scene.authorize(form, response_mode="query"))["error"] == "invalid_request"
    assert sent(scene.authorize(form))["error"] == "invalid_request"
    assert scene.authorize(form, response_mode="form_post").headers["location"].startswith("/")


def test_v10_4_13_the_code_grant_with_pushed_requests_alone(scene: Scene) -> None:
    """A switch: ``require_par`` of a client, or of all."""
    pushing = replace(WEB, id="pushing", require_par=True)
    scene.in_loop(scene.server.clients.add, pushing)
    assert sent(scene.authorize(pushing))["error"] == "invalid_request"
    asked = dict(scene.authorize(pushing).request.url.params)
    pushed = scene.form("/oauth/par", headers=basic(pushing), **asked).json()
    begun = scene.get("/oauth/authorize", client_id="pushing", request_uri=pushed["request_uri"])
    assert begun.status_code == 303 and begun.headers["location"].startswith("/")


def test_v10_4_14_sender_constrained_tokens_alone(scene: Scene) -> None:
    """A switch: ``require_dpop`` of a client or of all, ``bound_to_certificate``."""
    for name in ("require_dpop", "bound_to_certificate"):
        bound = replace(WEB, id=name, **{name: True})
        scene.in_loop(scene.server.clients.add, bound)
        answer = scene.redeem(scene.code(bound), bound)
        assert answer.json()["error"] in ("invalid_dpop_proof", "invalid_client")


def test_v10_4_15_authorization_details_are_not_taken_from_a_browser(scene: Scene) -> None:
    """Not offered (RFC 9396): what comes changes nothing, and is in no token."""
    details = '[{"type": "payment", "amount": 1}]'
    code = scene.code(authorization_details=details)
    tokens = scene.redeem(code, authorization_details=details).json()
    said = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert "authorization_details" not in {*tokens, *said}
    metadata = scene.get("/.well-known/oauth-authorization-server").json()
    assert "authorization_details_types_supported" not in metadata


def test_v10_4_16_clients_show_who_they_are_by_keys(scene: Scene) -> None:
    """Offered: private_key_jwt and certificates; depth: test_client_assertion.py, test_certificate.py."""
    strong = {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
    assert strong <= set(METHODS)
    said = scene.get("/.well-known/oauth-authorization-server").json()
    assert strong <= set(said["token_endpoint_auth_methods_supported"])
    assert "HS256" not in said["token_endpoint_auth_signing_alg_values_supported"]


def test_v10_5_1_the_nonce_is_in_the_id_token(scene: Scene) -> None:
    tokens = scene.redeem(scene.code(nonce="n-1")).json()
    said = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert said["nonce"] == "n-1"


def test_v10_5_4_an_id_token_is_for_its_client_alone(scene: Scene) -> None:
    tokens = scene.redeem(scene.code()).json()
    said = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (said["aud"], said["iss"]) == ("web", ISSUER)
    access = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert access["aud"] == ISSUER  # and no client's


def test_v10_6_1_the_provider_offers_the_code_alone(scene: Scene) -> None:
    said = scene.get("/.well-known/openid-configuration").json()
    assert said["response_types_supported"] == ["code"]
    for kind in ("id_token", "id_token token", "code id_token", "token"):
        assert "code" not in sent(scene.authorize(response_type=kind, nonce="n"))


def test_v10_6_2_nobody_is_signed_out_by_another_site(scene: Scene) -> None:
    scene.code()
    for asked in ({}, {"client_id": "web"}, {"state": "s"}):
        page = scene.get("/oauth/logout", **asked)
        assert "Sign out?" in page.text
        forged = scene.form("/oauth/logout/confirm", token="x" * 43, decision="yes", **asked)
        assert "Sign out?" in forged.text
    assert "code" in sent(scene.authorize(prompt="none"))


def test_v10_7_1_people_are_asked_to_agree(scene: Scene) -> None:
    """Each time where another application could be at the client's address: test_agreements.py."""
    fresh = replace(SPA, id="fresh")
    scene.in_loop(scene.server.clients.add, fresh)
    scene.code()
    page: Any = scene.follow(scene.authorize(fresh))
    assert 'name="decision"' in page.text
    assert sent(scene.authorize(fresh, prompt="none"))["error"] == "consent_required"
    assert sent(scene.decide(page, "deny"))["error"] == "access_denied"
    again = scene.follow(scene.authorize(fresh, prompt="consent"))
    assert 'name="decision"' in again.text


def test_v10_7_3_people_see_and_take_back_what_they_agreed_to(scene: Scene) -> None:
    scene.code(scope="openid email")
    (mine,) = [
        one for one in scene.browser.get("/oauth/grants").json() if one["client_id"] == "web"
    ]
    assert (mine["name"], {"openid", "email"} <= set(mine["scopes"])) == ("Web shop", True)
    assert scene.browser.delete("/oauth/grants/web").status_code == 200
    assert sent(scene.authorize(prompt="none"))["error"] == "consent_required"
