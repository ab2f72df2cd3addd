"""Providers as they are: what is special about each."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from buckler.guard import EventKind, GuardError, SigningKey
from buckler.guard.auth.oauth.client import (
    Metadata,
    Provider,
    apple,
    github,
    gitlab,
    google,
    keycloak,
    microsoft,
)
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.shop import BASE, Shop, opened

pytestmark = pytest.mark.slow
ONE = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
OTHER = "11111111-2222-3333-4444-555555555555"
ID = {"client_id": "shop", "client_secret": "s"}
APPLE_KEY = SigningKey.generate("ES256", kid="ABC123DEFG")


def test_their_issuers() -> None:
    """As their own documentation has them."""
    assert google(**ID).issuer == "https://accounts.google.com"
    assert gitlab(**ID).issuer == "https://gitlab.com"
    assert gitlab(**ID, base="https://git.shop.example").issuer == "https://git.shop.example"
    assert microsoft(**ID, tenant=ONE).issuer == f"https://login.microsoftonline.com/{ONE}/v2.0"
    realm = keycloak(base="https://sso.shop.example/", realm="shop", **ID)
    assert realm.issuer == "https://sso.shop.example/realms/shop"
    made = apple(client_id="com.shop", team_id="TEAM123456", key=APPLE_KEY)
    assert (made.issuer, made.response_mode) == ("https://appleid.apple.com", "form_post")
    assert github(**ID).issuer == "https://github.com/login/oauth"


def test_whose_addresses_are_believed() -> None:
    assert google(**ID).believes("ann@gmail.com")
    assert not google(**ID).believes("ann@shop.example")
    assert not google(**ID).believes("ann@evil-gmail.com")
    assert not microsoft(**ID, tenant=ONE).believes("ann@outlook.com")
    assert google(**ID, email_domains=["shop.example"]).believes("ann@shop.example")


# GitHub: no OpenID


def hub(liar: Liar, emails: Any, user: Any = None) -> Provider:
    """GitHub, on loopback."""

    def says(path: str, value: Any) -> None:
        raw = json.dumps(value).encode()
        liar.replies[path] = (200, {"content-type": "application/json"}, raw)

    says(
        "/login/oauth/access_token", {"access_token": "gho_1", "token_type": "bearer", "scope": ""}
    )
    says(
        "/api/user",
        {"id": 583231, "login": "ann", "email": "shown@mail.example"} if user is None else user,
    )
    says("/api/user/emails", emails)
    return github(**ID, base=liar.issuer, api=f"{liar.issuer}/api", email_domains=["mail.example"])


def came(shop: Shop) -> Any:
    asked = dict(parse_qsl(urlsplit(shop.begin("github")).query))
    assert asked["scope"] == "read:user user:email"
    assert (asked["code_challenge_method"], "nonce" in asked) == ("S256", False)
    return shop.come_back(
        f"{asked['redirect_uri']}?{urlencode({'code': 'c', 'state': asked['state']})}"
    )


def email(address: str, *, primary: bool, verified: bool) -> dict[str, Any]:
    return {"email": address, "primary": primary, "verified": verified, "visibility": None}


def test_github_is_asked_for_the_verified_primary_address(liar: Liar) -> None:
    listed = [
        email("other@mail.example", primary=False, verified=True),
        email("Ann@mail.example", primary=True, verified=True),
    ]
    with opened(hub(liar, listed)) as shop:
        assert came(shop).headers["location"] == "/"
        me = shop.me().json()
        assert (me["name"], me["verified"]) == ("ann@mail.example", True)
        (linked,) = shop.do(shop.sign_in_with.linking.of, me["id"])
        assert (linked.issuer, linked.subject) == (f"{liar.issuer}/login/oauth", "583231")
    ((_, headers, _),) = liar.asked("/api/user/emails")
    assert headers["authorization"] == "Bearer gho_1"
    ((_, _, body),) = liar.asked("/login/oauth/access_token")
    form = dict(parse_qsl(body))
    assert (form["client_id"], form["client_secret"], len(form["code_verifier"])) == (
        "shop",
        "s",
        43,
    )


@pytest.mark.parametrize(
    "emails",
    [
        [email("ann@mail.example", primary=True, verified=False)],
        [email("ann@mail.example", primary=False, verified=True)],
        [],
        {"message": "no"},
        [{"email": ["x"], "primary": True, "verified": True}],
    ],
    ids=["unverified", "not primary", "none", "an object", "no text"],
)
def test_no_other_address_of_github_counts(liar: Liar, emails: Any) -> None:
    with opened(hub(liar, emails)) as shop:
        made = shop.do(shop.guard.identities.add_account, "ann@mail.example", verified=True)
        assert came(shop).headers["location"] == "/"
        assert shop.me().json()["id"] != made.id
        assert shop.me().json()["name"].startswith("github:")


def test_what_github_says_is_looked_at(liar: Liar) -> None:
    for user in ({"id": True}, {"id": "583231"}, {}, []):
        with opened(hub(liar, [], user=user)) as shop:
            assert shop.why(came(shop)) == "failed"
            assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_subject"]
    known = hub(liar, [])
    wrong = json.dumps({"error": "bad_verification_code", "error_description": "x"}).encode()
    liar.replies["/login/oauth/access_token"] = (200, {}, wrong)
    with opened(known) as shop:
        assert shop.why(came(shop)) == "failed"
        assert shop.events[-1].detail["error"] == "bad_verification_code"


# Apple: a form from another site, and a secret that is a token


def cider(liar: Liar) -> Provider:
    from dataclasses import replace

    made = apple(client_id="the-client", team_id="TEAM123456", key=APPLE_KEY)
    return replace(made, issuer=liar.issuer)


def test_apple_sends_a_form_to_a_browser_without_its_session(liar: Liar) -> None:
    with opened(cider(liar)) as shop:
        answer = shop.client.get("/auth/with/apple", follow_redirects=False)
        assert "SameSite=None" in answer.headers["set-cookie"]
        asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert asked["response_mode"] == "form_post"
        back = liar.sent_back(answer.headers["location"])
        fields = {**dict(parse_qsl(urlsplit(back).query)), "user": '{"name": {"firstName": "Ann"}}'}
        path = "/auth/with/apple/callback"
        assert shop.client.get(path, params=fields).status_code == 405
        from_apple = {"origin": "https://appleid.apple.com", "sec-fetch-site": "cross-site"}
        done = shop.client.post(path, data=fields, headers=from_apple, follow_redirects=False)
        assert done.headers["location"] == "/"
        assert shop.me().status_code == 200
    ((_, headers, body),) = liar.asked("/token")
    assert "authorization" not in headers
    secret = dict(parse_qsl(body))["client_secret"]
    key: Any = jwt.PyJWK(APPLE_KEY.public_jwk()).key
    said = jwt.decode(secret, key, algorithms=["ES256"], audience="https://appleid.apple.com")
    assert jwt.get_unverified_header(secret)["kid"] == "ABC123DEFG"
    assert (said["iss"], said["sub"]) == ("TEAM123456", "the-client")
    assert said["exp"] - said["iat"] == 300


def test_a_form_that_is_none_is_refused(liar: Liar) -> None:
    with opened(cider(liar)) as shop:
        path = "/auth/with/apple/callback"
        assert shop.client.post(path, json={"state": "s"}).status_code == 400
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert shop.client.post(path, content=b"a=%ff", headers=form).status_code == 400
        many = "&".join(f"a{n}=1" for n in range(60))
        assert shop.client.post(path, content=many, headers=form).status_code == 400


def test_apple_takes_one_kind_of_key() -> None:
    for key in (SigningKey.generate("EdDSA"), APPLE_KEY.public()):
        with pytest.raises(GuardError, match="ES256"):
            apple(client_id="x", team_id="t", key=key)


# Microsoft: tenants


def directory(liar: Liar, *tenants: str) -> Provider:
    from dataclasses import replace

    made = microsoft(client_id="the-client", client_secret="s", tenants=tenants)
    liar.metadata["issuer"] = f"{liar.issuer}/{{tenantid}}/v2.0"
    document = json.dumps(liar.metadata).encode()
    liar.replies["/organizations/v2.0/.well-known/openid-configuration"] = (200, {}, document)
    return replace(made, issuer=f"{liar.issuer}/{{tenantid}}/v2.0", scopes=("openid",))


@pytest.mark.parametrize(
    ("tid", "issuer", "good"),
    [
        (ONE, ONE, True),
        (OTHER, OTHER, False),
        (ONE, OTHER, False),
        (OTHER, ONE, False),
        (None, ONE, False),
        ([ONE], ONE, False),
        (ONE, "{tenantid}", False),
        ("{tenantid}", "{tenantid}", False),
    ],
)
def test_accounts_of_listed_tenants_come_in(liar: Liar, tid: Any, issuer: str, good: bool) -> None:
    with opened(directory(liar, ONE)) as shop:
        lies = {"tid": tid, "iss": f"{liar.issuer}/{issuer}/v2.0"}
        answer = shop.come_back(liar.sent_back(shop.begin("microsoft"), lies=lies))
        assert (answer.headers["location"] == "/") is good
        assert (shop.me().status_code == 200) is good
        if not good:
            assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_issuer"]


def test_two_tenants_are_two_issuers(liar: Liar) -> None:
    with opened(directory(liar, ONE, OTHER)) as shop:
        found = set()
        for tenant in (ONE, OTHER):
            shop.client.cookies.clear()
            lies = {"tid": tenant, "iss": f"{liar.issuer}/{tenant}/v2.0"}
            shop.come_back(liar.sent_back(shop.begin("microsoft"), lies=lies))
            found.add(shop.me().json()["id"])
        assert len(found) == 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tenant": "common"},
        {"tenant": "organizations"},
        {"tenant": "shop.onmicrosoft.com"},
        {"tenants": ["common"]},
        {"tenants": [ONE, "consumers"]},
        {"tenant": ONE, "tenants": [OTHER]},
    ],
)
def test_no_tenant_is_taken_that_is_not_named(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError, match="one tenant"):
        microsoft(**ID, **options)


# What is wrong is said where it is written

WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "name": ("name", {"name": "My Provider"}),
    "reserved": ("name", {"name": "sign-out"}),
    "issuer over http": ("issuer", {"issuer": "http://accounts.example"}),
    "issuer with a query": ("issuer", {"issuer": "https://accounts.example?x=1"}),
    "issuer with a user": ("issuer", {"issuer": "https://a:b@accounts.example"}),
    "no client": ("client_id", {"client_id": ""}),
    "no openid": ("scopes", {"scopes": ["email"]}),
    "a scope with a blank": ("scopes", {"scopes": ["openid email"]}),
    "scopes as text": ("scopes", {"scopes": "openid"}),
    "none": ("algorithms", {"algorithms": ["none"]}),
    "both kinds": ("algorithms", {"algorithms": ["RS256", "HS256"]}),
    "a short secret": ("secret", {"algorithms": ["HS256"], "client_secret": "short"}),
    "no secret": ("HS256", {"algorithms": ["HS256"], "client_secret": None}),
    "way without key": ("private_key_jwt", {"authentication": "private_key_jwt"}),
    "way without secret": (
        "client_secret_basic",
        {"authentication": "client_secret_basic", "client_secret": None},
    ),
    "way": ("authentication", {"authentication": "tls_client_auth"}),
    "public key": ("key", {"key": APPLE_KEY.public()}),
    "state": ("parameters", {"parameters": {"state": "fixed"}}),
    "all tenants": ("tenants", {"issuer": "https://accounts.example/{tenantid}"}),
    "leeway": ("leeway", {"leeway": 3600.0}),
    "metadata": ("metadata", {"metadata": {"issuer": "x"}}),
    "dpop": ("dpop", {"dpop": "yes"}),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_at_once(what: str) -> None:
    word, options = WRONG[what]
    good = {
        "name": "op",
        "issuer": "https://accounts.example",
        "client_id": "c",
        "client_secret": "s" * 8,
    }
    assert Provider(**good).name == "op"
    with pytest.raises(GuardError, match=word):
        Provider(**{**good, **options})


def test_a_secret_is_not_shown() -> None:
    shown = repr(Provider("op", issuer="https://a.example", client_id="c", client_secret="hidden"))
    assert "hidden" not in shown


def test_github_says_who_it_is_in_its_answers() -> None:
    """Its own metadata does not go through discovery: GitHub sends ``iss`` since 2026."""
    own, server = github(**ID), github(**ID, base="https://git.shop.example")
    assert isinstance(own.metadata, Metadata) and isinstance(server.metadata, Metadata)
    assert (own.metadata.says_issuer, server.metadata.says_issuer) == (True, False)


def test_redirect_addresses_are_told(liar: Liar) -> None:
    with opened(liar.provider()) as shop:
        found = shop.sign_in_with.connections["op"].redirect_uri
        assert found == f"{BASE}/auth/with/op/callback"
