"""A sign-in that is under way: state, nonce and code verifier, kept on the server and bound to one browser.

Threat: an answer that somebody else began (CSRF at the redirect address, CWE-352; RFC 9700, 4.7), one that comes twice
(CWE-294), or from another provider than was asked (mix-up, RFC 9700, 4.4). The store has the digest of the state; what
belongs to it is encrypted, bound to the value of a cookie that no script and no other host reads.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from buckler.guard.auth.errors import FactorError, TokenError
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.one_time import OneTime

PURPOSE: Final = "oauth.state"
LIFETIME: Final = 600.0
"""Seconds that a sign-in at a provider may take."""
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
Purpose = Literal["sign_in", "link", "step_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What was asked for.

    Attributes:
        provider: Name of the provider.
        issuer: Of it, as it was when the browser was sent there.
        purpose: ``sign_in``; ``link`` to the account that is signed in; ``step_up``, to show again who it is.
        started: When, seconds since 1970.
        next: Where to go on; a path.
        nonce: Of the ID token.
        verifier: Of the code (RFC 7636).
        max_age: That was asked for; None for any.
        user_id: Whose account, where somebody was signed in.
        session_id: By which session.
    """

    provider: str
    issuer: str
    purpose: Purpose
    started: float
    next: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    max_age: float | None = None
    user_id: str = ""
    session_id: str = ""


def new_secret() -> str:
    """256 random bits, in 43 characters: a state, a nonce, a verifier (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(32)


def cookie_of(provider: str) -> str:
    """Name of the cookie that binds a sign-in to a browser; one each, so that they cannot pile up."""
    return f"__Host-with-{provider}"


class Flows:
    """Begins sign-ins and takes their answers, each once.

    Args:
        one_time: Keeps them.
        keys: Of 32 bytes, newest first, that they are encrypted with.
    """

    __slots__ = ("_one_time", "_sealer")

    def __init__(self, one_time: OneTime, keys: Sequence[bytes]) -> None:
        self._one_time = one_time
        self._sealer = Sealer(keys, PURPOSE)

    async def begin(self, flow: Flow) -> tuple[str, str]:
        """Keep one.

        Returns:
            The state, and the value of the cookie.
        """
        binding = new_secret()
        owner = _digest(binding)
        sealed = self._sealer.seal(json.dumps(asdict(flow)).encode("utf-8"), owner)
        state = await self._one_time.issue(PURPOSE, owner, ttl=LIFETIME, data={"flow": sealed})
        return state, binding

    async def take(self, state: str, binding: str, provider: str) -> Flow:
        """Use one up.

        Args:
            state: As the answer says it.
            binding: As the cookie says it; empty for none.
            provider: Whose redirect address the answer came to.

        Raises:
            SignInError: ``state``: it never was, was used, or is over; ``browser``: it was begun in another one;
                ``mix_up``: with another provider.
        """
        try:
            taken = await self._one_time.take(state, PURPOSE)
        except TokenError as error:
            raise SignInError("state", "the answer belongs to no sign-in under way") from error
        if not _VALUE.fullmatch(binding) or _digest(binding) != taken.subject:
            raise SignInError("browser", "the sign-in was begun in another browser")
        try:
            opened = self._sealer.open(taken.data["flow"], taken.subject)
        except FactorError as error:
            raise SignInError("state", "what is kept of the sign-in cannot be read") from error
        flow = Flow(**json.loads(opened.value))
        if flow.provider != provider:
            raise SignInError("mix_up", "the answer came to the address of another provider")
        return flow


def _digest(binding: str) -> str:
    return hashlib.sha256(binding.encode("ascii")).hexdigest()
