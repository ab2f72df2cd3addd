"""A provider that says whatever a test wants, on loopback; its tokens are made by PyJWT."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from buckler.guard.auth.oauth.client import Provider

CLIENT = "the-client"
SECRET = "correct-horse-battery-staple-of-the-client"
FIRST = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECOND = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str, **more: str) -> dict[str, Any]:
    """The public half of a key as a JWK."""
    kind: Any = jwt.algorithms.ECAlgorithm if key is CURVE else jwt.algorithms.RSAAlgorithm
    found = json.loads(kind.to_jwk(key.public_key()))
    made = {"kty": found["kty"], **{n: found[n] for n in ("n", "e", "crv", "x", "y") if n in found}}
    return {**made, "kid": kid, "use": "sig", **more}


def half_hash(text: str) -> str:
    """``at_hash`` for SHA-256 (OpenID Connect Core, 3.1.3.6)."""
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Liar:
    """What it says, and what it was asked."""

    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    userinfo: Any = None
    replies: dict[str, Reply] = field(default_factory=dict)
    """By path: instead of what it would say."""
    requests: list[tuple[str, str, Mapping[str, str], str]] = field(default_factory=list)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def reset(self) -> None:
        """Be honest again."""
        self.metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        }
        self.keys = [public(FIRST, "first", alg="RS256"), public(CURVE, "curve", alg="ES256")]
        self.userinfo = {"sub": "ann"}
        for kept in (self.replies, self.requests, self.tokens, self.challenges):
            kept.clear()

    def claims(self, **lies: Any) -> dict[str, Any]:
        """Those of an ID token; a lie that is None leaves the claim out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "ann",
            "iat": now,
            "exp": now + 300,
            **lies,
        }
        return {name: value for name, value in honest.items() if value is not None}

    def signed(
        self,
        claims: Mapping[str, Any],
        *,
        key: Any = FIRST,
        alg: str = "RS256",
        kid: str | None = "first",
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A token."""
        named = {} if kid is None else {"kid": kid}
        return jwt.encode(dict(claims), key, algorithm=alg, headers={**named, **(header or {})})

    def sent_back(
        self,
        url: str,
        *,
        lies: Mapping[str, Any] | None = None,
        signing: Mapping[str, Any] | None = None,
        token: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Where the browser is sent back to from an authorization request.

        Args:
            url: Of the request.
            lies: In the ID token.
            signing: How it is signed.
            token: Lies in the answer of the token endpoint.
            query: Further parameters of the answer; an empty one is left out.
        """
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{len(self.tokens)}-{time.time_ns()}"
        claims = self.claims(**{"nonce": asked.get("nonce"), **(lies or {})})
        answer = {
            "access_token": "the-access-token",
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.signed(claims, **(signing or {})),
            **(token or {}),
        }
        self.tokens[code] = {name: one for name, one in answer.items() if one is not None}
        self.challenges[code] = asked["code_challenge"]
        said = {"code": code, "state": asked["state"], **(query or {})}
        fields = {name: value for name, value in said.items() if value}
        return f"{asked['redirect_uri']}?{urlencode(fields)}"

    def provider(self, name: str = "op", **more: Any) -> Provider:
        """As an application knows it."""
        options = {"client_secret": SECRET, "scopes": ("openid",), **more}
        return Provider(name, issuer=self.issuer, client_id=CLIENT, **options)

    def asked(self, path: str) -> list[tuple[str, Mapping[str, str], str]]:
        """Method, headers and body of the requests to a path."""
        return [(m, h, b) for m, p, h, b in self.requests if urlsplit(p).path == path]

    def reply(self, method: str, path: str, body: str) -> Reply:
        """What is answered to a request."""
        plain = urlsplit(path).path
        if plain in self.replies:
            return self.replies[plain]
        if plain == "/.well-known/openid-configuration":
            return self._json(200, self.metadata)
        if plain == "/jwks":
            return self._json(200, {"keys": self.keys})
        if plain == "/userinfo":
            return self._json(200, self.userinfo)
        if plain == "/token" and method == "POST":
            return self._redeemed(dict(parse_qsl(body)))
        return self._json(404, {"error": "not_found"})

    def _redeemed(self, form: dict[str, str]) -> Reply:
        answer = self.tokens.pop(form.get("code", form.get("refresh_token", "")), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if answer is None or self.challenges.get(form.get("code", ""), challenge) != challenge:
            return self._json(400, {"error": "invalid_grant", "error_description": "<script>"})
        return self._json(200, answer)

    def _json(self, status: int, value: Any) -> Reply:
        return status, {"content-type": "application/json"}, json.dumps(value).encode()


@contextmanager
def lying() -> Iterator[Liar]:
    """A provider, while it runs."""
    liar = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            liar.requests.append((self.command, self.path, headers, body))
            status, said, content = liar.reply(self.command, self.path, body)
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **said}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:  # whoever asked has heard enough
                self.close_connection = True

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        liar.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        liar.reset()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield liar
        finally:
            server.shutdown()
            thread.join()
