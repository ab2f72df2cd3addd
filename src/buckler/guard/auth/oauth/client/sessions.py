"""Which sessions here were begun by which sessions at providers, and how they end together.

Threat: a session that goes on after its owner signed out at the provider (CWE-613). The link is made when the session
begins, also where a second factor comes in between: until then it travels, encrypted, with the ticket of that step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.stores.federation import ExternalSession
from buckler.guard.stores.records import Session

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

DATA: Final = "with"
"""Name of what a ticket carries."""
PURPOSE: Final = "oauth.session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a sign-in at a provider leaves for the session.

    Attributes:
        provider: Name of the provider.
        issuer: Of the ID token.
        subject: ``sub``.
        sid: Id of the session there.
        id_token: That ends it there; empty where it is not needed.
    """

    provider: str
    issuer: str
    subject: str
    sid: str
    id_token: str = field(repr=False)


class FederatedSessions:
    """Binds and ends sessions.

    Args:
        identities: Of the application.
    """

    __slots__ = ("_identities", "_sealer", "_store")

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._store = identities.stores.external_sessions
        self._sealer = Sealer(identities.derivable(PURPOSE), PURPOSE)

    def carried(self, user_id: str, begun: Begun) -> dict[str, str]:
        """What goes along until the session begins."""
        text = json.dumps(asdict(begun)).encode("utf-8")
        return {DATA: self._sealer.seal(text, user_id)}

    async def bind(self, session: Session, data: Mapping[str, str]) -> None:
        """Keep which session at a provider a new one was begun by; called for every new session."""
        sealed = data.get(DATA)
        if sealed is None:
            # Another one in place of one that a provider began: the link lasts as long as that one does.
            found = await self._store.find(session.id)
            if found is not None and found.user_id == session.user_id:
                await self._store.add(replace(found, expires=session.expires))
            return
        begun = Begun(**json.loads(self._sealer.open(sealed, session.user_id).value))
        await self._store.add(
            ExternalSession(
                session_id=session.id,
                user_id=session.user_id,
                provider=begun.provider,
                issuer=begun.issuer,
                subject=begun.subject,
                sid=begun.sid,
                sealed=self._sealer.seal(begun.id_token.encode("utf-8"), session.id),
                expires=session.expires,
            )
        )

    async def begun_by(self, session_id: str) -> tuple[str, str] | None:
        """Provider and ID token of the sign-in that began a session, which is taken up; None for another one."""
        found = await self._store.find(session_id)
        if found is None or not await self._store.drop(session_id):
            return None
        try:
            token = self._sealer.open(found.sealed, session_id).value.decode("utf-8")
        except FactorError:  # the application's secret was replaced: a hint is not needed
            token = ""
        return found.provider, token

    async def end(self, reason: str, issuer: str, *, sid: str = "", subject: str = "") -> list[str]:
        """End the sessions of somebody who signed out at a provider; the accounts whose they were."""
        ended = []
        for one in await self._store.take(issuer, sid=sid, subject=subject):
            if await self._end(one):
                ended.append(one.user_id)
                self._identities.told(
                    EventKind.SIGNED_OUT,
                    reason,
                    "Signed out at the provider",
                    one.user_id,
                    provider=one.provider,
                )
        return ended

    async def end_of(self, user_id: str, provider: str, *, but: str) -> None:
        """End an account's sessions that one provider began, but one."""
        for one in await self._store.of(user_id, provider):
            await self._store.drop(one.session_id)
            if one.session_id != but:
                await self._end(one)

    async def _end(self, one: ExternalSession) -> bool:
        """End one of our sessions and what hangs on it; False where it has ended."""
        sessions = self._identities.sessions
        there = await sessions.of(one.user_id)
        session = next((known for known in there if known.id == one.session_id), None)
        if session is None or not await sessions.revoke(one.user_id, session.id):
            return False
        for react in self._identities.endings.signed_out:
            await react(session)
        return True
