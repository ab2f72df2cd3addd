"""What comes to the endpoints and must not get through, on the default configuration (RFC 6749, RFC 9700, RFC 9126)."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard import EventKind
from tests.guard.auth.oauth.scene import (
    CALLBACK,
    ISSUER,
    KEPT,
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

OTHER = replace(WEB, id="other", redirect_uris=["https://other.example/cb"])


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, OTHER) as found:
        found.account()
        yield found


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback/",
        "https://app.example/Callback",
        "https://app.example/callbac",
        "https://app.example/callback?x=1",
        "https://app.example/callback#fragment",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://app.example./callback",
        "https://APP.example/callback",
        "https://user@app.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example/%63allback",
        "https://app.example/a/../callback",
        "https://app.example/callback%2f..%2fx",
        "https://app.example\\@evil.example/callback",
        "https://app.example.evil.example/callback",
        "http://app.example/callback",
        "//app.example/callback",
        "javascript:alert(1)",
        "https://other.example/cb",
    ],
)
def test_an_address_that_is_not_registered_gets_nothing(scene: Scene, uri: str) -> None:
    answer = scene.authorize(redirect_uri=uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert uri not in answer.text  # nothing of it is shown to anybody


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token token", "nonce": "n"}, "unauthorized_client"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": "openid nobody:knows"}, "invalid_scope"),
        ({"scope": 'openid "'}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "whatever"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "\u0663"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"id_token": 5}'}, "invalid_request"),
        ({"resource": "https://nowhere.example"}, "invalid_target"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"id_token_hint": "nonsense"}, "invalid_request"),
    ],
)
def test_an_error_goes_to_the_address_with_state_and_issuer(
    scene: Scene, parameters: dict[str, str], error: str
) -> None:
    scene.browser.cookies.clear()
    found = sent(scene.authorize(**parameters))
    assert (found["error"], found["state"], found["iss"]) == (error, "the-state", ISSUER)
    assert "code" not in found


def test_a_request_by_address_is_never_fetched(scene: Scene) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://127.0.0.1:{server.server_address[1]}/request"
    assert sent(scene.authorize(request_uri=uri))["error"] == "request_uri_not_supported"
    server.shutdown()
    server.server_close()
    assert asked == []


@pytest.mark.parametrize("twice", ["client_id", "redirect_uri", "state", "scope", "code_challenge"])
def test_a_parameter_that_comes_twice_is_refused(scene: Scene, twice: str) -> None:
    asked = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "s",
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    pairs = [*asked.items(), (twice, asked[twice])]
    answer = scene.browser.get("/oauth/authorize", params=pairs, follow_redirects=False)
    assert answer.status_code == 400 and "location" not in answer.headers


ENDPOINTS = ("token", "par", "revoke", "introspect", "device_authorization")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_endpoints_take_forms_by_post_alone(scene: Scene, name: str) -> None:
    path, header = f"/oauth/{name}", basic(WEB)
    assert scene.browser.get(path, headers=header).status_code == 405
    assert scene.browser.put(path, headers=header).status_code == 405
    wrong: list[dict[str, Any]] = [
        {"json": {"grant_type": "client_credentials"}},
        {"files": {"grant_type": "client_credentials"}},
        {"content": b"grant_type=client_credentials", "headers": header},
        {"params": {"client_id": "web", "client_secret": KEPT}, "data": {"token": "x"}},
        {"data": {"token": "x" * 9000, "grant_type": "client_credentials"}},
        {"data": {"state": "x" * 3000, "token": "x", "grant_type": "client_credentials"}},
        {"content": b"a=1&a=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"a=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"a=%00", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {
            "content": b"&".join(b"p%d=1" % n for n in range(100)),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    ]
    for one in wrong:
        given = {**one, "headers": {**header, **one.get("headers", {})}}
        answer = scene.browser.post(path, **given)
        assert answer.status_code == 400, (one, answer.text)
        assert answer.json()["error"] == "invalid_request"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, {}),
        ({}, {"client_id": "web"}),
        ({}, {"client_id": "web", "client_secret": KEPT}),
        ({}, {"client_id": "nobody", "client_secret": KEPT}),
        (basic(WEB, "wrong" * 8), {}),
        ({"Authorization": "Basic !!!"}, {}),
        ({"Authorization": "Basic d2Vi"}, {}),
        ({"Authorization": "Basic OmEuYi5j"}, {}),
        ({"Authorization": "Bearer abc"}, {}),
        ({}, {"client_id": "web", "client_assertion": "a.b.c"}),
        ({}, {"client_assertion": "a.b.c", "client_assertion_type": "urn:other"}),
    ],
)
def test_a_client_that_is_not_shown_to_be_that(
    scene: Scene, name: str, headers: dict[str, str], form: dict[str, str]
) -> None:
    whole = {"grant_type": "client_credentials", "token": "x", **form}
    answer = scene.form(f"/oauth/{name}", headers=headers, **whole)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    # RFC 6749, 5.2: the scheme that is understood, where the header was used, however badly.
    assert ("www-authenticate" in answer.headers) == bool(headers)
    assert answer.headers.get("www-authenticate", "Basic").startswith("Basic")


def test_two_ways_at_once_are_refused(scene: Scene) -> None:
    answer = scene.form(
        "/oauth/token", headers=basic(WEB), grant_type="client_credentials", client_secret=KEPT
    )
    assert answer.json()["error"] == "invalid_request"
    other = scene.form(
        "/oauth/token", headers=basic(WEB), grant_type="client_credentials", client_id="spa"
    )
    assert other.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("grant", "error"),
    [
        ("password", "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", "unauthorized_client"),
        ("implicit", "unsupported_grant_type"),
        ("magic", "unsupported_grant_type"),
    ],
)
def test_grants_that_are_off(scene: Scene, grant: str, error: str) -> None:
    answer = scene.token(WEB, grant_type=grant, username="ann@mail.example", password="x")
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example/callback2"},
        {"redirect_uri": ""},
        {"code": "x" * 43},
    ],
)
def test_a_code_needs_all_that_it_was_made_with(scene: Scene, change: dict[str, str]) -> None:
    code = scene.code()
    refused = scene.redeem(change.pop("code", code), **change)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    # It was not used up by the attempt.
    assert scene.redeem(code).status_code == 200


def test_a_code_of_another_client(scene: Scene) -> None:
    code = scene.code()
    assert scene.redeem(code, OTHER, redirect_uri=CALLBACK).json()["error"] == "invalid_grant"
    assert scene.redeem(code).status_code == 200


def test_a_code_that_has_expired(scene: Scene) -> None:
    code = scene.code()
    scene.clock.ahead += 61
    try:
        assert scene.redeem(code).json()["error"] == "invalid_grant"
    finally:
        scene.clock.ahead -= 61


def test_a_refresh_token_of_another_client(scene: Scene) -> None:
    token = scene.redeem(scene.code()).json()["refresh_token"]
    refused = scene.token(OTHER, grant_type="refresh_token", refresh_token=token)
    assert refused.json()["error"] == "invalid_grant"
    wider = scene.token(grant_type="refresh_token", refresh_token=token, scope="openid orders:read")
    assert wider.json()["error"] == "invalid_scope"
    assert scene.token(grant_type="refresh_token", refresh_token=token).status_code == 200


def test_a_pushed_request_counts_once_for_its_client(scene: Scene) -> None:
    verifier = "v" * 43
    asked = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }

    def push() -> str:
        answer = scene.form("/oauth/par", headers=basic(WEB), **asked)
        assert answer.status_code == 201, answer.text
        return answer.json()["request_uri"]

    uri = push()
    stolen = scene.get("/oauth/authorize", client_id="other", request_uri=uri)
    assert stolen.status_code == 400
    first = scene.get("/oauth/authorize", client_id="web", request_uri=uri)
    assert first.status_code == 303
    again = scene.get("/oauth/authorize", client_id="web", request_uri=uri)
    assert again.status_code == 400
    late = push()
    scene.clock.ahead += 91
    try:
        assert scene.get("/oauth/authorize", client_id="web", request_uri=late).status_code == 400
    finally:
        scene.clock.ahead -= 91
    # What stands beside it in the address does not count.
    uri = push()
    answer = scene.get(
        "/oauth/authorize", client_id="web", request_uri=uri, redirect_uri="https://evil.example/"
    )
    assert "evil.example" not in answer.headers.get("location", "")
    nested = scene.form("/oauth/par", headers=basic(WEB), **asked, request_uri=uri)
    assert nested.json()["error"] == "invalid_request"


def test_no_page_is_shown_in_a_frame_or_runs_a_script(scene: Scene) -> None:
    scene.browser.cookies.clear()
    page = scene.follow(scene.authorize(login_hint='"><script>alert(1)</script>'))
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "script-src" not in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text


def test_an_agreement_of_another_page_or_person_does_not_count(scene: Scene) -> None:
    scene.browser.cookies.clear()
    page = scene.sign_in(scene.follow(scene.authorize(SPA, prompt="consent")))
    fields = hidden(page.text)
    for change in ({"token": ""}, {"token": "x" * 43}, {"request": "x" * 43}):
        answer = scene.form(action(page.text), **{**fields, **change}, decision="allow")
        assert "code=" not in answer.headers.get("location", "")
    assert "consent" in scene.reasons(EventKind.ORIGIN_REFUSED)
    foreign = scene.form(
        action(page.text),
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        **fields,
        decision="allow",
    )
    assert foreign.status_code == 403
    # Another browser does not go on with it, whoever signed in there.
    mine = dict(scene.browser.cookies)
    scene.browser.cookies.delete("__Host-oauth")
    assert scene.form(action(page.text), **fields, decision="allow").status_code == 400
    for name, value in mine.items():
        scene.browser.cookies.set(name, value)
    assert sent(scene.form(action(page.text), **fields, decision="allow"))["code"]
    # It was answered; a second press gives nothing more.
    assert scene.form(action(page.text), **fields, decision="allow").status_code == 400


def test_who_denies_gives_nothing(scene: Scene) -> None:
    scene.browser.cookies.clear()
    page = scene.sign_in(scene.follow(scene.authorize(SPA, prompt="consent")))
    found = sent(scene.decide(page, "deny"))
    assert (found["error"], found["iss"]) == ("access_denied", ISSUER)


def test_signing_out_leads_to_registered_addresses_alone(scene: Scene) -> None:
    for uri in ("https://evil.example/", CALLBACK, "javascript:alert(1)"):
        answer = scene.get(
            "/oauth/logout", client_id="web", post_logout_redirect_uri=uri, state="s"
        )
        assert answer.status_code == 400 and "location" not in answer.headers
    alone = scene.get("/oauth/logout", post_logout_redirect_uri="https://evil.example/")
    assert alone.status_code == 400


def test_a_disabled_account_and_a_new_password_end_everything(scene: Scene) -> None:
    tokens = scene.redeem(scene.code()).json()
    user = scene.in_loop(scene.guard.identities.stores.users.by_name, "ann@mail.example")
    scene.in_loop(scene.guard.identities.sign_out_everywhere, user.id)
    refused = scene.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401
