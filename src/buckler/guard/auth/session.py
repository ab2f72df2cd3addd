"""Sessions of browsers: kept on the server, named by a cookie that no script and no other host reads.

Threat: a session that somebody else fixed or stole (CWE-384, CWE-614, CWE-1004), that never ends (CWE-613), that
nobody can end from elsewhere (ASVS 5.0 V7). The cookie has 256 random bits; the store has their digest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from buckler.guard.auth.credentials import Credentials, Headers, Identity
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.principal import Scheme
from buckler.guard.options import GuardError, count, positive
from buckler.guard.stores.interface import Sessions
from buckler.guard.stores.records import Session

COOKIE: Final = "__Host-session"
USED_EVERY: Final = 60.0
"""Seconds: a session's last use is written no more often."""
GRACE: Final = 30.0
"""Seconds that the cookie before goes on after a change of rights: requests may be under way with it."""
LONGEST_AGENT: Final = 200
_NAME: Final = re.compile(r"__Host-[A-Za-z0-9_-]{1,64}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def rights_of(roles: Iterable[str]) -> str:
    """What tells whether an account has other roles by now."""
    return hashlib.sha256("\n".join(sorted(roles)).encode("utf-8")).hexdigest()[:32]


def digest(value: str) -> str:
    """What is kept of a cookie's value."""
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


class SessionService:
    """Begins, checks, rotates and ends sessions.

    Args:
        store: Of the sessions.
        cookie: Name of the cookie; begins with ``__Host-`` (RFC 6265bis, 4.1.3.2).
        idle: Seconds without a request until a session ends.
        absolute: Seconds until it ends whatever happens (NIST SP 800-63B-4, 2.2.3: 24 hours at AAL2).
        most: Sessions that one account may have; the oldest end first.
        same_site: ``lax``, or ``strict`` where no link from elsewhere needs it.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        store: Sessions,
        *,
        cookie: str = COOKIE,
        idle: float = 3600.0,
        absolute: float = 12 * 3600.0,
        most: int = 20,
        same_site: str = "lax",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(cookie, str) or not _NAME.fullmatch(cookie):
            raise GuardError(
                f"cookie: {cookie!r} does not begin with __Host-",
                hint=f"write cookie={COOKIE!r}: browsers then keep other hosts from setting it",
            )
        if same_site not in ("lax", "strict"):
            raise GuardError(
                f"same_site: {same_site!r} is not 'lax' or 'strict'", hint="write same_site='lax'"
            )
        if positive(idle, "idle") > positive(absolute, "absolute"):
            raise GuardError("idle is longer than absolute", hint="write idle=3600, absolute=43200")
        self.cookie = cookie
        self._store = store
        self._idle = idle
        self._absolute = absolute
        self._most = count(most, "most")
        self._same_site = same_site
        self._clock = clock

    async def begin(
        self,
        user_id: str,
        *,
        factors: Iterable[str],
        agent: str = "",
        client: str = "",
        since: float = 0.0,
        authenticated: float | None = None,
        instead_of: Session | None = None,
    ) -> tuple[str, Session]:
        """A new session, at every sign-in: what the browser had before is not gone on with.

        Args:
            user_id: Whose.
            factors: That were shown.
            agent: What the browser calls itself.
            client: Its address.
            since: The account's ``valid_from``. The clock that it was set by may be ahead of this one, and the
                session would not count.
            authenticated: When a factor was shown, where that was elsewhere and earlier; else now.
            instead_of: The same person's before, which has ended: what hangs on it by its id goes on with this one.

        Returns:
            The cookie's value, and what is kept.
        """
        now = self._clock()
        value = secrets.token_urlsafe(32)
        session = Session(
            id=secrets.token_hex(8) if instead_of is None else instead_of.id,
            digest=digest(value),
            user_id=user_id,
            created=max(now, since),
            used=now,
            expires=now + self._absolute,
            authenticated=now if authenticated is None else min(now, authenticated),
            factors=frozenset(factors),
            agent=agent[:LONGEST_AGENT],
            client=client,
        )
        await self._store.add(session)
        for old in (await self._store.of(user_id))[self._most :]:
            await self._store.revoke(user_id, old.id)
        return value, session

    async def verify(self, value: str) -> Session:
        """The session that a cookie names.

        Raises:
            CredentialError: It names none (``form``, ``unknown``), or one that has ended (``expired``, ``idle``).
        """
        if not _VALUE.fullmatch(value):
            raise CredentialError("form", "a session's cookie has the wrong form")
        found = await self._store.find(digest(value))
        if found is None:
            raise CredentialError("unknown", "a session is not known")
        now = self._clock()
        if found.expires <= now:
            raise CredentialError("expired", "a session has ended")
        if now - found.used > self._idle:
            raise CredentialError("idle", "a session was not used for too long")
        if now - found.used >= USED_EVERY:
            await self._store.touch(found.digest, now)
        return found

    async def rotate(self, value: str, *, factor: str = "") -> tuple[str, Session]:
        """Give a session another cookie: at every change of what it may do.

        Args:
            value: Of the cookie as it is.
            factor: That its owner has just shown.

        Raises:
            CredentialError: As of :meth:`verify`; ``unknown`` where another request was faster.
        """
        session = await self.verify(value)
        new = secrets.token_urlsafe(32)
        now = self._clock()
        changed = replace(session, digest=digest(new), used=now)
        if factor:
            changed = replace(changed, factors=changed.factors | {factor}, authenticated=now)
        if not await self._store.rotate(session.digest, changed):
            raise CredentialError("unknown", "a session is not known")
        return new, changed

    async def renew(self, value: str, roles: Iterable[str]) -> tuple[str, Session] | None:
        """Give a session another cookie where its account has other roles than when this one was set.

        The cookie holds no rights, and what it may do is decided anew at each request; but one that was
        taken while it could do little is not to grow with its owner (ASVS 5.0 V7.2.4).

        Args:
            value: Of the cookie as it is.
            roles: Names of those that the account has.

        Returns:
            The new cookie's value and what is kept; None where nothing changed.
        """
        rights = rights_of(roles)
        session = await self._store.find(digest(value))
        if session is None or session.rights == rights:
            return None
        if not session.rights:  # the first request since the sign-in
            await self._store.rotate(session.digest, replace(session, rights=rights))
            return None
        new = secrets.token_urlsafe(32)
        changed = replace(session, digest=digest(new), rights=rights)
        if not await self._store.rotate(session.digest, changed):
            return None  # another request was faster
        until = min(session.expires, self._clock() + GRACE)
        await self._store.add(
            replace(session, id=secrets.token_hex(8), rights=rights, expires=until)
        )
        return new, changed

    async def of(self, user_id: str) -> Sequence[Session]:
        """Those of an account that have not ended."""
        now = self._clock()
        return [
            one
            for one in await self._store.of(user_id)
            if one.expires > now and now - one.used <= self._idle
        ]

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""
        return await self._store.revoke(user_id, session_id)

    async def revoke_all(self, user_id: str, *, but: str = "") -> int:
        """End all of an account's but the one with this id."""
        return await self._store.revoke_all(user_id, but=but)

    def set_cookie(self, value: str, session: Session) -> str:
        """The header ``Set-Cookie`` for a session."""
        left = max(0, int(session.expires - self._clock()))
        return f"{self.cookie}={value}; Max-Age={left}; {self._attributes()}"

    def clear_cookie(self) -> str:
        """The header ``Set-Cookie`` that takes it away."""
        return f"{self.cookie}=; Max-Age=0; {self._attributes()}"

    def _attributes(self) -> str:
        return f"Path=/; Secure; HttpOnly; SameSite={self._same_site.capitalize()}"


class SessionAuthenticator:
    """The session's cookie.

    Args:
        sessions: Checks it.
    """

    scheme: Scheme = "session"
    challenge = ""

    def __init__(self, sessions: SessionService) -> None:
        self._sessions = sessions

    def came(self, credentials: Credentials) -> bool:
        """Whether the cookie came, and nothing that was sent on purpose."""
        return self._sessions.cookie in credentials.cookies and not credentials.kind

    async def identify(self, credentials: Credentials) -> Identity:
        """Whose session it is."""
        found = await self._sessions.verify(credentials.cookies[self._sessions.cookie])
        return Identity(
            user_id=found.user_id,
            scheme=self.scheme,
            issued=found.created,
            credential=found.id,
            factors=found.factors,
            authenticated=found.authenticated,
            rights=found.rights,
        )

    async def settle(
        self, credentials: Credentials, identity: Identity, roles: frozenset[str]
    ) -> Headers:
        """Another cookie, where the account has other roles by now."""
        if identity.rights == rights_of(roles):
            return ()
        value = credentials.cookies[self._sessions.cookie]
        renewed = await self._sessions.renew(value, roles)
        if renewed is None:
            return ()
        return ((b"set-cookie", self._sessions.set_cookie(*renewed).encode("ascii")),)

    def declared(self) -> Any:
        """For OpenAPI."""
        from fastapi.openapi.models import APIKey, APIKeyIn

        return APIKey.model_validate({"in": APIKeyIn.cookie, "name": self._sessions.cookie})
