"""Clients that register themselves, and what they may not give themselves (RFC 7591, 5; ASVS 5.0 V10.4.7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from buckler.guard import GuardError
from buckler.guard.auth.oauth import redirect_uri
from buckler.guard.auth.oauth.server.client import CREDENTIALS, OAuthClient
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import POLICY, Scene, opened, sent

TOKEN = "an-initial-access-token-7fQ2"
BODY: dict[str, Any] = {"client_name": "Own", "redirect_uris": ["https://own.example/cb"]}
PRIVATE = {**Maker().jwk, "d": "AAAA"}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(policy=replace(POLICY, registration=True)) as found:
        found.account()
        yield found


def register(scene: Scene, body: Any, **headers: str) -> Any:
    return scene.browser.post("/oauth/register", json=body, headers=headers)


def test_it_is_off_unless_it_is_switched_on() -> None:
    with opened() as scene:
        assert register(scene, BODY).status_code == 404
        assert "registration_endpoint" not in scene.get("/.well-known/openid-configuration").json()


def test_open_registration_is_warned_of(scene: Scene) -> None:
    assert "oauth_registration" in [event.reason for event in scene.events]


def test_what_registers_itself_is_nobody_special(scene: Scene) -> None:
    answer = register(
        scene,
        {
            **BODY,
            "first_party": True,
            "introspects": True,
            "exchange_from": ["*"],
            "client_id": "web",
            "client_secret": "mine" * 10,
            "id": "web",
            "unknown": 1,
        },
    )
    said = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    client = scene.in_loop(scene.server.clients.get, said["client_id"])
    assert client.id != "web" and not client.knows("mine" * 10)
    assert client.knows(said["client_secret"])
    assert not (client.first_party or client.introspects or client.exchange_from)
    assert set(client.scopes) <= {"openid", "profile", "email", "offline_access"}
    page = scene.follow(scene.authorize(client))
    assert 'name="decision"' in scene.sign_in(page).text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": ["javascript:alert(1)//x.y"]},
        {"redirect_uris": ["data:text/html,x"]},
        {"redirect_uris": ["http://own.example/"]},
        {"redirect_uris": ["https://own.example/#x"]},
        {"redirect_uris": ["https://*.own.example/"]},
        {"redirect_uris": ["https://user@own.example/"]},
        {"redirect_uris": ["https://own.example;script-src/x"]},
        {"redirect_uris": ["https://own.example,evil.example/"]},
        {"redirect_uris": ["https://own.example%2eevil.example/"]},
        {"redirect_uris": ["https://own.example/a/../b"]},
        {"redirect_uris": ["/cb"]},
        {"redirect_uris": []},
        {"redirect_uris": "https://own.example/cb"},
        {"redirect_uris": [5]},
        {"redirect_uris": ["https://own.example/" + "a" * 3_000]},
        {"redirect_uris": [f"https://own.example/{n}" for n in range(21)]},
        {"redirect_uris": ["javascript.x:alert(1)"]},
        {"application_type": "native", "redirect_uris": ["javascript:alert(1)"]},
        {"application_type": "native", "redirect_uris": ["http://10.0.0.1/"]},
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
        {"backchannel_logout_uri": "http://own.example/"},
        {"jwks": {"keys": [PRIVATE]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [5]}},
        {"jwks": {"keys": {}}},
        {"jwks": {}},
        {"jwks": []},
        {"jwks": {"keys": [Maker().jwk]}, "jwks_uri": "https://own.example/jwks"},
        {"jwks_uri": "http://own.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "magic"},
        {"token_endpoint_auth_method": "none", "grant_types": [CREDENTIALS]},
        {"grant_types": ["implicit"]},
        {"grant_types": ["password"]},
        {"grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"]},
        {"grant_types": ["magic"]},
        {"scope": "openid orders:write"},
        {"scope": 5},
        {"scope": ["openid"]},
        {"client_name": "x" * 1_000},
        {"client_name": ["x"]},
        {"client_name": "Sh\u202eop"},
        {"client_name": "Shop\n"},
        {"client_uri": "javascript:alert(1)"},
        {"client_uri": "http://own.example/"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"require_pushed_authorization_requests": "yes"},
        {"contacts": "me"},
        {"software_statement": "a.b.c"},
        {"redirect_uris": None},
        {"redirect_uris": [], "grant_types": None},
        {"grant_types": 5},
        {"default_max_age": "60"},
        {"default_max_age": -1},
        {"default_max_age": True},
        {"default_max_age": 1.5},
        {"default_max_age": 10**10},
        {"token_endpoint_auth_method": ["none"]},
        {"id_token_signed_response_alg": {}},
    ],
)
def test_metadata_that_are_refused(scene: Scene, change: dict[str, Any]) -> None:
    answer = register(scene, {**BODY, **change})
    assert answer.status_code == 400, answer.text
    said = answer.json()
    assert said["error"] in (
        *("invalid_client_metadata", "invalid_redirect_uri"),
        "unapproved_software_statement",
    )
    assert "client_id" not in said


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"{", "application/json"),
        (
            b'{"redirect_uris": ["https://a.example/"], "scope": "openid", "scope": "x"}',
            "application/json",
        ),
        (
            b'{"client_name": "\\ud800", "redirect_uris": ["https://a.example/"]}',
            "application/json",
        ),
        (b'{"x": ' + b"9" * 5_000 + b"}", "application/json"),
        (b'{"x": NaN}', "application/json"),
        (b'{"x": "' + b"a" * 70_000 + b'"}', "application/json"),
        (b"\xff", "application/json"),
        (json.dumps(BODY).encode(), "text/plain"),
        (json.dumps(BODY).encode(), "application/x-www-form-urlencoded"),
    ],
    ids=range(12),
)
def test_a_body_that_is_none(scene: Scene, content: bytes, kind: str) -> None:
    answer = scene.browser.post("/oauth/register", content=content, headers={"Content-Type": kind})
    status = 413 if len(content) > 64 * 1024 else 400
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_client_metadata")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redirect_uris": ["http://own.example/"]}, "https"),
        ({"redirect_uris": ["https://own.example/#x"]}, "fragment"),
        ({"redirect_uris": []}, "redirect_uris is missing"),
        (
            {"token_endpoint_auth_method": "client_secret_jwt"},
            "token_endpoint_auth_method: of none",
        ),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg: of RS256"),
        ({"subject_type": "pairwise"}, "subject_type is not offered"),
        ({"require_signed_request_object": True}, "require_signed_request_object is not offered"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"id_token_encrypted_response_alg": "RSA-OAEP"}, "id_token_encrypted_response_alg"),
    ],
)
def test_a_refusal_says_what_is_wrong(scene: Scene, change: dict[str, Any], said: str) -> None:
    """RFC 7591, 3.2.2; what a client believes to be protected by is refused where it is not there."""
    answer = register(scene, {**BODY, **change})
    address = "redirect_uris" in change
    error = "invalid_redirect_uri" if address else "invalid_client_metadata"
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert said in answer.json()["error_description"]
    # RFC 6749, 5.2: the characters of a description.
    assert all(one in "!" or " " <= one <= "~" for one in answer.json()["error_description"])
    assert not set('"\\') & set(answer.json()["error_description"])


def test_what_asks_for_nothing_that_is_missing_is_taken(scene: Scene) -> None:
    plain = {
        "subject_type": "public",
        "require_signed_request_object": False,
        "userinfo_signed_response_alg": "none",
        "id_token_encrypted_response_alg": None,
    }
    assert register(scene, {**BODY, **plain}).status_code == 201


def test_the_age_of_a_sign_in_that_was_registered_counts(scene: Scene) -> None:
    """OpenID Connect Dynamic Client Registration 1.0, 2: ``default_max_age``."""
    said = register(
        scene, {**BODY, "token_endpoint_auth_method": "none", "default_max_age": 60}
    ).json()
    assert said["default_max_age"] == 60
    client = scene.in_loop(scene.server.clients.get, said["client_id"])
    scene.browser.cookies.clear()
    scene.code(client)
    assert "code" in sent(scene.authorize(client, prompt="none"))
    scene.clock.ahead += 61
    try:
        assert sent(scene.authorize(client, prompt="none"))["error"] == "login_required"
        assert "code" in sent(scene.authorize(client, prompt="none", max_age="3600"))
    finally:
        scene.clock.ahead -= 61


def test_metadata_do_not_stand_in_the_address(scene: Scene) -> None:
    answer = scene.browser.post("/oauth/register?client_name=x", json=BODY)
    assert answer.json()["error"] == "invalid_client_metadata"
    assert scene.browser.get("/oauth/register").status_code == 405
    assert scene.browser.put("/oauth/register", json=BODY).status_code == 405


def test_an_initial_access_token_is_needed_where_there_are_any() -> None:
    known = hashlib.sha256(TOKEN.encode()).hexdigest()
    policy = replace(POLICY, registration=True, registration_tokens=[known])
    with opened(policy=policy) as scene:
        assert "oauth_registration" not in [event.reason for event in scene.events]
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Basic {TOKEN}"},
            {"Authorization": f"Bearer {known}"},
            {"Authorization": "Bearer \u00e9"},
        ):
            raw = {k: v.encode("latin-1") for k, v in headers.items()}
            answer = scene.browser.post("/oauth/register", json=BODY, headers=raw)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
            # RFC 6750, 3 and 3.1: a parameter at least, and no error where nothing was shown.
            wrong = ', error="invalid_token"' if headers else ""
            assert answer.headers["www-authenticate"] == f'Bearer realm="oauth"{wrong}'
        body = {**BODY, "scope": "openid orders:read"}
        answer = register(scene, body, Authorization=f"Bearer {TOKEN}")
        assert (answer.status_code, answer.json()["scope"]) == (201, "openid orders:read")


CERTIFICATE = {**BODY, "token_endpoint_auth_method": "tls_client_auth"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("san_ip", ["192.0.2.7", "2001:DB8::1"], ["192.0.2", "192.0.2.7/24", "shop", "[::1]", ""]),
        (
            "san_dns",
            ["shop.example", "xn--bcher-kva.example", "a"],
            [
                "https://shop.example",
                "shop example",
                "b\u00fccher.example",
                "a..b",
                "-a.example",
                "",
            ],
        ),
        (
            "san_uri",
            ["https://shop.example/id", "urn:x:shop", "spiffe://a.example/shop"],
            ["shop", "//shop.example", "https://shop.example/a b", "https:"],
        ),
        (
            "san_email",
            ["shop@mail.example"],
            ["shop", "@mail.example", "shop@", "a@b@mail.example", "a b@mail.example"],
        ),
        ("subject_dn", ["CN=shop,O=Example"], ["shop", "CN"]),
    ],
)
def test_what_a_client_is_known_by_is_what_a_certificate_can_say(
    scene: Scene, name: str, good: list[str], bad: list[str]
) -> None:
    key = f"tls_client_auth_{name}"
    for value in good:
        answer = register(scene, {**CERTIFICATE, key: value})
        assert (answer.status_code, answer.json()[key]) == (201, value), value
    for value in bad:
        answer = register(scene, {**CERTIFICATE, key: value})
        assert answer.status_code == 400, value
        assert answer.json()["error"] == "invalid_client_metadata"


def test_a_client_is_known_by_one_name_alone(scene: Scene) -> None:
    # RFC 8705, 2.1.2: exactly one of them.
    both = {"tls_client_auth_san_ip": "192.0.2.7", "tls_client_auth_san_dns": "shop.example"}
    for more in (both, {}, {"tls_client_auth_san_ip": 5}):
        answer = register(scene, {**CERTIFICATE, **more})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("stated", ["san_dns", ("san_dns",), ("san_dns", 5), ("other", "x")])
def test_a_certificate_that_code_states_wrongly(stated: Any) -> None:
    with pytest.raises(GuardError):
        OAuthClient(id="x", grants=[CREDENTIALS], auth="tls_client_auth", certificate=stated)


def test_an_error_is_no_redirect_to_who_registered_itself(scene: Scene) -> None:
    # RFC 9700, 4.11.2: whoever registers an address and sends people to an error there has an open redirector.
    scene.browser.cookies.clear()
    said = register(scene, {**BODY, "redirect_uris": ["https://phish.example/"]}).json()
    client = scene.in_loop(scene.server.clients.get, said["client_id"])
    silent: dict[str, str] = {"prompt": "none"}
    wrong: dict[str, str] = {"scope": "openid nobody:knows"}

    def is_page(**asked: str) -> bool:
        answer = scene.authorize(client, **asked)
        return answer.status_code == 400 and "location" not in answer.headers

    assert all(is_page(**asked) for asked in (wrong, silent, {**silent, **wrong}))
    for mode in ("form_post", "fragment"):
        assert is_page(**silent, response_mode=mode)
    page = scene.sign_in(scene.follow(scene.authorize(client)))
    assert 'name="decision"' in page.text
    # Signed in, but nobody has looked at the client: who sends them there need not be asked for.
    assert all(is_page(**asked) for asked in (wrong, silent, {**silent, **wrong}))
    assert sent(scene.decide(page, "deny"))["error"] == "access_denied"
    assert all(is_page(**asked) for asked in (wrong, silent, {**silent, **wrong}))
    scene.decide(scene.follow(scene.authorize(client)))
    assert sent(scene.authorize(client, **wrong))["error"] == "invalid_scope"
    # What is asked for without a word gets its answer (OpenID Connect Core 1.0, 3.1.2.6).
    assert "code" in sent(scene.authorize(client, **silent))
    more = scene.authorize(client, **silent, scope="openid email")
    assert sent(more)["error"] == "consent_required"
    # It was theirs, not everybody's.
    scene.browser.cookies.clear()
    assert is_page(**silent)


def test_whom_somebody_vouched_for_gets_a_silent_answer(scene: Scene) -> None:
    scene.browser.cookies.clear()
    assert sent(scene.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/cb",
        "https://a.example:8443/cb?x=1",
        "https://[2001:db8::1]/cb",
        "http://localhost:3000/",
        "http://127.0.0.1/",
        "https://xn--bcher-kva.example/;v=1,2",
    ],
)
def test_addresses_that_may_be_registered(uri: str) -> None:
    assert redirect_uri.check(uri, native=False) == uri


def test_a_private_key_is_no_business_of_the_server() -> None:
    with pytest.raises(GuardError, match="not public"):
        OAuthClient(
            id="x",
            redirect_uris=["https://x.example/"],
            auth="private_key_jwt",
            jwks={"keys": [PRIVATE]},
        )


def test_a_native_application_is_told_which_address_it_has_instead_of_localhost() -> None:
    """RFC 8252, 8.3."""
    with pytest.raises(GuardError, match=r"127\.0\.0\.1.*RFC 8252, 8\.3"):
        redirect_uri.check("http://localhost:3000/callback", native=True)
    assert redirect_uri.check("http://localhost:3000/callback", native=False)
