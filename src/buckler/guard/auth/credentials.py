"""What came with a request to say who sends it, read once and strictly.

Threat: two readers of one header that see different credentials (CWE-436), a second credential that is tried
when the first one is refused (a downgrade, CWE-757), a header without end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.principal import Scheme

LONGEST: Final = 16 * 1024
"""Characters of a credential."""
_AUTHORIZATION: Final = re.compile(rb"([A-Za-z][A-Za-z0-9._~+-]*) +([!-~]+)")
_ENCRYPTED: Final = frozenset(("https", "wss"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What came.

    Attributes:
        headers: Of the request: pairs of lower-case name and value.
        kind: Scheme of ``Authorization`` in lower case (RFC 9110, 11.4); empty where there is none.
        value: What follows it.
        cookies: By name.
        https: Whether the request came encrypted, by the word of trusted proxies.
        client: Address of the caller.
        loopback: Whether nobody but this machine could read what went over the network.
    """

    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    kind: str = ""
    value: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    https: bool = False
    client: str = ""
    loopback: bool = False

    def header(self, name: bytes) -> str | None:
        """The value of a header, or None.

        Raises:
            CredentialError: It came more than once, is too long, or holds what no credential has.
        """
        found = [value for key, value in self.headers if key == name]
        if not found:
            return None
        if len(found) > 1:
            raise CredentialError("twice", "a credential came twice")
        value = found[0].strip(b" \t")
        if len(value) > LONGEST:
            raise CredentialError("too_long", "a credential is too long")
        if not value.isascii() or not value.decode("ascii").isprintable():
            raise CredentialError("malformed", "a credential holds other than printable ASCII")
        return value.decode("ascii")


def read(scope: Mapping[str, Any]) -> Credentials:
    """The credentials of a request.

    Args:
        scope: Of ASGI.

    Raises:
        CredentialError: ``Authorization`` is malformed, came twice or is too long.
    """
    from buckler.guard.inbound import of

    inbound = of(scope)
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    found = [value for name, value in headers if name == b"authorization"]
    kind = value = ""
    if found:
        if len(found) > 1:
            raise CredentialError("twice", "Authorization came twice")
        if len(found[0]) > LONGEST:
            raise CredentialError("too_long", "Authorization is too long")
        match = _AUTHORIZATION.fullmatch(found[0].strip(b" \t"))
        if match is None:
            raise CredentialError("malformed", "Authorization is malformed")
        kind, value = match[1].decode("ascii").lower(), match[2].decode("ascii")
    peer = scope.get("client")
    client = inbound.client if inbound is not None else (peer[0] if peer else "")
    https = inbound.https if inbound is not None else scope.get("scheme") in _ENCRYPTED
    return Credentials(
        headers=headers,
        kind=kind,
        value=value,
        cookies=cookies_of(headers),
        https=https,
        client=client,
        loopback=is_loopback(client) and is_loopback(peer[0] if peer else ""),
    )


def cookies_of(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The cookies of a request by name, from all headers of theirs: HTTP/2 sends several (RFC 9113, 8.2.3).

    One that came twice with different values is left out: either may be planted (RFC 6265, 8.6). All of guard
    reads cookies here: two readers would see two sessions (CWE-436).

    Args:
        headers: Of the request: pairs of lower-case name and value.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, line in headers:
        if name != b"cookie" or len(line) > LONGEST:
            continue
        for part in line.decode("latin-1").split(";"):
            key, equals, value = part.strip(" \t").partition("=")
            if not equals:
                continue
            if found.setdefault(key, value) != value:
                twice.add(key)
    return {key: value for key, value in found.items() if key not in twice}


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    import ipaddress

    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a credential names, before it is known how the account stands.

    Attributes:
        user_id: The account.
        scheme: How they came in.
        issued: When the credential was made; one from before the account's ``valid_from`` does not count.
        credential: Id of the session, the family or the key.
        token_ids: To be looked up among the revoked.
        scopes: Of the credential, or None.
        factors: That were shown.
        authenticated: When one was last shown.
        rights: Digest of the account's roles when the credential was made, where it has one.
    """

    user_id: str
    scheme: Scheme
    issued: float
    credential: str = ""
    token_ids: tuple[str, ...] = ()
    scopes: frozenset[str] | None = None
    factors: frozenset[str] = frozenset()
    authenticated: float = 0.0
    rights: str = ""


Headers = tuple[tuple[bytes, bytes], ...]


class Authenticator(Protocol):
    """One way to come in."""

    @property
    def scheme(self) -> Scheme:
        """Its name."""

    @property
    def challenge(self) -> str:
        """What ``WWW-Authenticate`` says of it; empty where HTTP has no scheme for it."""

    def came(self, credentials: Credentials) -> bool:
        """Whether a credential of this kind came."""

    async def identify(self, credentials: Credentials) -> Identity:
        """Whom it names.

        Raises:
            CredentialError: It does not count.
            TooBusyError: There is more to do than may wait.
        """

    async def settle(
        self, credentials: Credentials, identity: Identity, roles: frozenset[str]
    ) -> Headers:
        """What the answer has to say since the account stands as it does.

        Args:
            credentials: That came.
            identity: Whom they name.
            roles: Names of those that the account has.
        """

    def declared(self) -> Any:
        """What FastAPI puts into the OpenAPI document for it: a ``SecurityBase``."""
