"""Clients: what may ask for tokens, and how it shows who it is (RFC 7591, 2, names the metadata).

Threat: a client that may do more than it needs (RFC 9700, 2.1.2, 2.4; ASVS 5.0 V10.4.4, V10.4.11), and a secret that is
kept so that it can be read (CWE-256): of a secret only its SHA-256 is kept, since it has 256 random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from buckler.guard.auth.jwt.strength import check_guessable
from buckler.guard.auth.oauth import redirect_uri
from buckler.guard.auth.oauth.dpop import PRIVATE
from buckler.guard.auth.oauth.scope import is_scope
from buckler.guard.options import GuardError, flag, texts

CODE: Final = "authorization_code"
REFRESH: Final = "refresh_token"
CREDENTIALS: Final = "client_credentials"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
PASSWORD: Final = "password"  # noqa: S105 - the grant
IMPLICIT: Final = "implicit"
GRANTS: Final = (CODE, REFRESH, CREDENTIALS, DEVICE, EXCHANGE, PASSWORD, IMPLICIT)
MODES: Final = ("query", "fragment", "form_post")
METHODS: Final = (
    *("none", "client_secret_basic", "client_secret_post", "private_key_jwt"),
    *("tls_client_auth", "self_signed_tls_client_auth"),
)
ID_TOKEN_ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
SHORTEST: Final = 32
LONGEST: Final = 200
_ID: Final = re.compile(r"[\x21-\x7E]{1,200}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_BY_SECRET: Final = frozenset(("client_secret_basic", "client_secret_post"))
_LISTS: Final = (
    *("redirect_uris", "grants", "scopes", "resources", "post_logout_redirect_uris"),
    *("contacts", "exchange_from", "response_modes"),
)


def new_secret() -> str:
    """A secret of 256 random bits, for a client that is told it once."""
    return random.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A client.

    Attributes:
        id: ``client_id``.
        name: For people, on the page where they agree.
        redirect_uris: Where answers go, character by character.
        grants: That it may use: ``authorization_code``, ``refresh_token``, ``client_credentials``, the device grant
            (RFC 8628), token exchange (RFC 8693); ``password`` and ``implicit`` for those who must.
        auth: How it shows who it is at the token endpoint; ``none`` for what runs at its user's (RFC 6749, 2.1).
        secret: Its secret, or several while one is replaced; kept as digests. Not in ``repr``.
        jwks: Its public keys (RFC 7517), for ``private_key_jwt`` and ``self_signed_tls_client_auth``.
        jwks_uri: Where they are instead; fetched through egress.
        certificate: For ``tls_client_auth`` (RFC 8705, 2.1.2): one of ``subject_dn``, ``san_dns``, ``san_uri``, ``san_ip``,
            ``san_email`` and its value.
        scopes: That it may ask for.
        resources: That its tokens may be for (RFC 8707), beside the server's own audience.
        native: Whether it is an application on its user's machine: loopback addresses with any port, schemes of its own.
        first_party: Whether its users are not asked to agree: it is the same people's as the server.
        require_dpop: Whether its tokens are bound to a key (RFC 9449, 5.2).
        bound_to_certificate: Whether they are bound to its certificate (RFC 8705, 3).
        require_par: Whether its authorization requests come pushed alone (RFC 9126, 6).
        response_modes: How answers may get to its address (ASVS 5.0 V10.4.12): ``query``, ``fragment``, ``form_post``.
        opaque: Whether its access tokens say nothing by themselves.
        introspects: Whether it is a resource server that may ask what others' tokens say (RFC 7662).
        exchange_from: Clients whose tokens it may exchange (RFC 8693); ``*`` for all.
        exchange_to_bearer: Whether tokens that it was sent, bound to their sender, may become ones that need no key.
        id_token_alg: Of its ID tokens.
        post_logout_redirect_uris: Where its users may go after signing out.
        backchannel_logout_uri: Where it is told that a session ended.
        default_max_age: Seconds since a sign-in after which its users sign in again, or None.
        contacts: Of who runs it.
        uri: Its home page, for the page where people agree.
        self_registered: Whether it registered itself and nobody vouched for it: an error leads to its
            address, silently asked for (``prompt=none``) or not, for who agreed to it before (RFC 9700, 4.11.2).
        disabled: Whether it gets nothing any more.

    Raises:
        GuardError: Something of it is wrong or does not go together.
    """

    id: str
    name: str = ""
    redirect_uris: Sequence[str] = ()
    grants: Sequence[str] = (CODE, REFRESH)
    auth: str = "none"
    secret: str | Sequence[str] = field(default=(), repr=False)
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str = ""
    certificate: tuple[str, str] | None = None
    scopes: Sequence[str] = ("openid", "profile", "email", "offline_access")
    resources: Sequence[str] = ()
    native: bool = False
    first_party: bool = False
    require_dpop: bool = False
    bound_to_certificate: bool = False
    require_par: bool = False
    response_modes: Sequence[str] = MODES
    opaque: bool = False
    introspects: bool = False
    exchange_from: Sequence[str] = ()
    exchange_to_bearer: bool = False
    id_token_alg: str = "RS256"  # noqa: S105 - an algorithm
    post_logout_redirect_uris: Sequence[str] = ()
    backchannel_logout_uri: str = ""
    default_max_age: int | None = None
    contacts: Sequence[str] = ()
    uri: str = ""
    self_registered: bool = False
    disabled: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            raise GuardError(
                f"client {self.id!r:.40}: no client_id", hint="printable ASCII, e.g. id='web'"
            )
        for name in _LISTS:
            object.__setattr__(self, name, tuple(texts(getattr(self, name), name, "...")))
        for item in fields(self):
            if isinstance(item.default, bool):
                flag(getattr(self, item.name), item.name)
        object.__setattr__(self, "secret", self._digests())
        self._check_words()
        self._check_addresses()
        self._check_credentials()
        self._check_dangerous()

    @property
    def public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749, 2.1)."""
        return self.auth == "none"

    def may(self, grant: str) -> bool:
        """Whether it may use a grant."""
        return grant in self.grants

    def is_redirect(self, uri: str) -> bool:
        """Whether answers may go to an address."""
        return redirect_uri.is_registered(uri, self.redirect_uris, native=self.native)

    def knows(self, secret: str) -> bool:
        """Whether a secret is one of its own, in the time that it takes whatever is compared."""
        digest = digest_of(secret)
        found = [hmac.compare_digest(digest, one) for one in self.secret]
        return any(found)

    def data(self) -> dict[str, str]:
        """All of it as texts, for a store."""
        written = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name != "id" and getattr(self, item.name) != item.default
        }
        return {"metadata": json.dumps(written, default=list, sort_keys=True)}

    @classmethod
    def read(cls, client_id: str, data: Mapping[str, str]) -> OAuthClient:
        """The client that :meth:`data` wrote.

        Raises:
            GuardError: It is none that this version takes.
        """
        known = {item.name for item in fields(cls)} - {"id"}
        values = {k: v for k, v in json.loads(data["metadata"]).items() if k in known}
        if values.get("certificate"):
            values["certificate"] = tuple(values["certificate"])
        return cls(id=client_id, **values)

    def _digests(self) -> tuple[str, ...]:
        given = (self.secret,) if isinstance(self.secret, str) else tuple(self.secret)
        kept = []
        for one in given:
            if isinstance(one, str) and _DIGEST.fullmatch(one):
                kept.append(one)
                continue
            if not isinstance(one, str) or len(one) < SHORTEST or not one.isascii():
                raise GuardError(
                    f"client {self.id}: a secret has {SHORTEST} ASCII characters at least",
                    hint="python -c 'import secrets; print(secrets.token_urlsafe(32))'",
                )
            check_guessable(one.encode())
            kept.append(digest_of(one))
        return tuple(kept)

    def _check_words(self) -> None:
        for grant in self.grants:
            if grant not in GRANTS:
                raise GuardError(
                    f"client {self.id}: there is no grant {grant!r:.60}",
                    hint=f"of {', '.join(GRANTS)}",
                )
        for mode in self.response_modes:
            if mode not in MODES:
                raise GuardError(
                    f"client {self.id}: there is no response mode {mode!r:.60}",
                    hint=f"of {', '.join(MODES)}",
                )
        if (
            not isinstance(self.name, str)
            or not self.name.isprintable()
            or len(self.name) > LONGEST
        ):
            raise GuardError(
                f"client {self.id}: its name is shown to people",
                hint=f"{LONGEST} printable characters at most, e.g. name='Web shop'",
            )
        age = self.default_max_age
        if age is not None and (type(age) is not int or age < 0):
            raise GuardError(
                f"client {self.id}: default_max_age is no number of seconds",
                hint="default_max_age=3600",
            )
        if self.auth not in METHODS:
            raise GuardError(
                f"client {self.id}: auth {self.auth!r:.60} is none",
                hint=f"of {', '.join(METHODS)}",
            )
        if self.id_token_alg not in ID_TOKEN_ALGORITHMS:
            raise GuardError(
                f"client {self.id}: id_token_alg {self.id_token_alg!r:.20}",
                hint=f"of {', '.join(ID_TOKEN_ALGORITHMS)}",
            )
        for scope in self.scopes:
            if not is_scope(scope):
                raise GuardError(
                    f"client {self.id}: {scope!r:.60} is no scope (RFC 6749, 3.3)",
                    hint="scopes=['orders:read']",
                )

    def _check_addresses(self) -> None:
        for uri in (*self.redirect_uris, *self.post_logout_redirect_uris):
            redirect_uri.check(uri, native=self.native)
        redirecting = not {CODE, IMPLICIT}.isdisjoint(self.grants)
        if redirecting and not self.redirect_uris:
            raise GuardError(
                f"client {self.id}: its grants answer to an address, and it has none",
                hint="redirect_uris=['https://app.example/callback'], or grants=['client_credentials']",
            )
        for name in ("jwks_uri", "backchannel_logout_uri", "uri"):
            uri = getattr(self, name)
            if uri:
                redirect_uri.check(uri, native=False)

    def _check_credentials(self) -> None:
        if self.auth in _BY_SECRET and not self.secret:
            raise GuardError(
                f"client {self.id}: {self.auth} needs a secret",
                hint="secret=os.environ['CLIENT_SECRET'], made by secrets.token_urlsafe(32)",
            )
        if self.auth not in _BY_SECRET and self.secret:
            raise GuardError(
                f"client {self.id}: a secret, and auth={self.auth!r} uses none",
                hint="auth='client_secret_basic'",
            )
        if self.jwks is not None:
            self._check_keys(self.jwks)
        keyed = self.auth in ("private_key_jwt", "self_signed_tls_client_auth")
        if keyed and not (self.jwks or self.jwks_uri):
            raise GuardError(
                f"client {self.id}: {self.auth} needs its public keys",
                hint="jwks={'keys': [...]}, or jwks_uri='https://...'",
            )
        if self.auth == "self_signed_tls_client_auth" and self.jwks is None:
            raise GuardError(
                f"client {self.id}: {self.auth} takes its keys from jwks alone",
                hint="jwks={'keys': [...]} with the key of its certificate",
            )
        if self.auth == "tls_client_auth" and self.certificate is None:
            raise GuardError(
                f"client {self.id}: tls_client_auth needs to know its certificate",
                hint="certificate=('san_dns', 'client.example')",
            )
        if self.certificate is not None:
            self._check_certificate(self.certificate)
        if self.public and CREDENTIALS in self.grants:
            raise GuardError(
                f"client {self.id}: anybody could be it (RFC 6749, 4.4)",
                hint="client_credentials needs auth='private_key_jwt' or a secret",
            )
        if self.public and EXCHANGE in self.grants:
            raise GuardError(
                f"client {self.id}: token exchange is for clients that show who they are",
                hint="auth='private_key_jwt' or a secret",
            )

    def _check_keys(self, jwks: Mapping[str, Any]) -> None:
        hint = (
            "jwks={'keys': [...]} with public keys alone (RFC 7591, 2), or jwks_uri='https://...'"
        )
        keys = jwks.get("keys")
        if self.jwks_uri or not isinstance(keys, list | tuple):
            raise GuardError(f"client {self.id}: jwks, or jwks_uri: one key set", hint=hint)
        for key in keys:
            if not isinstance(key, Mapping) or not PRIVATE.isdisjoint(key):
                raise GuardError(
                    f"client {self.id}: a key of its jwks is none, or not public", hint=hint
                )

    def _check_certificate(self, stated: object) -> None:
        from buckler.guard.auth.oauth.certificate import check_subject

        if not isinstance(stated, tuple) or len(stated) != 2:
            raise GuardError(
                f"client {self.id}: certificate is a kind of name and a name",
                hint="certificate=('san_dns', 'client.example')",
            )
        check_subject(*stated)

    def _check_dangerous(self) -> None:
        """What ASVS 5.0 V10.4.4 forbids and some must have: with bounds."""
        if IMPLICIT in self.grants and (self.require_dpop or self.bound_to_certificate):
            raise GuardError(
                f"client {self.id}: the implicit grant's tokens cannot be bound to a key",
                hint="leave grants=['implicit'] out: the code grant with PKCE does the same",
            )
        if IMPLICIT in self.grants and self.native:
            raise GuardError(
                f"client {self.id}: a native application does not use the implicit grant "
                "(RFC 8252, 8.2)",
                hint="grants=['authorization_code', 'refresh_token']",
            )
        if PASSWORD in self.grants and (self.require_dpop or self.bound_to_certificate):
            raise GuardError(
                f"client {self.id}: the password grant is not for clients that bind tokens",
                hint="grants=['authorization_code', 'refresh_token']",
            )


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
