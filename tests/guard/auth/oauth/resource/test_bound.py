"""Tokens that are bound to their sender: RFC 9449, 4.3, 7, 9 and 11, RFC 8705, 3, RFC 9700, 2.2 and ASVS 5.0 V10.3.5."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from buckler.guard import CertificateHeader, DpopNonces, StoreError
from buckler.guard.auth.oauth.certificate import ClientCertificate
from buckler.guard.auth.oauth.dpop_nonces import SLOT
from tests.guard.asgi import Answer
from tests.guard.auth.oauth.certificates import (
    RFC_8705,
    RFC_8705_THUMBPRINT,
    certificate,
    der,
    pem,
    text,
)
from tests.guard.auth.oauth.proofs import Maker, ath
from tests.guard.auth.oauth.resource.api import (
    BOUND,
    MAKER,
    METADATA,
    RESOURCE,
    Api,
    api,
    challenges,
    proof,
    token,
)
from tests.guard.auth.tokens import NOW, Clock

SECRET = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"
TOKEN = token(**BOUND)


def refused(answer: Answer, error: str, scheme: str = "DPoP") -> None:
    assert answer.status == 401, answer.body
    told = challenges(answer)
    assert next(iter(told)) == scheme
    assert told[scheme]["error"] == error
    assert told[scheme]["resource_metadata"] == METADATA
    assert "ES256" in told["DPoP"]["algs"].split()
    assert [one for one in told if "error" in told[one]] == [scheme]


def test_a_proof_by_the_key_of_the_token() -> None:
    answer = api().dpop(TOKEN, proof(TOKEN))
    assert (answer.status, answer.header("dpop-nonce")) == (200, None)


def test_the_scheme_in_any_case() -> None:
    made = api()
    for number, scheme in enumerate(("dpop", "DPOP", "dPoP")):
        headers = {"authorization": f"{scheme} {TOKEN}", "dpop": proof(TOKEN, jti=str(number))}
        assert made.get(headers).status == 200


def test_a_bound_token_as_bearer_is_refused() -> None:
    # RFC 9449, 7.2: a protected resource MUST reject it, with a proof or without.
    made = api()
    refused(made.bearer(TOKEN), "invalid_token", "Bearer")
    headers = {"authorization": f"Bearer {TOKEN}", "dpop": proof(TOKEN)}
    refused(made.get(headers), "invalid_token", "Bearer")
    assert made.reasons() == [("token.refused", "downgrade")] * 2


def test_a_token_that_is_not_bound_as_one_of_dpop() -> None:
    text = token()
    made = api()
    refused(made.dpop(text, proof(text)), "invalid_token")
    assert made.bearer(text).status == 200


def test_a_proof_is_needed_and_one_alone() -> None:
    made = api()
    refused(made.dpop(TOKEN, None), "invalid_dpop_proof")
    two = [("authorization", f"DPoP {TOKEN}"), ("dpop", proof(TOKEN)), ("dpop", proof(TOKEN))]
    refused(made.get(two), "invalid_dpop_proof")
    refused(made.dpop(TOKEN, ""), "invalid_dpop_proof")
    refused(made.dpop(TOKEN, "nonsense"), "invalid_dpop_proof")


def test_a_proof_by_another_key() -> None:
    # RFC 9449, 7.1: the public key of the proof has to be the one that the token is bound to.
    made = api()
    refused(made.dpop(TOKEN, proof(TOKEN, maker=Maker())), "invalid_token")
    assert made.reasons() == [("token.refused", "binding")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ath": ath("other")}, "token"),
        ({"ath": None}, "token"),
        ({"htm": "POST"}, "method"),
        ({"htu": RESOURCE + "/any"}, "address"),
        ({"htu": "https://other.example/orders"}, "address"),
        ({"htu": "http://api.example/orders"}, "address"),
        ({"htu": "http://shop.example/orders"}, "address"),
        ({"iat": NOW - 61}, "expired"),
        ({"iat": NOW + 11}, "future"),
        ({"iat": None}, "claim"),
        ({"jti": None}, "claim"),
    ],
)
def test_a_proof_for_something_else(changes: dict[str, Any], reason: str) -> None:
    made = api()
    refused(made.dpop(TOKEN, proof(TOKEN, **changes)), "invalid_dpop_proof")
    assert made.reasons() == [("token.refused", reason)]


def test_the_address_is_the_one_that_is_configured() -> None:
    # Whatever Host says: a proof made for another server's address does not count here.
    made = api()
    headers = {
        "host": "evil.example",
        "authorization": f"DPoP {TOKEN}",
        "dpop": proof(TOKEN, htu="https://evil.example/orders"),
    }
    refused(made.get(headers), "invalid_dpop_proof")
    assert made.dpop(TOKEN, proof(TOKEN), query=b"page=2").status == 200


def test_an_application_below_a_path() -> None:
    made = api()
    behind = {"htu": RESOURCE + "/v1/orders"}
    assert made.dpop(TOKEN, proof(TOKEN, **behind), root_path="/v1").status == 200
    refused(made.dpop(TOKEN, proof(TOKEN), root_path="/v1"), "invalid_dpop_proof")


def test_a_proof_counts_once() -> None:
    # RFC 9449, 11.1.
    made = api()
    assert made.dpop(TOKEN, proof(TOKEN)).status == 200
    refused(made.dpop(TOKEN, proof(TOKEN)), "invalid_dpop_proof")
    assert made.reasons() == [("token.refused", "replayed")]
    assert made.dpop(TOKEN, proof(TOKEN, jti="proof-2")).status == 200
    made.clock.now = NOW + 59
    refused(made.dpop(TOKEN, proof(TOKEN)), "invalid_dpop_proof")


def test_a_proof_that_was_refused_was_not_used() -> None:
    made = api()
    text = token(**BOUND, scope="profile")
    assert made.dpop(text, proof(text, path="/paid")).status == 401
    assert made.dpop(text, proof(text, path="/any"), "/any").status == 200


def test_several_rules_on_one_route_look_at_one_proof_once() -> None:
    app = FastAPI()
    made = api(app=app)
    router = APIRouter(dependencies=[made.server.requires("profile")])

    @router.get("/both", dependencies=[made.server.requires("orders:read")])
    async def both() -> str:
        return "both"

    app.include_router(router)
    assert made.dpop(TOKEN, proof(TOKEN, path="/both"), "/both").status == 200
    text = token(**BOUND, scope="profile")
    refused_there = made.dpop(text, proof(text, path="/both", jti="2"), "/both")
    assert refused_there.status == 403
    assert challenges(refused_there)["DPoP"]["scope"] == "orders:read"


class Broken:
    async def first(self, key: str, until: float) -> bool:
        raise StoreError("gone")


def test_nobody_passes_where_nobody_knows_what_came_before() -> None:
    made = api(replays=Broken())
    answer = made.dpop(TOKEN, proof(TOKEN))
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.header("www-authenticate") is None
    assert made.reasons() == [("application.failed", "replays")]


def demanding(clock: Clock | None = None) -> Api:
    ticking = clock or Clock()
    given = DpopNonces(SECRET, "resource server", clock=ticking)
    return api(nonces=given, clock=ticking)


def test_a_nonce_is_demanded_and_given() -> None:
    # RFC 9449, 9.
    made = demanding()
    answer = made.dpop(TOKEN, proof(TOKEN))
    refused(answer, "use_dpop_nonce")
    given = answer.header("dpop-nonce")
    assert given
    assert made.reasons() == []
    refused(made.dpop(TOKEN, proof(TOKEN, nonce="of-somebody-else")), "use_dpop_nonce")
    again = made.dpop(TOKEN, proof(TOKEN, nonce=given))
    assert (again.status, again.header("dpop-nonce")) == (200, None)


def test_the_next_nonce_comes_with_an_answer() -> None:
    # RFC 9449, 8.2.
    clock = Clock()
    made = demanding(clock)
    given = made.dpop(TOKEN, proof(TOKEN)).header("dpop-nonce")
    clock.now += SLOT
    late = proof(TOKEN, nonce=given, iat=clock.now)
    answer = made.dpop(TOKEN, late)
    assert answer.status == 200
    following = answer.header("dpop-nonce")
    assert following not in (None, given)
    clock.now += SLOT
    assert made.dpop(TOKEN, proof(TOKEN, nonce=given, iat=clock.now, jti="3")).status == 401
    assert made.dpop(TOKEN, proof(TOKEN, nonce=following, iat=clock.now, jti="4")).status == 200


def test_a_server_that_takes_bound_tokens_alone() -> None:
    made = api(bound=True)
    answer = made.bearer(token())
    refused(answer, "invalid_token", "Bearer")
    assert made.reasons() == [("token.refused", "unbound")]
    assert list(challenges(made.get())) == ["DPoP"]
    by_certificate = CertificateHeader("x-cert", "haproxy", ["10.0.0.7"])
    either = api(bound=True, certificates=by_certificate)
    assert set(challenges(either.get())) == {"Bearer", "DPoP"}
    assert made.dpop(TOKEN, proof(TOKEN)).status == 200


OURS = {"cnf": {"x5t#S256": RFC_8705_THUMBPRINT}}


def with_certificate(made: Api, text: str, chain: list[str] | None) -> Answer:
    more: dict[str, Any] = {} if chain is None else {"tls": {"client_cert_chain": chain}}
    return made.bearer(text, extensions=more)


def test_a_token_that_is_bound_to_a_certificate() -> None:
    # RFC 8705, 3: another one, or none, MUST be refused with 401 and invalid_token.
    made = api()
    text = token(**OURS)
    assert with_certificate(made, text, [RFC_8705]).status == 200
    for chain in (None, [], [pem(certificate())], [pem(certificate()), RFC_8705], ["nonsense"]):
        refused(with_certificate(made, text, chain), "invalid_token", "Bearer")
    assert with_certificate(made, token(), [RFC_8705]).status == 200
    assert with_certificate(api(bound=True), text, [RFC_8705]).status == 200


def test_a_certificate_that_a_proxy_passes_on() -> None:
    header = CertificateHeader("x-cert", "haproxy", ["10.0.0.7"])
    made = api(certificates=header)
    one = certificate()
    thumbprint = ClientCertificate(der=der(one), verified=False).thumbprint
    bound = token(cnf={"x5t#S256": thumbprint})
    headers = {"authorization": f"Bearer {bound}", "x-cert": text(one)}
    assert made.get(headers, client="10.0.0.7").status == 200
    refused(made.get(headers, client="203.0.113.9"), "invalid_token", "Bearer")
    forwarded = {**headers, "x-forwarded-for": "10.0.0.7"}
    refused(made.get(forwarded, client="203.0.113.9"), "invalid_token", "Bearer")
    # Where a proxy stands before it, the server's own certificate is the proxy's.
    direct = made.bearer(
        bound, client="10.0.0.7", extensions={"tls": {"client_cert_chain": [pem(one)]}}
    )
    refused(direct, "invalid_token", "Bearer")


def test_a_token_that_is_bound_to_both_needs_both() -> None:
    made = api()
    text = token(cnf={"jkt": MAKER.thumbprint, "x5t#S256": RFC_8705_THUMBPRINT})
    chain = {"extensions": {"tls": {"client_cert_chain": [RFC_8705]}}}
    refused(made.dpop(text, proof(text)), "invalid_token")
    refused(made.dpop(text, None, **chain), "invalid_dpop_proof")
    assert made.dpop(text, proof(text), **chain).status == 200
