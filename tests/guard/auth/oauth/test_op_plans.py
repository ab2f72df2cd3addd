"""The modules of the OpenID Foundation's basic plan for providers, re-made from the specifications.

Each test has the name of a module. The suite itself was not run, and nothing here is certified. Every request has PKCE, which
the server asks of every client (RFC 9700, 2.1.1).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest

from buckler.guard.auth.oauth.server.client import CODE, REFRESH, OAuthClient
from tests.guard.auth.oauth.op import CLIENT, OTHER, POST, Ear, flow, info, provider, verified
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import CALLBACK, ISSUER, KEPT, Scene, sent


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


def test_oidcc_server(scene: Scene) -> None:
    tokens = flow(scene, nonce="n-0S6_WzA2Mj")
    claims = verified(scene, tokens["id_token"])
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid")
    assert claims["exp"] - claims["iat"] <= 600 and len(claims["sub"]) <= 255


def test_oidcc_response_type_missing(scene: Scene) -> None:
    found = sent(scene.authorize(CLIENT, response_type=""))
    assert (found["error"], found["state"]) == ("invalid_request", "the-state")


def test_oidcc_idtoken_signature(scene: Scene) -> None:
    token = flow(scene)["id_token"]
    header = jwt.get_unverified_header(token)
    published = [key["kid"] for key in scene.get("/oauth/jwks").json()["keys"]]
    assert published.count(header["kid"]) == 1
    head, body, signature = token.split(".")
    forged = f"{head}.{body}.{signature[:-4]}AAAA"
    with pytest.raises(jwt.InvalidSignatureError):
        verified(scene, forged)


def test_oidcc_idtoken_unsigned(scene: Scene) -> None:
    """Differs: no client gets ID tokens without a signature; the module is for providers that offer them."""
    metadata = scene.get("/.well-known/openid-configuration").json()
    assert "none" not in metadata["id_token_signing_alg_values_supported"]


def test_oidcc_userinfo_get(scene: Scene) -> None:
    tokens = flow(scene)
    assert info(scene, tokens)["sub"] == verified(scene, tokens["id_token"])["sub"]


def test_oidcc_userinfo_post_header(scene: Scene) -> None:
    tokens = flow(scene)
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = scene.browser.post("/oauth/userinfo", headers=header).json()
    assert found["sub"] == verified(scene, tokens["id_token"])["sub"]


def test_oidcc_userinfo_post_body(scene: Scene) -> None:
    """Differs: a token counts in the header alone (RFC 6750, 2.2, is optional for servers of resources)."""
    answer = scene.form("/oauth/userinfo", access_token=flow(scene)["access_token"])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(scene: Scene) -> None:
    assert "nonce" not in verified(scene, flow(scene)["id_token"])


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("profile", {"name", "given_name", "updated_at"}),
        (
            "profile email",
            {"name", "given_name", "updated_at", "preferred_username", "email", "email_verified"},
        ),
        ("email", {"email", "email_verified"}),
        ("address", {"address"}),
        ("phone", {"phone_number", "phone_number_verified"}),
    ],
)
def test_oidcc_scope(scene: Scene, scope: str, names: set[str]) -> None:
    said = info(scene, flow(scene, scope=f"openid {scope}"))
    assert set(said) == {"sub"} | names
    if scope == "address":
        assert isinstance(said["address"], dict)


def test_oidcc_scope_all(scene: Scene) -> None:
    said = info(scene, flow(scene, scope="openid profile email address phone"))
    assert {"name", "email", "address", "phone_number"} <= said.keys()


def test_oidcc_ensure_other_scope_order_succeeds(scene: Scene) -> None:
    tokens = flow(scene, scope="email openid")
    assert set(tokens["scope"].split()) == {"openid", "email"}
    assert "email" in info(scene, tokens) and verified(scene, tokens["id_token"])


def test_oidcc_alternate_happy_flow(scene: Scene) -> None:
    first, second = flow(scene), flow(scene, OTHER)
    one = verified(scene, first["id_token"])
    other = verified(scene, second["id_token"], OTHER)
    assert one["sub"] == other["sub"] and one["aud"] != other["aud"]


@pytest.mark.parametrize("display", ["page", "popup"])
def test_oidcc_display(scene: Scene, display: str) -> None:
    assert verified(scene, flow(scene, display=display)["id_token"])


def test_oidcc_prompt_login(scene: Scene) -> None:
    first = verified(scene, flow(scene)["id_token"])
    page = scene.follow(scene.authorize(CLIENT, prompt="login"))
    assert 'name="password"' in page.text
    second = verified(scene, scene.redeem(sent(scene.sign_in(page))["code"]).json()["id_token"])
    assert second["sub"] == first["sub"] and second["auth_time"] >= first["auth_time"]
    # The session goes on by another cookie: who signs out of it signs out of all clients.
    assert second["sid"] == first["sid"]


def test_oidcc_prompt_none_not_logged_in(scene: Scene) -> None:
    assert sent(scene.authorize(CLIENT, prompt="none"))["error"] == "login_required"


def test_oidcc_prompt_none_logged_in(scene: Scene) -> None:
    first = verified(scene, flow(scene)["id_token"])
    code = sent(scene.authorize(CLIENT, prompt="none"))["code"]
    second = verified(scene, scene.redeem(code, CLIENT).json()["id_token"])
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_oidcc_max_age_1(scene: Scene) -> None:
    flow(scene)
    scene.clock.ahead = 3
    page = scene.follow(scene.authorize(CLIENT, max_age="1"))
    assert 'name="password"' in page.text


def test_oidcc_max_age_10000(scene: Scene) -> None:
    first = verified(scene, flow(scene)["id_token"])
    answer = scene.authorize(CLIENT, max_age="10000")
    second = verified(scene, scene.redeem(sent(answer)["code"], CLIENT).json()["id_token"])
    assert first["auth_time"] == second["auth_time"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(scene: Scene) -> None:
    assert verified(scene, flow(scene, extra="foobar")["id_token"])


def test_oidcc_id_token_hint(scene: Scene) -> None:
    tokens = flow(scene)
    answer = scene.authorize(CLIENT, prompt="none", id_token_hint=tokens["id_token"])
    again = scene.redeem(sent(answer)["code"], CLIENT).json()
    assert verified(scene, again["id_token"])["sub"] == verified(scene, tokens["id_token"])["sub"]


def test_oidcc_login_hint(scene: Scene) -> None:
    page = scene.follow(scene.authorize(CLIENT, login_hint="bob@example.com"))
    assert 'value="bob@example.com"' in page.text


@pytest.mark.parametrize("name", ["ui_locales", "claims_locales"])
def test_oidcc_locales(scene: Scene, name: str) -> None:
    assert verified(scene, flow(scene, **{name: "se"})["id_token"])


def test_oidcc_ensure_request_with_acr_values_succeeds(scene: Scene) -> None:
    acr = scene.get("/.well-known/openid-configuration").json()["acr_values_supported"][-1]
    assert verified(scene, flow(scene, acr_values=f"{acr} 1 2")["id_token"])["acr"] == acr


def test_oidcc_codereuse(scene: Scene) -> None:
    code = scene.code(CLIENT)
    assert scene.redeem(code, CLIENT).status_code == 200
    again = scene.redeem(code, CLIENT)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_oidcc_codereuse_30seconds(scene: Scene) -> None:
    code = scene.code(CLIENT)
    tokens = scene.redeem(code, CLIENT).json()
    scene.clock.ahead = 30
    assert scene.redeem(code, CLIENT).json()["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(scene: Scene) -> None:
    answer = scene.authorize(CLIENT, redirect_uri=f"{CALLBACK}/other")
    assert answer.status_code == 400 and "location" not in answer.headers


def test_oidcc_ensure_post_request_succeeds(scene: Scene) -> None:
    asked = dict(parse_qsl(scene.authorize(CLIENT).request.url.query.decode()))
    answer = scene.follow(scene.form("/oauth/authorize", **asked))
    answer = scene.sign_in(answer)
    code = sent(scene.decide(answer) if 'name="decision"' in answer.text else answer)["code"]
    assert verified(scene, scene.redeem(code, CLIENT).json()["id_token"])


def test_oidcc_server_client_secret_post(scene: Scene) -> None:
    code = scene.code(POST)
    answer = scene.form(
        "/oauth/token",
        client_id="post",
        client_secret=KEPT,
        grant_type=CODE,
        code=code,
        redirect_uri=CALLBACK,
        code_verifier=scene.verifier,
    )
    assert verified(scene, answer.json()["id_token"], POST)


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    scene: Scene, ear: Ear
) -> None:
    """Differs: never fetched, whatever it says (RFC 9700, 4.11; CWE-918)."""
    found = sent(scene.authorize(CLIENT, request_uri=f"{ear.url}/request"))
    assert (found["error"], found["state"]) == ("request_uri_not_supported", "the-state")
    assert "/request" not in ear.asked


def unsigned(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    scene: Scene,
) -> None:
    """Differs: refused; requests are pushed instead (RFC 9126)."""
    found = sent(scene.authorize(CLIENT, request=unsigned(nonce="n")))
    assert (found["error"], found["state"]) == ("request_not_supported", "the-state")


def test_oidcc_ensure_request_object_with_redirect_uri(scene: Scene) -> None:
    """Differs: request objects are refused, with an answer to the registered address alone."""
    inside = unsigned(redirect_uri=CALLBACK)
    assert sent(scene.authorize(CLIENT, request=inside))["error"] == "request_not_supported"
    outside = scene.authorize(CLIENT, request=inside, redirect_uri=f"{CALLBACK}/other")
    assert outside.status_code == 400 and "location" not in outside.headers


def test_oidcc_claims_essential(scene: Scene) -> None:
    tokens = flow(scene, claims='{"userinfo": {"name": {"essential": true}}}', prompt="consent")
    assert info(scene, tokens)["name"] == "Ann Smith"


def test_oidcc_refresh_token(scene: Scene) -> None:
    tokens = flow(scene, scope="openid offline_access", prompt="consent")
    first = verified(scene, tokens["id_token"])
    again = scene.token(CLIENT, grant_type=REFRESH, refresh_token=tokens["refresh_token"]).json()
    second = verified(scene, again["id_token"])
    assert {k: first[k] for k in ("iss", "sub", "aud", "auth_time")} == {
        k: second[k] for k in ("iss", "sub", "aud", "auth_time")
    }
    assert second["iat"] >= first["iat"]
    stolen = scene.token(OTHER, grant_type=REFRESH, refresh_token=again["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"


def test_oidcc_refresh_token_rp_key_rotation(scene: Scene, ear: Ear) -> None:
    """Of a client that shows who it is by a key, and has another one at its second use."""
    first, second = Maker("RS256"), Maker("RS256")
    keyed = OAuthClient(
        id="keyed",
        redirect_uris=[CALLBACK],
        auth="private_key_jwt",
        jwks_uri=f"{ear.url}/jwks",
    )
    ear.jwks = {"keys": [{**first.jwk, "kid": "1", "alg": "RS256"}]}
    scene.in_loop(scene.server.clients.add, keyed)

    def asked(maker: Maker, kid: str, **form: str) -> Any:
        now = int(scene.clock())
        assertion = maker.signed(
            {"alg": "RS256", "kid": kid, "typ": "JWT"},
            {
                "iss": "keyed",
                "sub": "keyed",
                "aud": ISSUER,
                "jti": secrets.token_hex(8),
                "iat": now,
                "exp": now + 60,
            },
        )
        return scene.form(
            "/oauth/token",
            client_assertion=assertion,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            **form,
        )

    code = scene.code(keyed)
    tokens = asked(
        first,
        "1",
        grant_type=CODE,
        code=code,
        redirect_uri=CALLBACK,
        code_verifier=scene.verifier,
    ).json()
    refresh = {"grant_type": REFRESH, "refresh_token": tokens["refresh_token"]}
    assert asked(second, "2", **refresh).json()["error"] == "invalid_client"
    ear.jwks = {"keys": [{**second.jwk, "kid": "2", "alg": "RS256"}]}
    scene.clock.ahead += 31  # the server asks no more often than that
    assert asked(second, "2", **refresh).status_code == 200


def test_oidcc_ensure_request_with_valid_pkce_succeeds(scene: Scene) -> None:
    code = scene.code(CLIENT)
    wrong = scene.redeem(code, CLIENT, code_verifier="x" * 43)
    assert wrong.json()["error"] == "invalid_grant"
    assert verified(scene, scene.redeem(code, CLIENT).json()["id_token"])


def test_oidcc_discovery_endpoint_verification(scene: Scene) -> None:
    answer = scene.get("/.well-known/openid-configuration")
    said = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert said["issuer"] == ISSUER
    needed = {
        *("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"),
        *("response_types_supported", "subject_types_supported", "scopes_supported"),
        *("id_token_signing_alg_values_supported", "claims_supported"),
    }
    assert needed <= said.keys()
    assert all(said[name].startswith("https://") for name in said if name.endswith("_endpoint"))
    assert said["response_types_supported"] == ["code"]
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert {"openid", "address", "phone"} <= set(said["scopes_supported"])
    assert (said["request_parameter_supported"], said["request_uri_parameter_supported"]) == (
        False,
        False,
    )
    for key in scene.get("/oauth/jwks").json()["keys"]:
        assert key["use"] == "sig" and {"d", "p", "q", "k"}.isdisjoint(key)


def test_oidcc_server_rotate_keys(scene: Scene) -> None:
    before = {key["kid"] for key in scene.get("/oauth/jwks").json()["keys"]}
    code = scene.code(CLIENT)
    at = scene.in_loop(scene.server.keys.rotate)
    # The new ones are published before they sign.
    assert before < {key["kid"] for key in scene.get("/oauth/jwks").json()["keys"]}
    scene.clock.ahead += at - scene.clock()
    # In the middle of a flow: the code counts, and what comes of it is signed by the new key.
    tokens = scene.redeem(code, CLIENT).json()
    assert verified(scene, tokens["id_token"], ahead=10) and info(scene, tokens)
    after = {key["kid"] for key in scene.get("/oauth/jwks").json()["keys"]}
    scene.clock.ahead = 0.0
    assert after and before.isdisjoint(after)
