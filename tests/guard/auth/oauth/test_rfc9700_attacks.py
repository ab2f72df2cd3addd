"""RFC 9700 (Best Current Practice for OAuth 2.0 Security), section 4: attacks, and what the server does about them.

Each test has the number of its section, and runs on the default configuration. Where other files of this folder have the
depth of it, the test here is the section's own sentence, and names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from buckler.guard import GuardError
from buckler.guard.auth.oauth import redirect_uri
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.policy import OAuthPolicy
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    ISSUER,
    NAME,
    SPA,
    WEB,
    Scene,
    action,
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


def test_4_1_3_redirect_uris_are_whole(scene: Scene) -> None:
    """MUST: no wildcard is registered."""
    for uri in ("https://*.example/cb", "https://app.example:*/cb", "https://a*.example/"):
        with pytest.raises(GuardError):
            redirect_uri.check(uri, native=False)


def test_4_1_3_a_code_is_redeemed_with_its_address(scene: Scene) -> None:
    code = scene.code()
    wrong = scene.redeem(code, redirect_uri="https://other.example/cb")
    assert wrong.json()["error"] == "invalid_grant"


def test_4_2_4_nothing_of_an_address_goes_on_by_referrer(scene: Scene) -> None:
    """SHOULD: Referrer-Policy, and no other site's parts on a page."""
    scene.browser.cookies.clear()
    answer = scene.authorize()
    page = scene.follow(answer)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "src=" not in page.text and 'href="http' not in page.text


def test_4_2_4_a_code_counts_once_and_ends_what_came_of_it(scene: Scene) -> None:
    """SHOULD; races: test_code_races.py."""
    code = scene.code()
    tokens = scene.redeem(code).json()
    assert scene.redeem(code).json()["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401


def test_4_2_4_form_post_keeps_answers_out_of_addresses(scene: Scene) -> None:
    scene.code()
    posted = scene.authorize(response_mode="form_post")
    assert posted.status_code == 200 and hidden(posted.text)["code"]


def test_4_3_2_no_token_in_an_address(scene: Scene) -> None:
    """MUST NOT: RFC 6750, 2.3, is not taken; parameters of forms neither."""
    token = scene.redeem(scene.code()).json()["access_token"]
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        refused = scene.browser.get(f"/oauth/userinfo?access_token={token}", headers=headers)
        assert refused.status_code == 400
        assert 'error="invalid_request"' in refused.headers["www-authenticate"]
    answer = scene.browser.post("/oauth/introspect?token=x", headers=basic(WEB), data={"a": "b"})
    assert answer.json()["error"] == "invalid_request"


def test_4_5_a_code_is_for_its_client_alone(scene: Scene) -> None:
    """MUST, RFC 6749, 4.1.3."""
    code = scene.code()
    answer = scene.redeem(code, OTHER, redirect_uri=CALLBACK)
    assert answer.json()["error"] == "invalid_grant"


def test_4_9_a_token_that_was_stolen_at_a_server_of_resources_is_worth_less(scene: Scene) -> None:
    """SHOULD, 4.9.2 and 4.10: minutes, one audience, and revocation that counts at once."""
    tokens = scene.redeem(scene.code()).json()
    assert tokens["expires_in"] <= 600
    ended = scene.form("/oauth/revoke", headers=basic(WEB), token=tokens["access_token"])
    assert ended.status_code == 200
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401


def test_4_11_2_an_unknown_client_or_address_sends_nobody_anywhere(scene: Scene) -> None:
    """MUST; of clients that registered themselves: test_registration.py."""
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}):
        answer = scene.authorize(**wrong)
        assert answer.status_code == 400 and "location" not in answer.headers


def test_4_11_2_after_signing_out_nobody_is_sent_anywhere_unregistered(scene: Scene) -> None:
    answer = scene.get("/oauth/logout", client_id="bye", post_logout_redirect_uri=CALLBACK)
    assert answer.status_code == 400 and "location" not in answer.headers


def test_4_12_redirects_after_forms_are_303(scene: Scene) -> None:
    """MUST NOT be 307: the password would go along."""
    scene.browser.cookies.clear()
    first = scene.authorize()
    page = scene.follow(first)
    entered = scene.form(action(page.text), **hidden(page.text), name=NAME, password=GOOD)
    consent = scene.follow(scene.browser.get(entered.headers["location"], follow_redirects=False))
    found = [first.status_code, entered.status_code]
    if consent.status_code == 200:
        consent = scene.form(action(consent.text), **hidden(consent.text), decision="allow")
    assert [*found, consent.status_code] == [303, 303, 303]
    assert GOOD not in str(consent.headers)


def test_4_13_headers_of_certificates_count_from_a_stated_proxy_alone(scene: Scene) -> None:
    """MUST; depth: test_certificate.py."""
    by_tls = replace(
        OTHER,
        id="tls",
        auth="tls_client_auth",
        secret=(),
        certificate=("san_dns", "tls.example"),
        grants=["client_credentials"],
    )
    scene.in_loop(scene.server.clients.add, by_tls)
    names = ("X-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert", "SSL_CLIENT_CERT")
    for name in names:
        answer = scene.form(
            "/oauth/token", headers={name: "x"}, grant_type="client_credentials", client_id="tls"
        )
        assert answer.json()["error"] == "invalid_client"


def test_4_14_2_a_refresh_token_that_comes_again_ends_all(scene: Scene) -> None:
    """MUST."""
    first = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]

    def used(token: str) -> Any:
        return scene.token(SPA, grant_type="refresh_token", refresh_token=token).json()

    second = used(first)["refresh_token"]
    third = used(second)["refresh_token"]
    assert used(first)["error"] == "invalid_grant"
    assert used(third)["error"] == "invalid_grant"


def test_4_14_2_refresh_tokens_end() -> None:
    """SHOULD: unused after days, all of a grant after months."""
    with opened(SPA) as scene:
        scene.account()
        token = scene.redeem(scene.code(SPA), SPA).json()["refresh_token"]
        scene.clock.ahead = 14 * 86_400 + 1
        answer = scene.token(SPA, grant_type="refresh_token", refresh_token=token)
        assert answer.json()["error"] == "invalid_grant"
    policy = OAuthPolicy()
    assert policy.refresh_idle <= 14 * 86_400 and policy.refresh_absolute <= 90 * 86_400


def test_4_14_2_a_refresh_token_has_no_more_scope_or_resource(scene: Scene) -> None:
    """MUST, RFC 6749, 6."""
    api = "https://api.example/orders"
    token = scene.redeem(scene.code(resource=api), resource=api).json()["refresh_token"]
    for more in ({"scope": "openid email"}, {"resource": "https://api.example/other"}):
        answer = scene.token(grant_type="refresh_token", refresh_token=token, **more)
        assert answer.json()["error"] in ("invalid_scope", "invalid_target")


def test_4_15_1_a_client_is_not_taken_for_an_account(scene: Scene) -> None:
    said = claims(scene.token(grant_type="client_credentials").json()["access_token"])
    assert "sid" not in said and "auth_time" not in said and "amr" not in said


def test_4_16_no_page_is_shown_in_a_frame(scene: Scene) -> None:
    """MUST: by CSP, and X-Frame-Options for older browsers; every page: test_agreements.py."""
    scene.browser.cookies.clear()
    page = scene.follow(scene.authorize())
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


def test_4_17_no_answer_by_messages_between_windows(scene: Scene) -> None:
    """MUST NOT to origins that are not known: ``web_message`` is not offered."""
    assert sent(scene.authorize(response_mode="web_message"))["error"] == "invalid_request"
    said = scene.get("/.well-known/openid-configuration").json()["response_modes_supported"]
    assert said == ["query", "fragment", "form_post"]
    assert urlsplit(ISSUER).scheme == "https"
