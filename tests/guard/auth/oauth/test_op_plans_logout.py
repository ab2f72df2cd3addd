"""The modules of the OpenID Foundation's plans for signing out of providers, re-made from the specifications.

Each test has the name of a module. The suite itself was not run, and nothing here is certified. Every request has PKCE, which
the server asks of every client (RFC 9700, 2.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.guard.auth.oauth.op import BYE, CLIENT, Ear, flow, provider, verified
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import CALLBACK, ISSUER, Scene, action, hidden, sent
from tests.waiting import until


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    found = Ear()
    yield found
    found.close()


@pytest.fixture(scope="module")
def whole(ear: Ear) -> Iterator[Scene]:
    with provider(ear) as found:
        yield found


@pytest.fixture
def scene(whole: Scene) -> Scene:
    whole.browser.cookies.clear()
    whole.clock.ahead = 0.0
    return whole


def logout(scene: Scene, **parameters: str) -> Any:
    return scene.get("/oauth/logout", **parameters)


def signed_in(scene: Scene) -> bool:
    return "code" in sent(scene.authorize(CLIENT, prompt="none"))


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(scene: Scene) -> None:
    said = scene.get("/.well-known/openid-configuration").json()
    assert said["end_session_endpoint"] == f"{ISSUER}/oauth/logout"


@pytest.mark.parametrize("method", ["get", "post"])
def test_oidcc_rp_initiated_logout(scene: Scene, method: str) -> None:
    asked = {
        "id_token_hint": flow(scene)["id_token"],
        "post_logout_redirect_uri": BYE,
        "state": "s-1",
    }
    assert signed_in(scene)
    answer = logout(scene, **asked) if method == "get" else scene.form("/oauth/logout", **asked)
    assert answer.headers["location"] == f"{BYE}?state=s-1"
    assert not signed_in(scene)


@pytest.mark.parametrize("uri", [f"{BYE}/", "https://evil.example/", CALLBACK, "javascript:a"])
def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(scene: Scene, uri: str) -> None:
    hint = flow(scene)["id_token"]
    answer = logout(scene, id_token_hint=hint, post_logout_redirect_uri=uri)
    assert answer.status_code == 400 and "location" not in answer.headers


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(scene: Scene) -> None:
    hint = flow(scene)["id_token"]
    answer = logout(scene, id_token_hint=hint, post_logout_redirect_uri=f"{BYE}?foo=bar")
    assert answer.status_code == 400 and "location" not in answer.headers


def test_oidcc_rp_initiated_logout_modified_id_token_hint(scene: Scene) -> None:
    head, body, signature = flow(scene)["id_token"].split(".")
    hint = f"{head}.{body}.{signature[::-1]}"
    answer = logout(scene, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.status_code == 400 and "location" not in answer.headers
    assert signed_in(scene)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(scene: Scene) -> None:
    claims = jwt.decode(flow(scene)["id_token"], options={"verify_signature": False})
    forger = Maker("RS256")
    kid = scene.get("/oauth/jwks").json()["keys"][0]["kid"]
    for header in ({"alg": "RS256", "kid": kid}, {"alg": "RS256"}, {"alg": "none"}):
        hint = forger.signed({"typ": "JWT", **header}, claims)
        answer = logout(scene, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert answer.status_code == 400 and "location" not in answer.headers
    # A token of another kind is no hint either.
    access = flow(scene)["access_token"]
    assert logout(scene, id_token_hint=access).status_code == 400
    assert signed_in(scene)


def test_oidcc_rp_initiated_logout_no_id_token_hint(scene: Scene) -> None:
    flow(scene)
    page = logout(scene, client_id=CLIENT.id, post_logout_redirect_uri=BYE, state="s")
    assert "Sign out?" in page.text and signed_in(scene)
    answer = scene.form(action(page.text), **hidden(page.text), decision="yes")
    assert answer.headers["location"] == f"{BYE}?state=s"
    assert not signed_in(scene)


def test_oidcc_rp_initiated_logout_no_params(scene: Scene) -> None:
    flow(scene)
    page = logout(scene)
    assert "Sign out?" in page.text and signed_in(scene)
    assert "Signed out" in scene.decide(page, "yes").text
    assert not signed_in(scene)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(scene: Scene) -> None:
    answer = logout(scene, id_token_hint=flow(scene)["id_token"], state="s")
    assert answer.status_code == 200 and "Signed out" in answer.text
    assert not signed_in(scene)


def test_oidcc_rp_initiated_logout_no_state(scene: Scene) -> None:
    answer = logout(scene, id_token_hint=flow(scene)["id_token"], post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not signed_in(scene)


def test_oidcc_rp_initiated_logout_only_state(scene: Scene) -> None:
    flow(scene)
    page = logout(scene, state="s")
    assert "Sign out?" in page.text
    assert "Signed out" in scene.decide(page, "yes").text


def test_oidcc_backchannel_logout_discovery_endpoint_verification(scene: Scene) -> None:
    said = scene.get("/.well-known/openid-configuration").json()
    assert said["backchannel_logout_supported"] is True
    assert said["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(scene: Scene, ear: Ear) -> None:
    told = scene.in_loop(scene.server.clients.get, "told")
    token = flow(scene, told)["id_token"]
    session = verified(scene, token, told)
    logout(scene, id_token_hint=token)
    until(lambda: ear.tokens)
    (came,) = ear.tokens
    claims = logged_out(scene, came)
    # Back-Channel Logout 1.0, 2.4
    assert (claims["sub"], claims["sid"]) == (session["sub"], session["sid"])
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in claims and claims["exp"] - claims["iat"] <= 120 and claims["jti"]


def logged_out(scene: Scene, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(scene.get("/oauth/jwks").json())
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "logout+jwt"
    return jwt.decode(token, keys[header["kid"]].key, ["RS256"], audience="told", issuer=ISSUER)
