"""What an authorization server keeps, as values; codes and tokens as SHA-256 alone (see :mod:`.records`).

Threat: a table whose reader redeems codes and uses tokens (CWE-256; RFC 9700, 4.2.4; ASVS 5.0 V10.4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """A client that was registered at run time.

    Attributes:
        id: ``client_id``.
        data: Its metadata, as :class:`~buckler.guard.auth.oauth.server.client.OAuthClient` writes it.
        created: When it was registered.
        unused_until: When it goes unless somebody agreed to it before; None: it stays.
    """

    id: str
    data: Mapping[str, str]
    created: float
    unused_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody allowed a client: all tokens that come of it end with it.

    Attributes:
        id: Of the grant; signed access tokens name it as ``sid``.
        client_id: To whom.
        user_id: Who.
        session: Id of the browser's session that it was allowed in, as clients see it (``sid`` of ID tokens).
        created: When.
        expires: When nothing of it counts any more.
        head: Digest of the refresh token that was used last; empty before the first use.
        revoked: When it was revoked, or None.
        scopes: That were allowed.
        resources: That tokens may be for (RFC 8707).
        factors: That were shown.
        authenticated: When the last of them was.
        binding: ``jkt:`` or ``x5t:`` and a thumbprint where its refresh tokens are bound to a key (RFC 9449, 5), or empty.
        data: What else is kept: ``claims`` (OpenID Connect Core 1.0, 5.5), ``acr``.
    """

    id: str
    client_id: str
    user_id: str
    session: str
    created: float
    expires: float
    head: str = ""
    revoked: float | None = None
    scopes: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    factors: frozenset[str] = frozenset()
    authenticated: float = 0.0
    binding: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code (RFC 6749, 4.1.2).

    Attributes:
        digest: Of the code.
        grant_id: What it stands for.
        created: When it was issued.
        expires: When it counts no more.
        used: When it was redeemed, or None.
        data: What the authorization request said: ``redirect_uri``, ``challenge``, ``nonce``, ``jkt``, ``at``.
    """

    digest: str
    grant_id: str
    created: float
    expires: float
    used: float | None = None
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantToken:
    """A refresh token of a grant.

    Attributes:
        digest: Of the token.
        grant_id: Where it belongs.
        parent: Digest of the one that it came of; empty for the first.
        created: When it was issued.
        expires: When it counts no more if it is not used.
    """

    digest: str
    grant_id: str
    parent: str
    created: float
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueToken:
    """An access token that says nothing by itself.

    Attributes:
        digest: Of the token.
        grant_id: What it came of; empty where a client acts for itself.
        client_id: Whose.
        expires: When it counts no more.
        claims: What a signed one would say, as JSON.
    """

    digest: str
    grant_id: str
    client_id: str
    expires: float
    claims: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """An authorization request that waits: pushed (RFC 9126), or for its user to sign in and to agree.

    Attributes:
        digest: Of its name.
        kind: ``pushed`` or ``asked``.
        client_id: Whose.
        expires: When it counts no more.
        data: ``parameters`` as JSON; what else is known of it.
    """

    digest: str
    kind: str
    client_id: str
    expires: float
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A device that waits for somebody to allow it (RFC 8628).

    Attributes:
        digest: Of the device code.
        user_code: Digest of the code that people type; unique.
        client_id: Whose.
        expires: When both count no more.
        interval: Seconds between two questions.
        polled: When the device last asked, 0 before the first time.
        status: ``pending``, ``approved``, ``denied`` or ``redeemed``.
        grant_id: What was allowed, or empty.
        data: ``scope``, ``resources``, ``jkt``.
    """

    digest: str
    user_code: str
    client_id: str
    expires: float
    interval: float
    polled: float = 0.0
    status: str = "pending"
    grant_id: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What somebody agreed to for good.

    Attributes:
        user_id: Who.
        client_id: For whom.
        scopes: To what.
        resources: For which resources.
        given: When.
    """

    user_id: str
    client_id: str
    scopes: frozenset[str]
    resources: frozenset[str]
    given: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKey:
    """A key that signs, for one period.

    Attributes:
        id: Algorithm and number of the period: two workers cannot make two keys for one.
        alg: Its algorithm.
        sealed: The private key, encrypted.
        signs_from: When it signs.
        signs_until: When the next one does.
        published_until: When it verifies no more.
    """

    id: str
    alg: str
    sealed: str
    signs_from: float
    signs_until: float
    published_until: float
