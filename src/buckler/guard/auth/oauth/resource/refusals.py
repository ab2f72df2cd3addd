"""Refuses a request: tells the log why, and the caller what RFC 6750, RFC 9449 and RFC 9470 say.

Threat: a refusal that nobody sees (CWE-778; ASVS 5.0 V16.3.2), or that tells a stranger what is for the log (CWE-209).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from buckler.guard.access.access import event
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import Scheme
from buckler.guard.auth.oauth.resource.challenge import STATUSES, challenge
from buckler.guard.auth.oauth.resource.requirement import TokenRequirement
from buckler.guard.options import Weakness

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

log: Final = logging.getLogger("buckler.guard")
_POLICY_VIOLATION: Final = 1008  # RFC 6455, 7.4.1


class Refusals:
    """How one server refuses.

    Args:
        taken: Schemes that it takes.
        metadata: Address of its metadata.
        events: Takes security events.
    """

    __slots__ = ("_metadata", "_taken", "_tell")

    def __init__(self, taken: tuple[Scheme, ...], metadata: str, events: Listener | None) -> None:
        self._taken = taken
        self._metadata = metadata
        self._tell = None if events is None else Teller(events)

    def refuse(
        self,
        connection: HTTPConnection,
        error: OAuthError | None,
        came: Scheme | None,
        required: TokenRequirement,
    ) -> NoReturn:
        """Raise what the caller is answered.

        Args:
            connection: The request.
            error: Why; None where no token came.
            came: Scheme by which one came.
            required: What would have been enough.
        """
        from starlette.exceptions import HTTPException, WebSocketException

        from buckler.guard.errors.told import ToldError

        status = 401 if error is None else STATUSES.get(error.error, error.status)
        self._told(connection.scope, error, status)
        if connection.scope["type"] == "websocket":
            raise WebSocketException(_POLICY_VIOLATION) from error
        if error is not None and status >= 500:
            raise HTTPException(status, headers={"Retry-After": "1"}) from error
        headers = dict(error.headers) if error is not None else {}
        headers["WWW-Authenticate"] = challenge(
            error,
            came,
            taken=self._taken,
            metadata=self._metadata,
            more=None if error is None else required.more(error),
        )
        raise ToldError(status, {} if error is None else {"error": error.error}, headers) from error

    def tell_weakness(self, weakness: Weakness) -> None:
        """Tell of a choice that is weaker than the default."""
        reason, message = weakness
        log.warning("%s: %s", reason, message)
        if self._tell is not None:
            self._tell(SecurityEvent(kind=EventKind.CONFIGURATION, reason=reason, message=message))

    def _told(self, scope: Mapping[str, Any], error: OAuthError | None, status: int) -> None:
        # That a nonce is demanded is how every client begins, and nothing to look into.
        if self._tell is None or (error is not None and error.error == "use_dpop_nonce"):
            return
        reason = "anonymous" if error is None else error.reason
        message = "No access token came" if error is None else error.message
        kind = EventKind.TOKEN_REFUSED
        if error is None or error.error.startswith("insufficient_"):
            kind = EventKind.ACCESS_REFUSED
        elif status == 503:
            kind = EventKind.FAILED
        self._tell(event(scope, kind, reason, message, status=status))
