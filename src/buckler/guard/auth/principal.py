"""Who sends a request, as handlers and checks see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Scheme = Literal["session", "bearer", "api_key", "basic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who sends a request, and what they may do by the credential that came with it.

    Attributes:
        id: Of the account.
        name: That its owner signs in with.
        permissions: What the roles of the account allow and the credential's scopes do not keep out.
        roles: Of the account, inherited ones included.
        scheme: How they came in.
        scopes: Of the credential; None where it has no narrower ones than its owner.
        credential: Id of the session, the token family or the key.
        factors: That were shown: ``password``, ``totp``, ``recovery``, ``passkey``, ``federated``, ``key``.
        authenticated: When one was last shown, seconds since 1970; 0 where it is not known.
        verified: Whether the account's address was shown to be its owner's.
    """

    id: str
    name: str
    permissions: frozenset[str]
    roles: frozenset[str] = frozenset()
    scheme: Scheme
    scopes: frozenset[str] | None = None
    credential: str = ""
    factors: frozenset[str] = field(default=frozenset())
    authenticated: float = 0.0
    verified: bool = True

    def may(self, permission: str) -> bool:
        """Whether they have a permission."""
        return permission in self.permissions
