"""Tells passwords that were leaked: asks Have I Been Pwned, or looks into a file of its hashes.

Threat: a password that was leaked elsewhere and is tried here (credential stuffing; CWE-521; ASVS 5.0 V6.2.12).
Only the first five digits of the password's SHA-1 leave, which hundreds of leaked ones share (k-anonymity), and
the answer is padded, so that its size tells nothing either. SHA-1 is what the list is made with; nothing of it is
kept.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from buckler.core.errors import BucklerError
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.egress.authorities import Authorities
from buckler.guard.options import GuardError, check_listener, count, positive

if TYPE_CHECKING:
    from buckler.guard.egress.policy import EgressPolicy

URL: Final = "https://api.pwnedpasswords.com/range/"
MOST: Final = "512 KiB"
"""Of an answer; a padded one has about 40 KB."""
PREFIX: Final = 5
LINE: Final = 128
OnFailure = Literal["open", "closed"]
log: Final = logging.getLogger("buckler.guard")


class LeaksUnknownError(BucklerError):
    """The source of leaked passwords does not answer, and nothing may be taken without it."""

    code = "guard.password.leaks"


class Breached:
    """Asks the range API of Have I Been Pwned (or one that speaks like it).

    Args:
        url: Of the range API, up to the prefix.
        timeout: Seconds for all of it.
        at_least: How often a password has to have been leaked to count.
        on_failure: ``open``: where the other side does not answer, the password is taken and an event tells
            of it; ``closed``: :class:`LeaksUnknownError`.
        egress: What may be called, for a mirror inside; else this host on its public address alone.
        events: Gets an event for each failure.

    Raises:
        GuardError: An option is none; at the first use, httpx2 is not installed.
    """

    __slots__ = ("_authorities", "_closed", "_egress", "_least", "_tell", "_url")

    def __init__(
        self,
        *,
        url: str = URL,
        timeout: float = 2.0,
        at_least: int = 1,
        on_failure: OnFailure = "open",
        egress: EgressPolicy | None = None,
        events: Listener | None = None,
    ) -> None:
        from buckler.guard.egress.policy import EgressPolicy

        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise GuardError(f"url: {url!r} is no address", hint=f"write url={URL!r}")
        if on_failure not in ("open", "closed"):
            raise GuardError(
                f"on_failure: {on_failure!r} is neither 'open' nor 'closed'",
                hint="write on_failure='open'",
            )
        check_listener(events)
        self._url = url
        self._least = count(at_least, "at_least")
        self._closed = on_failure == "closed"
        seconds = positive(timeout, "timeout")
        self._egress = egress or EgressPolicy(
            schemes=("https",), timeout=seconds, connect_timeout=seconds, max_bytes=MOST
        )
        self._authorities = Authorities()
        self._tell = Teller(events) if events is not None else _ignored

    async def holds(self, password: str) -> bool:
        """Whether a password was leaked.

        Raises:
            LeaksUnknownError: The other side does not answer, and ``on_failure`` is ``closed``.
        """
        from buckler.guard.egress import EgressRefused, async_safe_client

        # Asked for first: where httpx2 is missing, its error names the command.
        made = async_safe_client
        from httpx2 import HTTPError

        digest = _digest(password)
        try:
            answer = await self._ask(made, digest[:PREFIX])
        except (EgressRefused, HTTPError, OSError) as error:
            return self._failed(type(error).__name__)
        if answer is None:
            return self._failed("status")
        return _seen(answer, digest[PREFIX:]) >= self._least

    async def _ask(self, made: Callable[..., Any], prefix: str) -> str | None:
        """The lines for a prefix, or None where the answer is none."""
        trusted = await self._authorities.context()
        async with made(self._egress, ssl_context=trusted, connections=1) as client:
            answer = await client.get(
                self._url + prefix,
                headers={"Add-Padding": "true", "User-Agent": "buckler", "Accept": "text/plain"},
            )
        return answer.text if answer.status_code == 200 else None

    def _failed(self, why: str) -> bool:
        self._tell(
            SecurityEvent(
                kind=EventKind.FAILED,
                reason="leaks_unknown",
                message="Leaked passwords could not be asked for.",
                detail={"why": why, "taken": not self._closed},
            )
        )
        if self._closed:
            raise LeaksUnknownError(
                "leaked passwords cannot be asked for now", hint="try again later"
            )
        return False


class BreachedFile:
    """Looks into a file of SHA-1 hashes, one ``HASH:count`` a line, ordered by hash, as the list is downloaded.

    Args:
        path: Of the file.
        at_least: How often a password has to have been leaked to count.

    Raises:
        GuardError: There is no such file.
    """

    __slots__ = ("_least", "_path")

    def __init__(self, path: str | Path, *, at_least: int = 1) -> None:
        self._path = Path(path)
        self._least = count(at_least, "at_least")
        if not self._path.is_file():
            raise GuardError(
                f"path: there is no file {self._path.name}",
                hint="the ordered SHA-1 list of Have I Been Pwned, or any part of it",
            )

    async def holds(self, password: str) -> bool:
        """Whether a password was leaked; some thirty small reads, in a thread.

        Raises:
            OSError: The file cannot be read any more.
        """
        from anyio import to_thread

        return await to_thread.run_sync(self._find, _digest(password)) >= self._least

    def _find(self, digest: str) -> int:
        """How often it was leaked, by halving."""
        wanted = digest.encode()
        with self._path.open("rb") as file:
            low, high = 0, file.seek(0, 2)
            while low < high:
                middle = (low + high) // 2
                file.seek(middle)
                if middle:
                    # The rest of a line; where one begins right here, the half before finds it.
                    file.readline(LINE)
                line = file.readline(LINE)
                if line and line[:40].upper() < wanted:
                    low = middle + 1
                else:
                    high = middle
            file.seek(low)
            if low:
                file.readline(LINE)
            line = file.readline(LINE)
        return _number(line[40:].decode("ascii", "replace")) if line[:40].upper() == wanted else 0


def _digest(password: str) -> str:
    return (
        sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
    )


def _seen(answer: str, rest: str) -> int:
    """How often the lines say that it was leaked; padding says 0."""
    found = 0
    for line in answer.splitlines():
        if hmac.compare_digest(line[: len(rest)].upper().encode(), rest.encode()):
            found = _number(line[len(rest) :])
    return found


def _number(text: str) -> int:
    """The count behind a hash; 1 where there is none."""
    digits = text.strip().lstrip(":")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 1


def _ignored(event: SecurityEvent) -> None:
    log.warning("%s: %s", event.reason, event.message)
