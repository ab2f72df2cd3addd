"""An OpenID provider of Authlib on Flask, run by an interpreter that has both; it prints its address."""

from __future__ import annotations

import time
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc.jwk import ECKey

KEY = ECKey.generate_key("P-256", {"kid": "authlib", "alg": "ES256", "use": "sig"}, private=True)
SECRET = "a secret of the client: +%/"
CODES: dict[str, Any] = {}
TOKENS: list[Any] = []
SEEN: set[str] = set()
ISSUER = ""


class Person:
    """The one account."""

    id = "ann"

    def get_user_id(self) -> str:
        return self.id


class Client(ClientMixin):
    """One that has to show who it is in one way."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_client_id(self) -> str:
        return self.name

    def get_default_redirect_uri(self) -> str:
        return f"https://testserver/auth/with/{self.name}/callback"

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == {"basic": "client_secret_basic", "post": "client_secret_post"}.get(
            self.name, "none"
        )

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


class Code(AuthorizationCodeMixin):
    """A code."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.auth_time)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Token(TokenMixin):
    """A token."""

    revoked = False

    def __init__(self, client_id: str, values: dict[str, Any]) -> None:
        self.client_id = client_id
        self.__dict__.update(values)
        self.made = time.time()

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return str(self.scope)

    def get_expires_in(self) -> int:
        return int(self.expires_in)

    def is_expired(self) -> bool:
        return time.time() > self.made + self.expires_in

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> Person:
        return Person()


class CodeGrant(grants.AuthorizationCodeGrant):
    """Codes are kept here."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        SEEN.add(asked.get("nonce"))
        CODES[code] = Code(
            code=code,
            client_id=request.client.get_client_id(),
            redirect_uri=request.payload.redirect_uri,
            scope=request.payload.scope,
            nonce=asked.get("nonce"),
            code_challenge=asked.get("code_challenge"),
            code_challenge_method=asked.get("code_challenge_method"),
            auth_time=time.time(),
        )

    def query_authorization_code(self, code: str, client: Client) -> Any:
        found = CODES.get(code)
        return found if found is not None and found.client_id == client.get_client_id() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        CODES.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code: Code) -> Person:
        return Person()


class RefreshGrant(grants.RefreshTokenGrant):
    """A refresh token is good for one use."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        found = [one for one in TOKENS if getattr(one, "refresh_token", "") == refresh_token]
        return next((one for one in found if not one.revoked), None)

    def authenticate_user(self, refresh_token: Token) -> Person:
        return Person()

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.revoked = True


class OpenID(OpenIDCode):
    """ID tokens."""

    def resolve_client_private_key(self, client: Client) -> Any:
        return KEY

    def get_client_algorithm(self, client: Client) -> str:
        return "ES256"

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": ISSUER, "aud": [client.get_client_id()]}

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "ES256", "kid": "authlib"}

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return nonce in SEEN

    def generate_user_info(self, user: Person, scope: str) -> Any:
        return UserInfo(sub=user.id)


class Validator(BearerTokenValidator):
    """Access tokens that are known."""

    def authenticate_token(self, token_string: str) -> Any:
        return next((one for one in TOKENS if one.access_token == token_string), None)


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(
    app,
    query_client=lambda name: Client(name) if name in ("basic", "post", "public") else None,
    save_token=lambda token, request: TOKENS.append(Token(request.client.get_client_id(), token)),
)
server.register_grant(CodeGrant, [CodeChallenge(required=True), OpenID(require_nonce=True)])
server.register_grant(RefreshGrant)
protect = ResourceProtector()
protect.register_token_validator(Validator())


@app.get("/.well-known/openid-configuration")
def metadata() -> Any:
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        userinfo_endpoint=f"{ISSUER}/userinfo",
        jwks_uri=f"{ISSUER}/jwks",
        id_token_signing_alg_values_supported=["ES256"],
        token_endpoint_auth_methods_supported=list(CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS),
    )


@app.get("/jwks")
def jwks() -> Any:
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get("/authorize")
def authorize() -> Any:
    person = Person()
    grant = server.get_consent_grant(end_user=person)
    return server.create_authorization_response(request=request, grant_user=person, grant=grant)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.get("/userinfo")
@protect("openid")
def userinfo() -> Any:
    return jsonify(sub="ann", email="ann@mail.example", email_verified=True)


class Silent(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, *args: Any) -> None:
        """Nothing."""


with make_server("127.0.0.1", 0, app, handler_class=Silent) as listening:
    ISSUER = f"http://127.0.0.1:{listening.server_port}"
    print(ISSUER, flush=True)
    listening.serve_forever()
