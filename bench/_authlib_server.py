"""Authlib's authorization server on Flask with one client and signed access tokens, for bench/oauth.py."""

from __future__ import annotations

import os
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask
from joserfc.jwk import ECKey

SECRET = os.environ["CLIENT_SECRET"]
KEY = ECKey.generate_key("P-256", {"kid": "bench", "alg": "ES256", "use": "sig"}, private=True)


class Client(ClientMixin):
    """The one client."""

    client_id = "bench"

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return False

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Generator(JWTBearerTokenGenerator):
    """Signed tokens (RFC 9068)."""

    def get_jwks(self) -> Any:
        return KEY

    def get_audiences(self, client: Any, user: Any, scope: Any) -> str:
        return "https://api.example/orders"


app = Flask(__name__)
app.config["OAUTH2_SCOPES_SUPPORTED"] = ["orders:read"]
server = AuthorizationServer(
    app,
    query_client=lambda client_id: Client() if client_id == "bench" else None,
    save_token=lambda token, request: None,
)
server.register_grant(grants.ClientCredentialsGrant)
server.register_token_generator(
    "default", Generator(issuer="http://127.0.0.1", alg="ES256", expires_generator=600)
)


@app.post("/oauth/token")
def token() -> Any:
    return server.create_token_response()
