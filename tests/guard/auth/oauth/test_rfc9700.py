"""RFC 9700 (Best Current Practice for OAuth 2.0 Security), section 2: what it asks of an authorization server.

Each test has the number of its section, and runs on the default configuration. Where other files of this folder have the
depth of it, the test here is the section's own sentence, and names the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest

from buckler.guard import GuardError
from buckler.guard.auth.oauth import redirect_uri
from buckler.guard.auth.oauth.server.client import IMPLICIT, METHODS, PASSWORD, OAuthClient
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    ISSUER,
    KEPT,
    NAME,
    SPA,
    WEB,
    Scene,
    basic,
    hidden,
    opened,
    sent,
)
from tests.guard.auth.shop import GOOD

OTHER = replace(WEB, id="other", redirect_uris=["https://other.example/cb"])
NATIVE = OAuthClient(id="native", native=True, redirect_uris=["http://127.0.0.1/cb"])
BYE = replace(SPA, id="bye", post_logout_redirect_uris=["https://bye.example/"])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, OTHER, NATIVE, BYE) as found:
        found.account()
        yield found


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


# 2.1 Protecting redirect-based flows


def test_2_1_redirect_uris_are_compared_exactly(scene: Scene) -> None:
    """MUST; further differences: test_bad_requests.py."""
    for uri in (f"{CALLBACK}/", f"{CALLBACK}?x", CALLBACK.upper(), f"{CALLBACK}/../callback"):
        assert scene.authorize(redirect_uri=uri).status_code == 400


def test_2_1_but_for_the_port_of_a_loopback_address_of_a_native_application(scene: Scene) -> None:
    """MUST, RFC 8252, 7.3."""
    scene.browser.cookies.clear()
    for uri in ("http://127.0.0.1:1234/cb", "http://127.0.0.1/cb"):
        assert scene.authorize(NATIVE, redirect_uri=uri).status_code == 303
    for uri in ("http://127.0.0.1:1234/other", "http://localhost:1234/cb", "http://127.0.0.2/cb"):
        assert scene.authorize(NATIVE, redirect_uri=uri).status_code == 400


def test_2_1_no_open_redirector(scene: Scene) -> None:
    """MUST NOT, 4.11."""
    for path in ("authorize", "logout", "continue", "device"):
        for name in ("redirect_uri", "post_logout_redirect_uri", "next", "url", "request"):
            answer = scene.get(f"/oauth/{path}", **{name: "https://evil.example/"})
            assert "evil.example" not in answer.headers.get("location", "")


def test_2_1_cross_site_request_forgery_is_kept_out_by_pkce(scene: Scene) -> None:
    """MUST, 4.7: a code that is slipped to somebody does not go with the verifier of their own request."""
    stolen = scene.code()
    scene.authorize()  # the victim's own request, with another verifier
    assert scene.redeem(stolen).json()["error"] == "invalid_grant"


def test_2_1_an_answer_names_its_issuer(scene: Scene) -> None:
    """SHOULD, 4.4.2.1, RFC 9207; errors too."""
    scene.code()
    assert sent(scene.authorize())["iss"] == ISSUER
    assert sent(scene.authorize(scope="x"))["iss"] == ISSUER
    posted = scene.authorize(response_mode="form_post")
    assert hidden(posted.text)["iss"] == ISSUER
    said = scene.get("/.well-known/oauth-authorization-server").json()
    assert said["authorization_response_iss_parameter_supported"] is True


# 2.1.1 Authorization code grant


@pytest.mark.parametrize("client", [WEB, SPA, NATIVE], ids=["web", "spa", "native"])
def test_2_1_1_every_client_uses_pkce(scene: Scene, client: OAuthClient) -> None:
    """MUST for public clients, RECOMMENDED for others; here of all."""
    assert sent(scene.authorize(client, code_challenge=""))["error"] == "invalid_request"


def test_2_1_1_no_challenge_that_shows_the_verifier(scene: Scene) -> None:
    """SHOULD: S256; ``plain`` is not taken."""
    for method in ("plain", "", "s256", "S512"):
        found = sent(scene.authorize(code_challenge_method=method))
        assert found["error"] == "invalid_request"


def test_2_1_1_the_verifier_is_asked_for_wherever_there_was_a_challenge(scene: Scene) -> None:
    """MUST."""
    code = scene.code()
    assert scene.redeem(code, code_verifier="").json()["error"] == "invalid_grant"
    assert scene.redeem(code).status_code == 200


def test_2_1_1_a_way_to_see_that_pkce_is_supported(scene: Scene) -> None:
    """MUST: ``code_challenge_methods_supported``."""
    said = scene.get("/.well-known/oauth-authorization-server").json()
    assert said["code_challenge_methods_supported"] == ["S256"]


def test_2_1_1_a_verifier_without_a_challenge_cannot_come_about(scene: Scene) -> None:
    """MUST, 4.8.2: no code is issued without one, so that no verifier is left over."""
    for drop in ("code_challenge", "code_challenge_method"):
        assert "code" not in sent(scene.authorize(**{drop: ""}))
    pushed = scene.form(
        "/oauth/par", headers=basic(WEB), response_type="code", redirect_uri=CALLBACK
    )
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")


# 2.1.2 Implicit grant, 2.4 resource owner password credentials grant


def test_2_1_2_no_token_in_an_answer_of_the_authorization_endpoint(scene: Scene) -> None:
    """SHOULD NOT; on for one client, with a warning: test_forbidden_grants.py."""
    for kind in ("token", "id_token token", "code token", "code id_token token"):
        found = sent(scene.authorize(response_type=kind, nonce="n"))
        assert found["error"] in ("unauthorized_client", "unsupported_response_type")
        assert not {"access_token", "code"} & found.keys()
    assert scene.get("/.well-known/openid-configuration").json()["response_types_supported"] == [
        "code"
    ]


def test_2_4_no_password_grant(scene: Scene) -> None:
    """MUST NOT."""
    answer = scene.token(grant_type="password", username=NAME, password=GOOD)
    assert answer.json()["error"] == "unauthorized_client"
    said = scene.get("/.well-known/openid-configuration").json()["grant_types_supported"]
    assert PASSWORD not in said and IMPLICIT not in said


# 2.2 Token replay prevention


def test_2_2_1_access_tokens_can_be_bound_to_their_sender(scene: Scene) -> None:
    """SHOULD: DPoP and certificates; depth: test_bound_tokens.py, test_dpop.py, test_certificate.py."""
    said = scene.get("/.well-known/oauth-authorization-server").json()
    assert "ES256" in said["dpop_signing_alg_values_supported"]
    assert said["tls_client_certificate_bound_access_tokens"] is True
    bound = replace(SPA, id="x", require_dpop=True)
    scene.in_loop(scene.server.clients.add, bound)
    code = scene.code(bound)
    assert scene.redeem(code, bound).json()["error"] == "invalid_dpop_proof"


def test_2_2_2_refresh_tokens_of_public_clients_are_rotated(scene: Scene) -> None:
    """MUST: rotated, and bound where the client has a key."""
    first = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]
    second = scene.token(SPA, grant_type="refresh_token", refresh_token=first).json()
    assert second["refresh_token"] != first


# 2.3 Access token privilege restriction


def test_2_3_tokens_are_for_named_servers_and_least_scopes(scene: Scene) -> None:
    """SHOULD."""
    api = "https://api.example/orders"
    code = scene.code(scope="openid orders:read orders:write", resource=api)
    narrow = scene.redeem(code, resource=api).json()
    said = claims(narrow["access_token"])
    assert (said["aud"], said["scope"]) == (api, "orders:read")
    header = {"Authorization": f"Bearer {narrow['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401
    less = scene.token(
        grant_type="refresh_token", refresh_token=narrow["refresh_token"], scope="orders:read"
    ).json()
    assert less["scope"] == "orders:read"
    plain = scene.redeem(scene.code()).json()
    assert claims(plain["access_token"])["aud"] == ISSUER


# 2.5 Client authentication


def test_2_5_clients_can_show_who_they_are_by_keys(scene: Scene) -> None:
    """SHOULD: asymmetric; depth: test_client_assertion.py, test_certificate.py."""
    said = scene.get("/.well-known/oauth-authorization-server").json()
    offered = set(said["token_endpoint_auth_methods_supported"])
    assert {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} <= offered
    assert offered == set(METHODS)


def test_2_5_a_secret_is_kept_as_a_digest() -> None:
    """What is not there cannot be read (4.2.4)."""
    assert KEPT not in repr(WEB) and KEPT not in str(WEB.data())
    assert WEB.secret == ("sha256:" + hashlib.sha256(KEPT.encode()).hexdigest(),)


# 2.6 Other recommendations


def test_2_6_metadata_are_published(scene: Scene) -> None:
    """RECOMMENDED: RFC 8414."""
    for name in ("oauth-authorization-server", "openid-configuration"):
        assert scene.get(f"/.well-known/{name}").json()["issuer"] == ISSUER


def test_2_6_clients_do_not_choose_who_they_are(scene: Scene) -> None:
    """SHOULD NOT, 4.15: a client is no account, and what registers itself is given its name."""
    user = scene.in_loop(scene.guard.identities.stores.users.by_name, NAME)
    said = claims(scene.token(grant_type="client_credentials").json()["access_token"])
    assert said["sub"] == said["client_id"] == "web" != user.id
    header = {
        "Authorization": f"Bearer {scene.token(grant_type='client_credentials').json()['access_token']}"
    }
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401


def test_2_6_answers_do_not_go_over_connections_without_tls() -> None:
    """MUST NOT: no redirect address by http, but of the machine itself."""
    for uri in ("http://app.example/cb", "http://10.0.0.1/cb", "ftp://app.example/cb"):
        with pytest.raises(GuardError):
            redirect_uri.check(uri, native=True)
    with pytest.raises(GuardError):
        redirect_uri.check("http://192.168.0.1/", native=False)


def test_2_6_scripts_of_other_sites_do_not_call_the_authorization_endpoint(scene: Scene) -> None:
    """MUST NOT: no CORS there; at the token endpoint it may be."""
    origin = {"Origin": "https://spa.example"}
    shown = scene.browser.get("/oauth/authorize", headers=origin, follow_redirects=False)
    assert "access-control-allow-origin" not in shown.headers
    answer = scene.browser.post("/oauth/token", headers=origin, data={"grant_type": "x"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
