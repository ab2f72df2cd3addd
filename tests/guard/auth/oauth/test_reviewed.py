"""What a hostile reader proved, each closed: sessions that end, bindings, audiences, factors, agreements."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import jwt
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from buckler.guard import AuthorizationServer, AuthPolicy, Guard, MemoryStores
from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.oauth.server.client import CODE, CREDENTIALS, EXCHANGE, REFRESH
from buckler.guard.auth.oauth.server.decide import SignedIn, lacks_factor
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import (
    ISSUER,
    NAME,
    POLICY,
    SPA,
    WEB,
    Scene,
    action,
    basic,
    challenge,
    hidden,
    opened,
    sent,
)
from tests.guard.auth.shop import GOOD, QUICK

API = replace(
    WEB,
    id="api",
    redirect_uris=["https://api.example/cb"],
    grants=[CODE, REFRESH, CREDENTIALS, EXCHANGE],
    introspects=True,
    resources=["https://api.example/other"],
)
BOUND = replace(WEB, id="bound", bound_to_certificate=True)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, API, BOUND, administration=True) as found:
        found.account()
        yield found


def refreshed(scene: Scene, token: str) -> int:
    return scene.token(grant_type="refresh_token", refresh_token=token).status_code


def test_a_session_that_is_ended_in_the_list_takes_what_was_granted_along(scene: Scene) -> None:
    tokens = scene.redeem(scene.code()).json()
    (mine,) = [
        one for one in scene.browser.get("/auth/sessions").json() if one["kind"] == "browser"
    ]
    assert scene.browser.delete(f"/auth/sessions/{mine['id']}").status_code == 200
    assert refreshed(scene, tokens["refresh_token"]) == 400


def test_somebody_else_at_the_same_browser_ends_what_hung_on_the_session(scene: Scene) -> None:
    scene.account("bob@mail.example")
    tokens = scene.redeem(scene.code()).json()
    entered = scene.browser.post(
        "/auth/sign-in", json={"name": "bob@mail.example", "password": GOOD}
    )
    assert entered.status_code == 200
    assert refreshed(scene, tokens["refresh_token"]) == 400


def test_everywhere_but_here(scene: Scene) -> None:
    away = scene.redeem(scene.code(scope="openid offline_access")).json()["refresh_token"]
    other = TestClient(scene.app, base_url=ISSUER)
    first, scene.browser = scene.browser, other
    other.portal = first.portal
    kept = scene.redeem(scene.code()).json()["refresh_token"]
    listed = other.get("/auth/sessions").json()
    stays = next(one["id"] for one in listed if one["current"])
    user = scene.in_loop(scene.guard.identities.stores.users.by_name, NAME)
    scene.in_loop(scene.guard.identities.sign_out_everywhere, user.id, but=stays)
    assert refreshed(scene, away) == 400
    assert refreshed(scene, kept) == 200
    other.portal = None


def test_a_proof_does_not_take_the_place_of_a_certificate(scene: Scene) -> None:
    proof = Maker().proof(
        htm="POST",
        htu=f"{ISSUER}/oauth/token",
        iat=int(scene.clock()),
        jti=secrets.token_hex(8),
    )
    answer = scene.form(
        "/oauth/token",
        headers={**basic(BOUND), "DPoP": proof},
        grant_type="client_credentials",
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_providers_word_is_no_second_factor() -> None:
    def who(*factors: str) -> SignedIn:
        return SignedIn(user_id="u", session="s", factors=frozenset(factors), authenticated=0.0)

    assert lacks_factor(who("federated")) and lacks_factor(who("password"))
    assert not lacks_factor(who("password", "totp")) and not lacks_factor(who("passkey"))


def test_a_token_for_another_does_not_become_one_for_userinfo(scene: Scene) -> None:
    resource = "https://api.example/other"
    code = scene.code(scope="openid email", resource=resource)
    token = scene.redeem(code, resource=resource).json()["access_token"]
    exchanged = scene.token(
        API,
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        audience=ISSUER,
    )
    assert exchanged.json()["error"] == "invalid_target"


def test_a_resource_that_nobody_was_asked_about_was_not_granted(scene: Scene) -> None:
    code = scene.code()
    refused = scene.redeem(code, resource="https://api.example/other")
    assert refused.json()["error"] == "invalid_target"


@pytest.mark.parametrize("audience", ["[{}]", "[[]]", "[5]", "{}", "5", '[""]', "null"])
def test_an_audience_of_any_shape_is_no_error(scene: Scene, audience: str) -> None:
    payload = base64url.encode(f'{{"aud":{audience},"sub":"a"}}'.encode()).decode()
    token = f"eyJhbGciOiJFUzI1NiJ9.{payload}.AAAA"
    answer = scene.browser.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_second_factor_does_not_stand_for_a_sign_in(scene: Scene) -> None:
    scene.code()
    page = scene.follow(scene.authorize(prompt="login"))
    answer = scene.form("/oauth/second-factor", **hidden(page.text), code="123456")
    assert answer.status_code == 401


def test_who_registers_itself_acts_for_nobody_but_who_agrees() -> None:
    with opened(WEB, policy=replace(POLICY, registration=True)) as scene:
        asked = {"grant_types": ["client_credentials"], "redirect_uris": []}
        answer = scene.browser.post("/oauth/register", json=asked)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_what_nothing_describes_is_shown_by_its_name(scene: Scene) -> None:
    wide = replace(SPA, id="wide", scopes=["openid", "admin:all"])
    scene.in_loop(scene.server.clients.add, wide)
    page = scene.follow(scene.authorize(wide, scope="openid admin:all"))
    assert "admin:all" in scene.sign_in(page).text


def test_who_signs_in_anew_signs_out_of_all_that_was_before(scene: Scene) -> None:
    first = scene.redeem(scene.code()).json()
    page = scene.follow(scene.authorize(SPA, prompt="login"))
    code = sent(scene.decide(scene.sign_in(page)))["code"]
    second = scene.redeem(code, SPA).json()
    sids = {
        jwt.decode(one["id_token"], options={"verify_signature": False})["sid"]
        for one in (first, second)
    }
    assert len(sids) == 1
    # The other client's tokens went on meanwhile, and end with the session that took its place.
    again = scene.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200
    assert scene.browser.post("/auth/sign-out").status_code == 200
    assert refreshed(scene, again.json()["refresh_token"]) == 400
    gone = scene.token(SPA, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert gone.status_code == 400


def test_below_a_path_the_pages_lead_to_themselves() -> None:
    inner = FastAPI(openapi_url=None)
    guard = Guard(
        inner,
        secret=SECRET,
        database=MemoryStores(),
        auth=AuthPolicy(base_url=f"{ISSUER}/id", hashing=QUICK, ways=["session"]),
    )
    inner.include_router(AuthorizationServer(guard.identities, clients=[SPA]).router())
    outer = FastAPI(openapi_url=None)
    outer.mount("/id", inner)
    asked = {
        "client_id": "spa",
        "response_type": "code",
        "redirect_uri": "https://spa.example/",
        "scope": "openid",
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    with guard.rated(None), TestClient(outer, base_url=ISSUER) as browser:
        page = browser.get("/id/oauth/authorize", params=asked)
        assert page.status_code == 200 and action(page.text) == "/id/oauth/sign-in"
        assert browser.get("/id/oauth/style.css").status_code == 200
        metadata = browser.get("/id/.well-known/openid-configuration").json()
        assert metadata["token_endpoint"] == f"{ISSUER}/id/oauth/token"


def test_nothing_but_the_request_is_kept_of_a_request(scene: Scene) -> None:
    junk = {f"junk{number}": "x" * 1_000 for number in range(5)}
    assert scene.authorize(SPA, **junk).status_code == 303
    pushed = scene.form(
        "/oauth/par",
        headers=basic(WEB),
        response_type="code",
        redirect_uri="https://app.example/callback",
        scope="openid",
        code_challenge=challenge("v" * 43),
        code_challenge_method="S256",
        **junk,
    )
    assert pushed.status_code == 201
    store = scene.guard.identities.stores
    assert isinstance(store, MemoryStores)
    kept = [one.data["parameters"] for one in store.oauth.pending.kept.values()]
    assert len(kept) == 2 and all(len(one) < 600 for one in kept)


def test_a_guard_around_it_lets_its_metadata_out_once() -> None:
    inner, outer = FastAPI(openapi_url=None), FastAPI(openapi_url=None)
    guard = Guard(
        inner,
        secret=SECRET,
        database=MemoryStores(),
        auth=AuthPolicy(base_url=f"{ISSUER}/a%20b/", hashing=QUICK, ways=["session"]),
    )
    server = AuthorizationServer(guard.identities, clients=[SPA])
    inner.include_router(server.router())
    outer.mount("/a b", inner)
    outer.include_router(server.well_known())
    around = Guard(outer, deny=True, answers="fail")
    with guard.rated(None), around.rated(None), TestClient(outer, base_url=ISSUER) as browser:
        # Without its last slash (RFC 8414, 3.1).
        for name in ("oauth-authorization-server", "openid-configuration"):
            answer = browser.get(
                f"/.well-known/{name}/a%20b", headers={"Origin": "https://spa.example"}
            )
            assert (answer.status_code, answer.json()["issuer"]) == (200, f"{ISSUER}/a%20b/")
            assert answer.headers.get_list("access-control-allow-origin") == ["*"]
