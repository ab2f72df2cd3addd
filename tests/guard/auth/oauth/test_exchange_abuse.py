"""Token exchange that tries to grow, and introspection by who may not (RFC 8693, 5; RFC 7662, 4; CWE-269, CWE-441)."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from buckler.guard import CertificateHeader
from buckler.guard.auth.oauth.server.client import CREDENTIALS, EXCHANGE, REFRESH, OAuthClient
from tests.guard.auth.oauth.certificates import certificate
from tests.guard.auth.oauth.proofs import Maker
from tests.guard.auth.oauth.scene import ISSUER, POLICY, SPA, WEB, Scene, basic, opened

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ORDERS, OTHER = "https://api.example/orders", "https://api.example/other"
BACKEND = replace(
    WEB, id="backend", grants=[CREDENTIALS, EXCHANGE], scopes=["openid", "orders:read"]
)
API = replace(BACKEND, id="api", resources=[ORDERS, OTHER], introspects=True)
NEXT = replace(BACKEND, id="next", resources=[OTHER], introspects=True)
LISTED = replace(BACKEND, id="listed", exchange_from=["web"], scopes=["openid", "email"])
OWN = replace(WEB, id="own", grants=[*WEB.grants, EXCHANGE], redirect_uris=["https://own.example/"])
FREES = replace(API, id="frees", exchange_to_bearer=True)
CERTIFIED = replace(API, id="certified", bound_to_certificate=True)
SPEAKS = replace(BACKEND, id="speaks", introspects=True)
FULL = "openid email orders:read orders:write"


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    policy = replace(POLICY, certificate_header=CertificateHeader("x-cert", "haproxy", ["unix"]))
    clients = (WEB, SPA, BACKEND, API, NEXT, LISTED, OWN, FREES, CERTIFIED, SPEAKS)
    with opened(*clients, policy=policy) as found:
        found.account()
        yield found


def tokens(scene: Scene, client: OAuthClient = WEB, **asked: str) -> dict[str, Any]:
    code = scene.code(client, **{"scope": FULL, **asked})
    more = {"resource": asked["resource"]} if "resource" in asked else {}
    return scene.redeem(code, client, **more).json()


def exchange(scene: Scene, client: OAuthClient, token: str, **form: Any) -> Any:
    whole = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS,
        **form,
    }
    return scene.token(client, **whole)


def claims(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    return jwt.decode(token, options={"verify_signature": False})


def test_what_a_service_gets_for_a_token_that_was_sent_to_it(scene: Scene) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    before = jwt.decode(subject, options={"verify_signature": False})
    said = claims(exchange(scene, API, subject))
    assert said["sub"] == before["sub"] and said["client_id"] == "api"
    assert said["act"] == {"sub": "api"}
    assert said["exp"] <= before["exp"] and said["aud"] == ORDERS and said["scope"] == "orders:read"


def test_who_may_not_exchange_a_token(scene: Scene) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    for client in (BACKEND, NEXT):
        answer = exchange(scene, client, subject)
        assert answer.json()["error"] == "invalid_request"
    assert exchange(scene, WEB, subject).json()["error"] == "unauthorized_client"
    public = scene.token(SPA, grant_type=EXCHANGE, subject_token=subject, subject_token_type=ACCESS)
    assert public.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "orders:read orders:write"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"resource": OTHER}, "invalid_target"),
        ({"audience": OTHER}, "invalid_target"),
        ({"audience": "https://nowhere.example"}, "invalid_target"),
        ({"resource": [ORDERS, "https://nowhere.example"]}, "invalid_target"),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            "invalid_request",
        ),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        (
            {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            "invalid_request",
        ),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"actor_token_type": ACCESS}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS}, "invalid_request"),
    ],
)
def test_no_token_grows(scene: Scene, form: dict[str, Any], error: str) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    assert exchange(scene, API, subject, **form).json()["error"] == error


def test_no_scope_that_the_client_may_not_have_and_none_that_the_token_had_not(
    scene: Scene,
) -> None:
    said = claims(exchange(scene, LISTED, tokens(scene)["access_token"]))
    assert set(said["scope"].split()) == {"openid", "email"}
    less = claims(exchange(scene, LISTED, tokens(scene, scope="openid")["access_token"]))
    assert less["scope"] == "openid"


def test_a_life_that_is_no_longer(scene: Scene) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    scene.clock.ahead = 500
    try:
        answer = exchange(scene, API, subject)
        assert answer.json()["expires_in"] <= 100
        again = exchange(scene, API, answer.json()["access_token"])
        assert again.json()["expires_in"] <= 100
        scene.clock.ahead = 601
        assert exchange(scene, API, subject).json()["error"] == "invalid_request"
    finally:
        scene.clock.ahead = 0.0


def test_no_refresh_token_and_no_id_token(scene: Scene) -> None:
    whole = tokens(scene)
    for token in (whole["refresh_token"], whole["id_token"], "nonsense", "bat_x"):
        assert exchange(scene, LISTED, token).json()["error"] == "invalid_request"
    said = exchange(scene, LISTED, whole["access_token"]).json()
    assert not {"refresh_token", "id_token"} & said.keys()
    assert said["issued_token_type"] == ACCESS


def proven(maker: Maker, client: OAuthClient) -> dict[str, str]:
    """The headers of a client that shows a key."""
    url = f"{ISSUER}/oauth/token"
    made = maker.proof(htm="POST", htu=url, iat=int(time.time()), jti=secrets.token_hex(8))
    return {"DPoP": made, **basic(client)}


def bound_token(scene: Scene, maker: Maker, client: OAuthClient, **asked: str) -> str:
    """An access token that is bound to a key."""
    code = scene.code(client, **asked)
    answer = scene.form(
        "/oauth/token",
        headers=proven(maker, client),
        grant_type="authorization_code",
        code=code,
        redirect_uri=client.redirect_uris[0],
        code_verifier=scene.verifier,
        **({"resource": asked["resource"]} if "resource" in asked else {}),
    )
    made: str = answer.json()["access_token"]
    return made


def test_a_holder_without_the_key(scene: Scene) -> None:
    maker, thief = Maker(), Maker()
    bound = bound_token(scene, maker, OWN)
    form = {"grant_type": EXCHANGE, "subject_token": bound, "subject_token_type": ACCESS}
    for headers in (basic(OWN), proven(thief, OWN)):
        answer = scene.form("/oauth/token", headers=headers, **form)
        assert answer.json()["error"] == "invalid_request"
    answer = scene.form("/oauth/token", headers=proven(maker, OWN), **form)
    assert answer.json()["token_type"] == "DPoP"


def test_a_bound_token_does_not_become_one_that_anybody_can_use(scene: Scene) -> None:
    maker, service = Maker(), Maker()
    bound = bound_token(scene, maker, WEB, scope="openid orders:read", resource=ORDERS)
    answer = exchange(scene, API, bound)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    # The service has the key of its own calls, not its caller's.
    form = {"grant_type": EXCHANGE, "subject_token": bound, "subject_token_type": ACCESS}
    answer = scene.form("/oauth/token", headers=proven(service, API), **form)
    assert (answer.json()["token_type"], claims(answer)["cnf"]) == (
        "DPoP",
        {"jkt": service.thumbprint},
    )
    # And on the way to the next one it stays so.
    again = exchange(scene, FREES, answer.json()["access_token"])
    assert "cnf" not in claims(again) and again.json()["token_type"] == "Bearer"
    answer = exchange(scene, NEXT, answer.json()["access_token"], resource=OTHER)
    assert answer.json()["error"] == "invalid_request"


def test_a_token_that_is_bound_to_a_certificate_stays_bound(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As over a Unix socket.
    transport: Any = scene.browser._transport
    monkeypatch.setattr(transport, "client", None)
    shown = certificate("CN=service").public_bytes(Encoding.DER)
    header = {"x-cert": base64.b64encode(shown).decode()}
    plain = tokens(scene, resource=ORDERS)["access_token"]
    form = {"grant_type": EXCHANGE, "subject_token_type": ACCESS}
    with_certificate = {**header, **basic(CERTIFIED)}
    first = scene.form("/oauth/token", headers=with_certificate, subject_token=plain, **form)
    assert list(claims(first)["cnf"]) == ["x5t#S256"]
    token = first.json()["access_token"]
    assert exchange(scene, API, token).json()["error"] == "invalid_request"
    answer = scene.form("/oauth/token", headers=proven(Maker(), API), subject_token=token, **form)
    assert list(claims(answer)["cnf"]) == ["jkt"]


def test_the_actors_own_token_is_shown_with_its_key(scene: Scene) -> None:
    maker = Maker()
    subject = tokens(scene, resource=ORDERS)["access_token"]
    answer = scene.form("/oauth/token", headers=proven(maker, API), grant_type=CREDENTIALS)
    form = {
        "grant_type": EXCHANGE,
        "subject_token": subject,
        "subject_token_type": ACCESS,
        "actor_token": answer.json()["access_token"],
        "actor_token_type": ACCESS,
    }
    for headers in (basic(API), proven(Maker(), API)):
        refused = scene.form("/oauth/token", headers=headers, **form)
        assert refused.json()["error"] == "invalid_request"
    assert scene.form("/oauth/token", headers=proven(maker, API), **form).status_code == 200


def test_actors_do_not_stand_behind_each_other_without_end(scene: Scene) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    depth = 0
    while depth < 10:
        answer = exchange(scene, API, subject)
        if answer.status_code != 200:
            break
        subject, depth = answer.json()["access_token"], depth + 1
    assert (depth, answer.json()["error"]) == (4, "invalid_request")


def test_the_actor_is_who_asks(scene: Scene) -> None:
    subject = tokens(scene, resource=ORDERS)["access_token"]
    other = scene.token(NEXT, grant_type=CREDENTIALS).json()["access_token"]
    form = {"actor_token": other, "actor_token_type": ACCESS}
    assert exchange(scene, API, subject, **form).json()["error"] == "invalid_request"
    own = scene.token(API, grant_type=CREDENTIALS).json()["access_token"]
    said = claims(exchange(scene, API, subject, actor_token=own, actor_token_type=ACCESS))
    assert said["act"]["sub"] == "api"


def test_what_was_revoked_is_not_exchanged_and_what_came_of_it_ends(scene: Scene) -> None:
    whole = tokens(scene)
    made = exchange(scene, LISTED, whole["access_token"]).json()["access_token"]
    header = {"Authorization": f"Bearer {made}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 200
    ended = scene.form("/oauth/revoke", headers=basic(WEB), token=whole["refresh_token"])
    assert ended.status_code == 200
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 401
    assert exchange(scene, LISTED, whole["access_token"]).json()["error"] == "invalid_request"


def test_claims_that_were_asked_for_by_name_stay_with_who_asked(scene: Scene) -> None:
    whole = tokens(scene, scope="openid", claims='{"userinfo": {"email": null}}', prompt="consent")

    def info(token: str) -> set[str]:
        header = {"Authorization": f"Bearer {token}"}
        return set(scene.browser.get("/oauth/userinfo", headers=header).json())

    assert info(whole["access_token"]) == {"sub", "email"}
    made = exchange(scene, LISTED, whole["access_token"]).json()["access_token"]
    assert info(made) == {"sub"}


def introspected(scene: Scene, client: OAuthClient, token: str) -> dict[str, Any]:
    named = {} if client.secret else {"client_id": client.id}
    answer = scene.form("/oauth/introspect", headers=basic(client), token=token, **named)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()


def test_who_may_not_ask_learns_nothing(scene: Scene) -> None:
    whole = tokens(scene, resource=ORDERS)
    for client in (SPA, BACKEND, NEXT, SPEAKS):
        for name in ("access_token", "refresh_token"):
            assert introspected(scene, client, whole[name]) == {"active": False}
    said = introspected(scene, API, whole["access_token"])
    assert said["active"] is True and said["scope"] == "orders:read" and "sid" not in said
    # A server of resources is no holder of refresh tokens.
    assert introspected(scene, API, whole["refresh_token"]) == {"active": False}
    assert introspected(scene, WEB, whole["refresh_token"])["active"] is True
    assert introspected(scene, API, whole["id_token"]) == {"active": False}


def test_a_token_for_the_servers_own_audience(scene: Scene) -> None:
    token = tokens(scene)["access_token"]
    assert introspected(scene, SPEAKS, token)["active"] is True
    for client in (API, BACKEND):
        assert introspected(scene, client, token) == {"active": False}


def test_who_may_not_revoke(scene: Scene) -> None:
    whole = tokens(scene)
    for name in ("access_token", "refresh_token"):
        answer = scene.form("/oauth/revoke", headers=basic(BACKEND), token=whole[name])
        assert answer.json()["error"] == "invalid_grant"
    again = scene.token(grant_type=REFRESH, refresh_token=whole["refresh_token"])
    assert again.status_code == 200
