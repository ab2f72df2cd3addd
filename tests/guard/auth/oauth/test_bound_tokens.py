"""Codes and refresh tokens that are bound to a key or a certificate, used by somebody else (RFC 9449, 5 and 10; RFC 8705)."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from buckler.guard import CertificateHeader
from buckler.guard.auth.oauth.server.client import CODE, DEVICE, REFRESH, OAuthClient
from tests.guard.auth.oauth.certificates import certificate
from tests.guard.auth.oauth.proofs import Maker, ath
from tests.guard.auth.oauth.scene import ISSUER, POLICY, SPA, WEB, Scene, hidden, opened

TOKEN = f"{ISSUER}/oauth/token"
OWNER, THIEF = Maker(), Maker()
BOUND = replace(SPA, id="bound", redirect_uris=["https://bound.example/"], require_dpop=True)
CERTIFIED = replace(
    SPA, id="certified", redirect_uris=["https://cert.example/"], bound_to_certificate=True
)
TELEVISION = OAuthClient(id="tv", grants=[DEVICE, REFRESH], scopes=["openid"])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    header = CertificateHeader("x-cert", "haproxy", ["unix"])
    policy = replace(POLICY, certificate_header=header)
    with opened(WEB, SPA, BOUND, CERTIFIED, TELEVISION, policy=policy) as found:
        found.account()
        yield found


def proof(maker: Maker, method: str = "POST", url: str = TOKEN, **more: Any) -> dict[str, str]:
    claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_hex(8)}
    return {"DPoP": maker.proof(**claims, **more)}


def redeem(
    scene: Scene, client: OAuthClient, code: str, headers: dict[str, str] | None = None
) -> Any:
    return scene.form(
        "/oauth/token",
        headers=headers,
        client_id=client.id,
        grant_type=CODE,
        code=code,
        redirect_uri=client.redirect_uris[0],
        code_verifier=scene.verifier,
    )


def refresh(
    scene: Scene, client: OAuthClient, token: str, headers: dict[str, str] | None = None
) -> Any:
    return scene.form(
        "/oauth/token",
        headers=headers,
        client_id=client.id,
        grant_type=REFRESH,
        refresh_token=token,
    )


def test_a_code_that_is_bound_to_a_key(scene: Scene) -> None:
    code = scene.code(SPA, dpop_jkt=OWNER.thumbprint)
    assert redeem(scene, SPA, code).json()["error"] == "invalid_grant"
    assert redeem(scene, SPA, code, proof(THIEF)).json()["error"] == "invalid_grant"
    assert redeem(scene, SPA, code, proof(OWNER)).json()["token_type"] == "DPoP"


def test_a_refresh_token_of_a_public_client_is_bound_to_the_key_of_its_proof(scene: Scene) -> None:
    # RFC 9449, 5: though the authorization request said nothing of a key.
    first = redeem(scene, SPA, scene.code(SPA), proof(OWNER)).json()
    token = first["refresh_token"]
    for headers in (None, proof(THIEF)):
        assert refresh(scene, SPA, token, headers).json()["error"] == "invalid_grant"
    # Who cuts the key off, or writes their own, has another token.
    bare, _, _ = token.partition(".")
    for other in (bare, f"{bare}.jkt.{THIEF.thumbprint}", f"{bare}.", f"{bare}.jkt."):
        answer = refresh(scene, SPA, other, proof(THIEF))
        assert answer.json()["error"] == "invalid_grant"
    second = refresh(scene, SPA, token, proof(OWNER)).json()
    assert second["token_type"] == "DPoP"
    stolen = refresh(scene, SPA, second["refresh_token"], proof(THIEF))
    assert stolen.json()["error"] == "invalid_grant"
    assert refresh(scene, SPA, second["refresh_token"], proof(OWNER)).status_code == 200


def test_a_confidential_client_is_bound_by_who_it_is(scene: Scene) -> None:
    # RFC 9449, 5: it shows who it is at each use, so that its key may change.
    code = scene.code(WEB)
    first = scene.form(
        "/oauth/token",
        headers={**proof(OWNER), **_basic()},
        grant_type=CODE,
        code=code,
        redirect_uri=WEB.redirect_uris[0],
        code_verifier=scene.verifier,
    ).json()
    again = scene.form(
        "/oauth/token",
        headers={**proof(THIEF), **_basic()},
        grant_type=REFRESH,
        refresh_token=first["refresh_token"],
    )
    assert again.json()["token_type"] == "DPoP"


def _basic() -> dict[str, str]:
    from tests.guard.auth.oauth.scene import basic

    return basic(WEB)


def test_a_client_that_has_to_bind_its_tokens_gets_no_others(scene: Scene) -> None:
    code = scene.code(BOUND)
    assert redeem(scene, BOUND, code).json()["error"] == "invalid_dpop_proof"
    wrong = [
        proof(OWNER, method="GET"),
        proof(OWNER, url=f"{ISSUER}/oauth/par"),
        {"DPoP": OWNER.proof(htm="POST", htu=TOKEN, iat=int(time.time()) - 3_600)},
        {"DPoP": OWNER.proof(htm="POST", htu=TOKEN, iat=int(time.time()) + 3_600)},
        {"DPoP": "a.b.c"},
    ]
    for headers in wrong:
        assert redeem(scene, BOUND, code, headers).json()["error"] == "invalid_dpop_proof"
    once = proof(OWNER)
    tokens = redeem(scene, BOUND, code, once).json()
    assert tokens["token_type"] == "DPoP"
    replayed = refresh(scene, BOUND, tokens["refresh_token"], once)
    assert replayed.json()["error"] == "invalid_dpop_proof"


def test_a_bound_token_at_the_userinfo_endpoint(scene: Scene) -> None:
    token = redeem(scene, BOUND, scene.code(BOUND), proof(OWNER)).json()["access_token"]
    url = f"{ISSUER}/oauth/userinfo"

    def asked(scheme: str, headers: dict[str, str]) -> int:
        whole = {"Authorization": f"{scheme} {token}", **headers}
        return scene.browser.get("/oauth/userinfo", headers=whole).status_code

    assert asked("Bearer", {}) == 401
    assert asked("Bearer", proof(OWNER, "GET", url, ath=ath(token))) == 401
    assert asked("DPoP", {}) == 401
    assert asked("DPoP", proof(THIEF, "GET", url, ath=ath(token))) == 401
    assert asked("DPoP", proof(OWNER, "GET", url)) == 401
    assert asked("DPoP", proof(OWNER, "GET", url, ath=ath(token))) == 200


def test_tokens_that_are_bound_to_a_certificate(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def header(subject: str) -> dict[str, str]:
        raw = certificate(subject).public_bytes(Encoding.DER)
        return {"X-Cert": base64.b64encode(raw).decode()}

    # The test's connection has no address, as one over a Unix socket has none.
    transport: Any = scene.browser._transport
    monkeypatch.setattr(transport, "client", None)
    owner, thief = header("CN=owner"), header("CN=thief")
    code = scene.code(CERTIFIED)
    assert redeem(scene, CERTIFIED, code).json()["error"] == "invalid_client"
    tokens = redeem(scene, CERTIFIED, code, owner).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

    def info(certified: dict[str, str]) -> int:
        return scene.browser.get("/oauth/userinfo", headers={**bearer, **certified}).status_code

    assert [info({}), info(thief), info(owner)] == [401, 401, 200]
    # RFC 8705, 7.1: so are the refresh tokens of a public client.
    for headers, error in ((None, "invalid_client"), (thief, "invalid_grant")):
        refused = refresh(scene, CERTIFIED, tokens["refresh_token"], headers)
        assert refused.json()["error"] == error
    assert refresh(scene, CERTIFIED, tokens["refresh_token"], owner).status_code == 200


def test_a_device_code_is_bound_to_the_key_that_asked_for_it(scene: Scene) -> None:
    url = f"{ISSUER}/oauth/device_authorization"
    asked = scene.form(
        "/oauth/device_authorization",
        headers=proof(OWNER, url=url),
        client_id="tv",
        scope="openid",
    ).json()
    scene.code(SPA)  # signs in
    page = scene.get("/oauth/device", user_code=asked["user_code"])
    scene.form("/oauth/device", **hidden(page.text), decision="allow")

    def polled(headers: dict[str, str] | None) -> Any:
        scene.clock.ahead += 30
        if headers is not None:
            maker = OWNER if headers == {} else THIEF
            claims = {"htm": "POST", "htu": TOKEN, "iat": int(scene.clock())}
            headers = {"DPoP": maker.proof(**claims, jti=secrets.token_hex(8))}
        return scene.form(
            "/oauth/token",
            headers=headers,
            client_id="tv",
            grant_type=DEVICE,
            device_code=asked["device_code"],
        ).json()

    try:
        assert polled(None)["error"] == "invalid_grant"
        assert polled({"thief": ""})["error"] == "invalid_grant"
        assert polled({})["token_type"] == "DPoP"
    finally:
        scene.clock.ahead = 0.0
