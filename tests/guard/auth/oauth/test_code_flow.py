"""The authorization code flow, from the request to the claims."""

from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest

from buckler.guard import EventKind
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    ISSUER,
    SPA,
    WEB,
    Scene,
    opened,
    sent,
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as found:
        found.account()
        yield found


def test_from_the_request_to_the_claims(scene: Scene) -> None:
    page = scene.follow(scene.authorize(scope="openid email", nonce="n-1"))
    assert page.status_code == 200 and "Web shop" in page.text
    page = scene.sign_in(page)
    assert "See your e-mail address" in page.text
    answer = scene.decide(page)
    assert answer.headers["location"].startswith(CALLBACK + "?")
    found = sent(answer)
    assert (found["state"], found["iss"]) == ("the-state", ISSUER)
    tokens = scene.redeem(found["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.headers["cache-control"] == "no-store"
    said = tokens.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == (
        "Bearer",
        600,
        "openid email",
    )
    keys = jwt.PyJWKSet.from_dict(scene.get("/oauth/jwks").json())
    header = jwt.get_unverified_header(said["id_token"])
    claims = jwt.decode(
        said["id_token"],
        keys[header["kid"]].key,
        algorithms=["RS256"],
        audience="web",
        issuer=ISSUER,
    )
    assert (claims["nonce"], claims["amr"], claims["acr"]) == ("n-1", ["pwd"], "pwd")
    access = jwt.get_unverified_header(said["access_token"])
    assert (access["typ"], access["alg"]) == ("at+jwt", "ES256")
    info = scene.browser.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {said['access_token']}"}
    )
    assert info.json() == {
        "sub": claims["sub"],
        "email": "ann@mail.example",
        "email_verified": True,
    }
    assert scene.reasons(EventKind.CONSENT_GIVEN) == ["code"]


def test_who_agreed_once_is_not_asked_again(scene: Scene) -> None:
    scene.code()
    assert "code" in sent(scene.authorize())
    assert "code" in sent(scene.authorize(prompt="none"))
    more = scene.follow(scene.authorize(scope="openid orders:read"))
    assert "See your orders" in more.text
    assert sent(scene.authorize(scope="openid orders:read", prompt="none"))["error"] == (
        "consent_required"
    )


def test_a_code_counts_once_and_ends_what_came_of_it(scene: Scene) -> None:
    code = scene.code(scope="openid offline_access")
    first = scene.redeem(code).json()
    again = scene.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    refreshed = scene.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    asked = scene.browser.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {first['access_token']}"}
    )
    assert asked.status_code == 401
    assert scene.reasons(EventKind.TOKEN_REUSED) == ["code"]


def test_a_refresh_token_changes_at_every_use(scene: Scene) -> None:
    first = scene.redeem(scene.code()).json()
    second = scene.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    # An answer may be lost: the first one counts until its successor is used.
    third = scene.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    fourth = scene.token(grant_type="refresh_token", refresh_token=third["refresh_token"]).json()
    stolen = scene.token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"
    ended = scene.token(grant_type="refresh_token", refresh_token=fourth["refresh_token"])
    assert ended.json()["error"] == "invalid_grant"
    assert scene.reasons(EventKind.TOKEN_REUSED) == ["refresh_token"]


def test_a_public_client_shows_its_verifier_alone(scene: Scene) -> None:
    code = scene.code(SPA)
    assert scene.redeem(code, SPA, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    said = scene.redeem(code, SPA).json()
    assert said["token_type"] == "Bearer"


def test_a_client_for_itself(scene: Scene) -> None:
    said = scene.token(WEB, grant_type="client_credentials", scope="orders:read").json()
    assert "refresh_token" not in said and "id_token" not in said
    claims = jwt.decode(said["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("web", "web", ISSUER)
    refused = scene.token(WEB, grant_type="client_credentials", scope="openid")
    assert refused.json()["error"] == "invalid_scope"
