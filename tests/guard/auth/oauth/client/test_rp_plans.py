"""The modules of the OpenID Foundation's plans for relying parties, re-made from the specifications.

Each test has the name of a module. The suite itself was not run, and nothing here is certified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from buckler.guard import EventKind
from buckler.guard.stores.records import Session
from tests.guard.auth.oauth.client.liar import CLIENT, CURVE, FIRST, SECOND, SECRET, Liar, public
from tests.guard.auth.oauth.client.shop import BASE, Shop, onward, opened

pytestmark = pytest.mark.slow

EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def enter(shop: Shop, liar: Liar, **lies: Any) -> Any:
    """A sign-in in which the provider lies."""
    return shop.come_back(liar.sent_back(shop.begin("op"), **lies))


def refused(shop: Shop, answer: Any, reason: str) -> None:
    """Look whether nobody came in, and why."""
    assert shop.why(answer) == "failed"
    assert shop.client.get("/me").status_code == 401
    assert shop.reasons(EventKind.SIGN_IN_FAILED) == [f"federated_{reason}"]


def test_oidcc_client_test(shop: Shop, liar: Liar) -> None:
    answer = enter(shop, liar)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert shop.me().status_code == 200


def test_oidcc_client_test_nonce_invalid(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"nonce": "another"}), "nonce")


def test_oidcc_client_test_invalid_iss(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"iss": "https://other.example"}), "issuer")


def test_oidcc_client_test_missing_sub(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"sub": None}), "subject")


def test_oidcc_client_test_invalid_aud(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"aud": "another-client"}), "audience")


def test_oidcc_client_test_missing_aud(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"aud": None}), "audience")


def test_oidcc_client_test_missing_iat(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, lies={"iat": None}), "iat")


def test_oidcc_client_test_kid_absent_single_jwks(shop: Shop, liar: Liar) -> None:
    liar.keys = liar.keys[:1]
    assert enter(shop, liar, signing={"kid": None}).headers["location"] == "/"
    assert shop.me().status_code == 200


def test_oidcc_client_test_kid_absent_multiple_jwks(shop: Shop, liar: Liar) -> None:
    liar.keys.append(public(SECOND, "second", alg="RS256"))
    refused(shop, enter(shop, liar, signing={"kid": None}), "token_key")


def test_oidcc_client_test_idtoken_sig_rs256(shop: Shop, liar: Liar) -> None:
    liar.metadata["id_token_signing_alg_values_supported"] = ["RS256"]
    assert enter(shop, liar, signing={"alg": "RS256"}).headers["location"] == "/"
    assert shop.me().status_code == 200


def test_oidcc_client_test_idtoken_sig_none(shop: Shop, liar: Liar) -> None:
    answer = enter(shop, liar, signing={"alg": "none", "key": None, "kid": None})
    refused(shop, answer, "token_algorithm")


def test_oidcc_client_test_invalid_sig_rs256(shop: Shop, liar: Liar) -> None:
    refused(shop, enter(shop, liar, signing={"key": SECOND}), "token_signature")


def test_oidcc_client_test_invalid_sig_es256(shop: Shop, liar: Liar) -> None:
    where = shop.begin("op")
    back = liar.sent_back(where, signing={"key": CURVE, "alg": "ES256", "kid": "curve"})
    (answer,) = liar.tokens.values()
    head, body, signature = answer["id_token"].split(".")
    flipped = "B" if signature[5] == "A" else "A"
    answer["id_token"] = f"{head}.{body}.{signature[:5]}{flipped}{signature[6:]}"
    refused(shop, shop.come_back(back), "token_signature")


def test_oidcc_client_test_invalid_sig_hs256(liar: Liar) -> None:
    with opened(liar.provider(algorithms=["HS256"])) as shop:
        good = {"key": SECRET, "alg": "HS256", "kid": None}
        assert enter(shop, liar, signing=good).headers["location"] == "/"
        shop.client.cookies.clear()
        answer = enter(shop, liar, signing={**good, "key": SECRET[::-1]})
        refused(shop, answer, "token_signature")


def test_oidcc_client_test_userinfo_invalid_sub(liar: Liar) -> None:
    with opened(liar.provider(scopes=["openid", "email"])) as shop:
        liar.userinfo = {"sub": "bob", "email": "ann@mail.example"}
        refused(shop, enter(shop, liar), "userinfo")


def test_oidcc_client_test_scope_userinfo_claims(liar: Liar) -> None:
    with opened(liar.provider(scopes=["openid", "email"], email_domains=["*"])) as shop:
        liar.userinfo = {"sub": "ann", "email": "Ann@Mail.example", "email_verified": True}
        where = shop.begin("op")
        assert dict(parse_qsl(urlsplit(where).query))["scope"] == "openid email"
        assert shop.come_back(liar.sent_back(where)).headers["location"] == "/"
        me = shop.me().json()
        assert (me["name"], me["verified"]) == ("ann@mail.example", True)


def test_oidcc_client_test_userinfo_bearer_header(liar: Liar) -> None:
    with opened(liar.provider(scopes=["openid", "email"])) as shop:
        enter(shop, liar)
    ((method, headers, body),) = liar.asked("/userinfo")
    assert (method, headers["authorization"], body) == ("GET", "Bearer the-access-token", "")


def test_oidcc_client_test_client_secret_basic(liar: Liar) -> None:
    with opened(liar.provider()) as shop:
        enter(shop, liar)
    ((_, headers, body),) = liar.asked("/token")
    assert headers["authorization"] == (
        "Basic dGhlLWNsaWVudDpjb3JyZWN0LWhvcnNlLWJhdHRlcnktc3RhcGxlLW9mLXRoZS1jbGllbnQ="
    )
    assert SECRET not in body


def test_oidcc_client_test_discovery_issuer_mismatch(liar: Liar) -> None:
    liar.metadata["issuer"] = f"{liar.issuer}/"
    with opened(liar.provider()) as shop:
        answer = shop.client.get("/auth/with/op", follow_redirects=False)
        assert shop.why(answer) == "failed"
        assert shop.reasons(EventKind.SIGN_IN_FAILED) == ["federated_issuer"]


def test_oidcc_client_test_discovery_openid_config(shop: Shop, liar: Liar) -> None:
    assert shop.begin("op").startswith(f"{liar.issuer}/authorize?")
    assert [path for _, path, _, _ in liar.requests] == ["/.well-known/openid-configuration"]


def test_oidcc_client_test_discovery_jwks_uri_keys(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    assert len(liar.asked("/jwks")) == 1
    assert shop.me().status_code == 200


def test_oidcc_client_test_signing_key_rotation(shop: Shop, liar: Liar) -> None:
    assert enter(shop, liar).headers["location"] == "/"
    liar.keys = [public(SECOND, "second", alg="RS256")]
    shop.clock.ahead = 31.0
    answer = enter(shop, liar, signing={"key": SECOND, "kid": "second"})
    assert answer.headers["location"] == "/"
    shop.client.cookies.clear()
    old = enter(shop, liar, signing={"key": FIRST, "kid": "first"})
    assert shop.why(old) == "failed"


# RP-initiated logout


def sign_out(shop: Shop, **form: str) -> tuple[str, dict[str, str]]:
    answer = shop.client.post("/auth/with/sign-out", data=form, follow_redirects=False)
    where = onward(answer)
    return where.partition("?")[0], dict(parse_qsl(urlsplit(where).query))


def test_oidcc_client_test_rp_init_logout(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    where, asked = sign_out(shop, next="/bye")
    assert where == f"{liar.issuer}/end"
    assert asked["post_logout_redirect_uri"] == f"{BASE}/auth/with/signed-out"
    assert asked["client_id"] == CLIENT
    assert asked["id_token_hint"].count(".") == 2
    assert shop.me().status_code == 401
    back = shop.come_back(f"{asked['post_logout_redirect_uri']}?state={asked['state']}")
    assert (back.status_code, back.headers["location"]) == (303, "/bye")
    again = shop.come_back(f"{asked['post_logout_redirect_uri']}?state={asked['state']}")
    assert again.headers["location"] == "/"


def test_oidcc_client_test_rp_init_logout_other_state(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    _, asked = sign_out(shop, next="/bye")
    back = shop.come_back(f"{asked['post_logout_redirect_uri']}?state={asked['state'][::-1]}")
    assert (back.status_code, back.headers["location"]) == (303, "/")


def test_oidcc_client_test_rp_init_logout_no_state(shop: Shop, liar: Liar) -> None:
    enter(shop, liar)
    _, asked = sign_out(shop, next="/bye")
    back = shop.come_back(asked["post_logout_redirect_uri"])
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert shop.me().status_code == 401


# Back-channel logout


def logged_in(shop: Shop, liar: Liar) -> None:
    enter(shop, liar, lies={"sid": "there"})
    assert shop.me().status_code == 200


def log_out(shop: Shop, liar: Liar, signing: Mapping[str, Any] | None = None, **lies: Any) -> int:
    """The status of a logout request by the provider."""
    said: dict[str, Any] = {"jti": "1", "events": EVENT, "sid": "there", **lies}
    how = {"header": {"typ": "logout+jwt"}, **(signing or {})}
    token = liar.signed(liar.claims(**said), **how)
    answer = shop.client.post("/auth/with/op/back-channel-logout", data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.status_code)


def test_oidcc_client_test_rp_backchannel_rpinitlogout(shop: Shop, liar: Liar) -> None:
    logged_in(shop, liar)
    assert log_out(shop, liar) == 200
    assert shop.me().status_code == 401
    assert shop.reasons(EventKind.SIGNED_OUT) == ["back_channel"]
    logged_in(shop, liar)
    assert log_out(shop, liar) == 400  # the same token once more
    assert shop.me().status_code == 200
    assert log_out(shop, liar, jti="2", sid=None) == 200  # all of that subject
    assert shop.me().status_code == 401


WRONG: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "alg_none": ("token_algorithm", {}, {"alg": "none", "key": None, "kid": None}),
    "no_event": ("event", {"events": None}, {}),
    "with_nonce": ("nonce", {"nonce": "n"}, {}),
    "wrong_alg": ("token_key", {}, {"alg": "HS256", "key": SECRET, "kid": None}),
    "wrong_aud": ("audience", {"aud": "another-client"}, {}),
    "wrong_event": ("event", {"events": {"http://schemas.openid.net/event/other": {}}}, {}),
    "wrong_iss": ("issuer", {"iss": "https://other.example"}, {}),
}


@pytest.mark.parametrize("what", WRONG)
def test_oidcc_client_test_rp_backchannel_rpinitlogout_that_is_wrong(
    shop: Shop, liar: Liar, what: str
) -> None:
    logged_in(shop, liar)
    reason, lies, signing = WRONG[what]
    assert log_out(shop, liar, signing, **lies) == 400
    assert [e.detail["why"] for e in shop.events if e.reason == "logout"] == [reason]
    assert shop.me().status_code == 200


@pytest.mark.parametrize("scopes", [["openid"], ["openid", "offline_access"]])
def test_tokens_go_with_the_session_that_they_were_given_for(liar: Liar, scopes: list[str]) -> None:
    """Back-Channel Logout 1.0, 2.7."""
    with opened(liar.provider(keep_tokens=True, scopes=scopes)) as shop:
        logged_in(shop, liar)
        mine = shop.me().json()["id"]
        assert log_out(shop, liar) == 200
        kept = shop.do(shop.guard.identities.stores.external_tokens.find, mine, "op")
        assert (kept is not None) is (len(scopes) == 2)


def test_what_hangs_on_a_session_is_told_that_it_ended(shop: Shop, liar: Liar) -> None:
    told: list[str] = []

    async def react(session: Session) -> None:
        told.append(session.id)

    identities = shop.guard.identities
    identities.endings.signed_out.append(react)
    front = {"iss": liar.issuer, "sid": "there"}
    ids = []
    for end in (
        lambda: log_out(shop, liar),
        lambda: shop.client.get("/auth/with/op/front-channel-logout", params=front),
        lambda: sign_out(shop),
    ):
        logged_in(shop, liar)
        (session,) = shop.do(identities.sessions.of, shop.me().json()["id"])
        ids.append(session.id)
        end()
    assert told == ids
    assert shop.reasons(EventKind.SIGNED_OUT) == ["back_channel", "front_channel", "session"]


MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "no id": ("jti", {"jti": None}),
    "an id that is none": ("jti", {"jti": 7}),
    "of nobody": ("subject", {"sub": None, "sid": None}),
    "of long ago": ("iat", {"iat": 1_700_000_000}),
    "of the future": ("iat", {"iat": 4_000_000_000, "exp": 4_000_000_300}),
    "expired": ("expired", {"exp": 1_700_000_000}),
    "never issued": ("iat", {"iat": None}),
    "a session that is none": ("subject", {"sid": 7}),
    "events as list": ("event", {"events": list(EVENT)}),
    "events as text": ("event", {"events": {next(iter(EVENT)): "yes"}}),
    "two audiences": ("audience", {"aud": [CLIENT, "another"]}),
}


@pytest.mark.parametrize("what", MORE)
def test_no_odd_logout_token_ends_anything(shop: Shop, liar: Liar, what: str) -> None:
    logged_in(shop, liar)
    reason, lies = MORE[what]
    assert log_out(shop, liar, **lies) == 400
    assert [e.detail["why"] for e in shop.events if e.reason == "logout"] == [reason]
    assert shop.me().status_code == 200


@pytest.mark.parametrize("kind", ["JWT", None, "at+jwt", "logout+jwt"])
def test_a_logout_token_says_that_it_is_one(liar: Liar, kind: str | None) -> None:
    """ASVS 5.0 V10.5.5; Back-Channel Logout 1.0, 2.4 recommends it."""
    for lax in (False, True):
        with opened(liar.provider(untyped_logout=lax)) as shop:
            logged_in(shop, liar)
            good = kind == "logout+jwt" or (lax and kind != "at+jwt")
            assert log_out(shop, liar, {"header": {"typ": kind}}) == (200 if good else 400)
            assert shop.me().status_code == (401 if good else 200)


def test_an_id_token_is_no_logout_token(shop: Shop, liar: Liar) -> None:
    logged_in(shop, liar)
    token = liar.signed(liar.claims(sid="there"))
    path = "/auth/with/op/back-channel-logout"
    for form in ({"logout_token": token}, {}, {"logout_token": [token, token]}):
        assert shop.client.post(path, data=form).status_code == 400
    assert shop.client.post(path, json={"logout_token": token}).status_code == 400
    assert shop.me().status_code == 200


# Front-channel logout


def test_oidcc_client_test_rp_frontchannel_rpinitlogout(shop: Shop, liar: Liar) -> None:
    logged_in(shop, liar)
    path = "/auth/with/op/front-channel-logout"
    wrong = {"iss": "https://other.example", "sid": "there"}
    assert shop.client.get(path, params=wrong).status_code == 400
    assert shop.client.get(path, params={"iss": liar.issuer}).status_code == 422
    assert shop.client.get(path, params={"iss": liar.issuer, "sid": "x"}).status_code == 200
    assert shop.me().status_code == 200
    answer = shop.client.get(path, params={"iss": liar.issuer, "sid": "there"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert shop.me().status_code == 401
