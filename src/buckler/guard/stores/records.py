"""What stores keep, as values. Secrets are kept as digests alone, so that a stolen table signs nobody in.

Threat: credentials that are stored so that whoever reads the database can use them (CWE-256, CWE-257;
ASVS 5.0 V11.4). Times are seconds since 1970, UTC. Digests are SHA-256 in hexadecimal unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEVER: Final = 253402300799.0
"""The end of the year 9999: for what does not expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account.

    Attributes:
        id: Stays the same for good; what tokens name as ``sub``.
        name: What its owner signs in with, normalised (NFKC, case folded); unique.
        password: Hash in its own format (PHC string or an older one), or None where there is none; not in ``repr``.
        verified: Whether its owner showed that the address is theirs.
        disabled: Whether it may not sign in, and nothing issued to it counts.
        created: When it was made.
        valid_from: Tokens, sessions and refresh tokens from before count no more (signed out everywhere,
            password changed).
    """

    id: str
    name: str
    password: str | None = field(default=None, repr=False)
    verified: bool = False
    disabled: bool = False
    created: float = 0.0
    valid_from: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as it stands at run time.

    Attributes:
        name: Unique.
        permissions: ``resource:action``, or ``resource:*`` for all declared ones of a resource.
        inherits: Roles whose permissions it has, too.
    """

    name: str
    permissions: frozenset[str] = frozenset()
    inherits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What has to be known of a principal at every request, read in one step.

    Attributes:
        user: The account.
        roles: Assigned to it.
        epoch: Number of the last change of roles; another one means that roles have to be read again.
        revoked: Whether the credential that was asked about is revoked.
    """

    user: User
    roles: frozenset[str]
    epoch: int
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of a browser.

    Attributes:
        id: For lists and for revoking; signs nobody in.
        digest: Of the cookie's value.
        user_id: Whose it is.
        created: When it was made, by this or an earlier cookie.
        used: When it was last used, exact to a minute.
        expires: When it ends whatever happens.
        authenticated: When its owner last showed a factor.
        factors: Which they showed: ``password``, ``totp``, ``recovery``, ``passkey``, ``federated``.
        agent: What the browser calls itself, cut to 200 characters; for the owner's list.
        client: Address that it was made from; for the owner's list.
        rights: Digest of the account's roles when the cookie was set; empty before the first request.
    """

    id: str
    digest: str
    user_id: str
    created: float
    used: float
    expires: float
    authenticated: float
    factors: frozenset[str] = frozenset()
    agent: str = ""
    client: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamily:
    """All refresh tokens that came out of one sign-in (RFC 9700, 4.14.2).

    Attributes:
        id: Of the family; access tokens name it as ``sid``.
        user_id: Whose it is.
        created: When the sign-in was.
        expires: When it ends whatever happens.
        head: Digest of the token that was used last; empty before the first use.
        revoked: When it was revoked, or None.
        scopes: That its access tokens get, or None for all.
        factors: That its owner showed.
        authenticated: When they last did.
        agent: What the client calls itself, cut to 200 characters.
        client: Address that it was made from.
    """

    id: str
    user_id: str
    created: float
    expires: float
    head: str = ""
    revoked: float | None = None
    scopes: frozenset[str] | None = None
    factors: frozenset[str] = frozenset()
    authenticated: float = 0.0
    agent: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One token of a family.

    Attributes:
        digest: Of the token.
        family_id: Where it belongs.
        parent: Digest of the token that it was issued for; empty for the first.
        created: When it was issued.
        expires: When it counts no more if it was not used.
    """

    digest: str
    family_id: str
    parent: str
    created: float
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an account for programs.

    Attributes:
        id: For lists and for revoking.
        digest: Of the key.
        user_id: Whose it is.
        name: That its owner gave it.
        hint: Its first characters, so that its owner knows it again.
        scopes: What it may do at most, or None for all that its owner may.
        created: When it was made.
        expires: When it ends; :data:`NEVER` for none.
        used: When it was last used, exact to a minute; None for never.
    """

    id: str
    digest: str
    user_id: str
    name: str
    hint: str
    scopes: frozenset[str] | None
    created: float
    expires: float = NEVER
    used: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """A token that counts once, for one purpose.

    Attributes:
        digest: Of the token.
        purpose: ``verify``, ``reset``, ``passkey.register`` and the like; for another one it does not count.
        subject: Whom or what it is for.
        expires: When it counts no more.
        data: What its taker needs to know; no secret.
    """

    digest: str
    purpose: str
    subject: str
    expires: float
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Failed attempts by one key: an account, an address.

    Attributes:
        count: How many, since the last time that none came for the window.
        last: When the last one was.
    """

    count: int
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpFactor:
    """A shared secret for one-time passwords by time (RFC 6238).

    Attributes:
        user_id: Whose it is; one each.
        secret: Encrypted.
        confirmed: Whether its owner showed a code of it; until then it is no factor.
        step: The last time step that was used; no earlier one and not this one counts again.
    """

    user_id: str
    secret: str
    confirmed: bool = False
    step: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A WebAuthn credential.

    Attributes:
        id: Its credential id, base64url without padding.
        user_id: Whose it is.
        public_key: COSE key, base64url without padding.
        sign_count: As the authenticator last said it.
        name: That its owner gave it.
        transports: As the browser told them.
        created: When it was registered.
        used: When it was last used, or None.
    """

    id: str
    user_id: str
    public_key: str
    sign_count: int
    name: str
    transports: frozenset[str] = frozenset()
    created: float = 0.0
    used: float | None = None
