"""Rules where FastAPI wants them, with a guard and without one: routes, routers, mounts, websockets, OpenAPI."""

import asyncio
import json
import time
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler.guard import (
    AccessToken,
    AuthPolicy,
    DpopNonces,
    Guard,
    GuardError,
    JwtIssuer,
    MemoryStores,
    Principal,
    ResourceServer,
    SecurityEvent,
    authenticated,
    public,
)
from tests.guard.asgi import ask, get
from tests.guard.auth.oauth.resource.api import (
    BOUND,
    ISSUER,
    METADATA,
    RESOURCE,
    Api,
    api,
    challenges,
    local,
    proof,
    token,
)
from tests.guard.auth.tokens import Clock

SECRET = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"


def guarded(**options: Any) -> Api:
    """The API behind a guard; where it has no identities it denies by default all the same."""
    app = FastAPI(openapi_url=None)
    made = api(app=app)
    told: list[SecurityEvent] = []
    options = {"deny": True, "events": told.append, "rate": None} | options
    guard = Guard(app, **options)
    made.app.state.guard, made.app.state.told = guard, told
    return made


def test_routes_of_a_server_count_as_protected() -> None:
    made = guarded()
    assert made.bearer(token()).status == 200
    told = {entry.template: entry.words() for entry in made.app.state.guard.access_table()}
    assert told["/orders"] == "access token with orders:read"
    assert told["/written"] == "access token with orders:read and orders:write"
    assert told["/any"] == "access token"
    assert told["/paid"] == "access token with orders:read by phr or phrh shown within 300 s"
    assert told["/.well-known/oauth-protected-resource"] == "public"
    words = [word for word, _ in made.app.state.guard.weaknesses()]
    assert "no_identities" not in words


def test_a_route_that_says_nothing_still_stops_the_start() -> None:
    made = guarded()

    @made.app.get("/forgotten")
    async def forgotten() -> str:
        return "open"

    answer = made.bearer(token())
    assert isinstance(answer.error, GuardError)
    assert "/forgotten" in str(answer.error)


def test_beside_identities_each_decides_on_its_own_routes() -> None:
    made = guarded(
        secret=SECRET, database=MemoryStores(), auth=AuthPolicy(ways=["bearer", "session"])
    )

    @made.app.get("/me")
    async def me(who: Annotated[Principal, authenticated]) -> str:
        return who.name

    @made.app.get("/health", dependencies=[public])
    async def health() -> str:
        return "ok"

    assert made.bearer(token()).status == 200
    assert made.bearer(token(), "/me").status == 401
    assert made.get(path="/health").status == 200
    assert made.get().status == 401


def test_the_user_is_known_to_the_rest_of_guard() -> None:
    made = guarded()

    @made.app.get("/fails", dependencies=[made.server.requires()])
    async def fails() -> None:
        raise RuntimeError("inside")

    made.bearer(token(), "/fails")
    told = [event for event in made.app.state.told if event.kind == "application.failed"]
    assert [event.principal for event in told] == [f"{ISSUER} user-1"]


def test_the_challenge_is_not_lost_behind_a_guard() -> None:
    made = guarded()
    answer = made.bearer(token(), "/written")
    assert (answer.status, challenges(answer)["Bearer"]["error"]) == (403, "insufficient_scope")
    assert "application/problem+json" in (answer.header("content-type") or "")


def test_a_challenge_is_sent_as_it_is_whatever_it_names() -> None:
    # An API inside has an address inside, and what is wrong with a proof is told.
    app = FastAPI(openapi_url=None)
    server = ResourceServer("https://orders.shop.internal:8443", local(), clock=Clock())
    place = "https://orders.shop.internal:8443/.well-known/oauth-protected-resource"

    @app.get("/orders", dependencies=[server.requires()])
    async def orders() -> str:
        return "orders"

    Guard(app, deny=True, rate=None)
    text = token(**BOUND, aud="https://orders.shop.internal:8443")
    answer = get(app, "/orders", {"authorization": f"DPoP {text}"})
    assert challenges(answer)["DPoP"]["resource_metadata"] == place
    assert challenges(answer)["DPoP"]["error_description"] == "no DPoP proof"
    assert json.loads(answer.body)["error"] == "invalid_dpop_proof"


def test_a_nonce_reaches_answers_that_handlers_make_themselves() -> None:
    clock = Clock()
    nonces = DpopNonces(SECRET, "resource server", clock=clock)
    app = FastAPI(openapi_url=None)
    made = api(app=app, nonces=nonces, clock=clock)

    @app.get("/own", dependencies=[made.server.requires()])
    async def own() -> PlainTextResponse:
        return PlainTextResponse("own")

    Guard(app, deny=True, rate=None)
    old = nonces.current()
    clock.now += 180
    text = token(**BOUND)
    answer = made.dpop(text, proof(text, path="/own", nonce=old, iat=clock.now), "/own")
    assert (answer.status, answer.values("dpop-nonce")) == (200, [nonces.current()])


def test_dependencies_of_a_router_and_an_application() -> None:
    server = ResourceServer(RESOURCE, local())
    app = FastAPI(dependencies=[server.requires()])
    router = APIRouter(prefix="/in", dependencies=[server.requires("orders:read")])

    @router.get("/a")
    async def a() -> str:
        return "a"

    app.include_router(router)
    assert get(app, "/in/a").status == 401


def test_two_servers_on_one_route_both_decide() -> None:
    made = api()
    other = ResourceServer("https://other.example", local(), clock=made.clock)

    @made.app.get("/two", dependencies=[made.server.requires(), other.requires()])
    async def two() -> str:
        return "two"

    assert made.bearer(token(), "/two").status == 401
    assert made.bearer(token(aud=[RESOURCE, "https://other.example"]), "/two").status == 200


def test_what_is_mounted() -> None:
    made = api()
    inner = FastAPI()

    @inner.get("/report")
    async def report() -> str:
        return "report"

    made.app.mount("/reports", made.server.requires("orders:read")(inner))
    assert made.get(path="/reports/report").status == 401
    assert made.bearer(token(), "/reports/report").status == 200
    assert made.bearer(token(scope=""), "/reports/report").status == 403
    text = token(**BOUND)
    proved = proof(text, path="/reports/report")
    assert made.dpop(text, proved, "/reports/report").status == 200


def test_a_rule_that_would_do_nothing_is_refused() -> None:
    server = ResourceServer(RESOURCE, local())
    rule = server.requires("orders:read")

    async def handler() -> str:
        return "open"

    for wrong in (None, handler, ResourceServer, "text"):
        with pytest.raises(GuardError, match="does not go around"):
            rule(wrong)


def test_a_rule_inside_of_depends_lets_nobody_pass() -> None:
    server = ResourceServer(RESOURCE, local())
    app = FastAPI()

    @app.get("/a", dependencies=[Depends(server.requires())])
    async def a() -> str:
        return "open"

    for query in (b"", b"app=x"):
        answer = get(app, "/a", query=query)
        assert isinstance(answer.error, GuardError)


def test_websockets() -> None:
    made = api(clock=time.time)

    @made.app.websocket("/feed")
    async def feed(
        socket: WebSocket, token: Annotated[AccessToken, made.server.requires("orders:read")]
    ) -> None:
        await socket.accept()
        await socket.send_text(token.subject)
        await socket.close()

    now = int(time.time())
    good = token(iat=now, exp=now + 60)
    with TestClient(made.app) as client:
        headers = {"authorization": f"Bearer {good}"}
        with client.websocket_connect("/feed", headers=headers) as socket:
            assert socket.receive_text() == "user-1"
        for url, headers in (("/feed", {}), (f"/feed?access_token={good}", {})):
            with (
                pytest.raises(WebSocketDisconnect) as caught,
                client.websocket_connect(url, headers=headers),
            ):
                raise AssertionError
            assert caught.value.code == 1008


def test_openapi_names_the_issuers_addresses() -> None:
    issuer = local(
        authorization_endpoint="https://id.example/authorize",
        token_endpoint="https://id.example/token",
    )
    made = api(issuer, scopes={"orders:read": "Read orders", "orders:write": "Write orders"})
    document = made.app.openapi()
    assert document["components"]["securitySchemes"]["OAuth2"] == {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "https://id.example/authorize",
                "tokenUrl": "https://id.example/token",
                "refreshUrl": "https://id.example/token",
                "scopes": {"orders:read": "Read orders", "orders:write": "Write orders"},
            }
        },
    }
    assert document["paths"]["/orders"]["get"]["security"] == [{"OAuth2": ["orders:read"]}]
    assert document["paths"]["/any"]["get"]["security"] == [{"OAuth2": []}]
    assert "/.well-known/oauth-protected-resource" not in document["paths"]


def test_openapi_names_the_issuers_metadata_where_no_address_is_given() -> None:
    document = api().app.openapi()
    assert document["components"]["securitySchemes"]["OAuth2"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://id.example/.well-known/openid-configuration",
    }
    bound = api(bound=True).app.openapi()["components"]["securitySchemes"]["OAuth2"]
    assert bound == {"type": "http", "scheme": "dpop"}


def test_the_documentation_may_call_the_issuer_and_nobody_else() -> None:
    app = FastAPI()
    api(local(token_endpoint="https://tokens.id.example/token"), app=app)
    Guard(app, deny=True, docs="public", rate=None)
    policies = {
        path: dict(
            part.strip().split(" ", 1)
            for part in (get(app, path).header("content-security-policy") or "").split(";")
            if " " in part.strip()
        )
        for path in ("/docs", "/redoc", "/orders")
    }
    assert policies["/docs"]["connect-src"] == "'self' https://tokens.id.example"
    assert policies["/redoc"]["connect-src"] == "'self'"
    assert "tokens.id.example" not in str(policies["/orders"])


def test_openapi_beside_identities() -> None:
    app = FastAPI()
    made = api(app=app)
    Guard(app, secret=SECRET, database=MemoryStores(), docs="public", rate=None)

    @app.get("/me")
    async def me(who: Annotated[Principal, authenticated]) -> str:
        return who.name

    assert asyncio.run(_started(made)) == 200
    document = app.openapi()
    assert document["paths"]["/orders"]["get"]["security"] == [{"OAuth2": ["orders:read"]}]
    assert "OAuth2" not in str(document["paths"]["/me"]["get"]["security"])


async def _started(made: Api) -> int:
    headers = {"authorization": f"Bearer {token()}"}
    return (await ask(made.app, "GET", "/orders", headers)).status


def test_the_metadata() -> None:
    # RFC 9728, 2 and 3.
    made = api(
        JwtIssuer("https://other.example/realm"),
        local(),
        scopes={"orders:read": "", "orders:write": "", "profile": ""},
        name="Orders",
        documentation="https://docs.example",
    )
    answer = made.get(path="/.well-known/oauth-protected-resource")
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert METADATA.endswith("/.well-known/oauth-protected-resource")
    found = json.loads(answer.body)
    assert "ES256" in found.pop("dpop_signing_alg_values_supported")
    assert found == {
        "resource": RESOURCE,
        "authorization_servers": ["https://other.example/realm", ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["orders:read", "orders:write", "profile"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs.example",
    }


def test_the_metadata_of_a_resource_with_a_path() -> None:
    server = ResourceServer("https://api.example/v1/", local(), bound=True)
    app = FastAPI()
    app.include_router(server.router())
    answer = get(app, "/.well-known/oauth-protected-resource/v1")
    assert answer.status == 200
    assert b'"resource":"https://api.example/v1/"' in answer.body
    assert b'"dpop_bound_access_tokens_required":true' in answer.body
