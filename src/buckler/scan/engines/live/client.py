"""Asks a site, within bounds: so many requests, so fast, so long, so much of each answer.

The site may be hostile: it may answer forever, a byte at a time, with a bomb, or lead elsewhere. No redirect
is followed, no cookie is kept, no proxy is asked, and each request has an end in time that nothing of its
answer moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from buckler.core.errors import UsageError
from buckler.scan.engines.interface import Answer, Request
from buckler.scan.engines.live.bodies import plain
from buckler.scan.engines.live.site import Bounds, Site

if TYPE_CHECKING:
    import httpx2

MAX_SILENT = 6
"""Requests in a row without an answer after which a site is left alone."""
MAX_LIMITED = 8
"""Answers 429 in a row (RFC 6585, 4) after which the site's own limit is respected."""
MAX_PAUSE = 10
"""Seconds that a site may ask to be left alone for (Retry-After; RFC 9110, 10.2.3), before one more try."""
UNSENDABLE = "it cannot be sent: "
SLACK = 2.0
"""Seconds for connections to close at the end."""


@dataclass(slots=True)
class _Coming:
    """What has come of an answer so far."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


class Client:
    """Sends requests to one site. Use as a context manager.

    Args:
        site: Where to.
        bounds: How much.

    Attributes:
        spent: Why no more is sent, in words; empty while more may be.
        how: What the user can do about it.
        requests: How many were sent.

    Raises:
        UsageError: The library that it needs is not there.
    """

    def __init__(self, site: Site, bounds: Bounds) -> None:
        try:
            import httpx2
        except ImportError as error:
            raise UsageError(
                "looking at a running site needs httpx2", hint="pip install 'buckler[http]'"
            ) from error
        self._httpx = httpx2
        self._site, self._bounds = site, bounds
        reached = replace(site, host=site.address or site.host)
        self._url = f"{reached.origin}/"
        self.spent, self.how, self.requests = "", "", 0
        self._silent = self._limited = 0
        self._until = time.monotonic() + bounds.total
        self._next, self._slowed = 0.0, 0.0
        self._rate = bounds.rate
        self._loop = asyncio.new_event_loop()
        self._slots = asyncio.Semaphore(bounds.at_once)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Client:
        verify: ssl.SSLContext | bool = self._bounds.verify
        self._carrier = self._httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context() if verify else False,
            trust_env=False,
            limits=self._httpx.Limits(max_connections=self._bounds.at_once),
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(SLACK * 2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SLACK)
        self._loop.close()

    async def _close(self) -> None:
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # A site that keeps a connection from closing does not keep the report.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SLACK):
                await self._carrier.aclose()

    @property
    def left(self) -> int:
        """How many requests may still be sent."""
        return max(self._bounds.requests - self.requests, 0)

    def ask(self, requests: Sequence[Request], *, size: int = 0) -> list[Answer | None]:
        """Send some and wait for all of their answers, in their order.

        Args:
            requests: To this site, whatever they say of where they go.
            size: Bytes of each answer instead of those of the bounds.

        Returns:
            Answers; None for what was not sent. One without a status has why in its error.
        """
        waiting = asyncio.run_coroutine_threadsafe(
            self._all(requests, size or self._bounds.size), self._loop
        )
        return waiting.result()

    async def _all(self, requests: Sequence[Request], size: int) -> list[Answer | None]:
        return list(await asyncio.gather(*(self._one(request, size) for request in requests)))

    async def _one(self, request: Request, size: int) -> Answer | None:
        async with self._slots:
            answer = await self._sent(request, size)
            if answer is not None and self._gives_way(answer):
                return await self._sent(request, size) or answer
            return answer

    async def _sent(self, request: Request, size: int) -> Answer | None:
        if self._is_spent():
            return None
        self.requests += 1
        await self._turn()
        started = time.monotonic()
        coming = _Coming()
        why = await self._receive(request, size, coming)
        took = round((time.monotonic() - started) * 1000, 1)
        if not why.startswith(UNSENDABLE):
            self._silent = self._silent + 1 if why and coming.status is None else 0
            self._limited = self._limited + 1 if coming.status == 429 else 0
        self._pace(coming.status, started)
        return _answer(coming, why, size, took)

    def _pace(self, status: int | None, started: float) -> None:
        """Halve the rate where a site limits it, once for what was under way; come back slowly."""
        most = self._bounds.rate
        if status != 429:
            self._rate = min(self._rate * 1.05, most)
        elif started >= self._slowed:
            self._rate, self._slowed = max(self._rate / 2, min(most, 1.0)), time.monotonic()

    def _gives_way(self, answer: Answer) -> bool:
        """Whether the request is worth a second try, after as long as the site asks for."""
        if answer.status != 429:
            return False
        asked = (answer.header("retry-after") or "0").strip()
        if not (
            asked.isascii() and asked.isdecimal() and len(asked) < 9 and int(asked) <= MAX_PAUSE
        ):
            return False
        self._next = max(self._next, time.monotonic() + int(asked))
        return True

    def _is_spent(self) -> bool:
        if self.spent:
            return True
        if self.requests >= self._bounds.requests:
            self.spent = f"the ceiling of {self._bounds.requests} requests was reached"
            self.how = "--max-requests N"
        elif time.monotonic() > self._until:
            self.spent, self.how = "--max-time has passed", "--max-time SECONDS"
        elif self._silent >= MAX_SILENT:
            self.spent = f"{MAX_SILENT} requests in a row got no answer"
            self.how = (
                "--request-timeout SECONDS, or a smaller --rate; "
                "--no-attack where something before the site drops attacks"
            )
        elif self._limited >= MAX_LIMITED:
            self.spent = (
                f"the site limits how fast it is asked: {MAX_LIMITED} answers in a row were 429"
            )
            self.how = "a smaller --rate"
        return bool(self.spent)

    async def _turn(self) -> None:
        """Wait until the rate allows one more."""
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + 1 / self._rate
        await asyncio.sleep(at - now)

    async def _receive(self, request: Request, size: int, coming: _Coming) -> str:
        """Take in an answer as far as it comes; why it did not come whole, or an empty text."""
        seconds = self._bounds.seconds
        try:
            made = self._made(request)
            async with asyncio.timeout(seconds):
                response = await self._carrier.handle_async_request(made)
                coming.status = response.status_code
                coming.headers = tuple(
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in response.headers.raw
                )
                try:
                    await _read(response, size, coming)
                finally:
                    await response.aclose()
        except TimeoutError:
            return f"no whole answer within {seconds:g} s"
        except UnicodeEncodeError:
            return f"{UNSENDABLE}the name of a header is not in ASCII"
        except self._httpx.LocalProtocolError as error:
            return f"{UNSENDABLE}{error}"
        except (self._httpx.TransportError, self._httpx.InvalidURL, ssl.SSLError) as error:
            return reason(error)
        return ""

    def _made(self, request: Request) -> httpx2.Request:
        seconds = self._bounds.seconds
        limits = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        headers = [(n.encode("ascii"), _as_bytes(v)) for n, v in request.headers]
        return self._httpx.Request(
            request.method,
            self._url,
            headers=headers,
            content=request.body or None,
            extensions={
                "timeout": limits,
                "target": request.url.encode("latin-1", "replace"),
                "sni_hostname": self._site.host,
            },
        )


def _as_bytes(value: str) -> bytes:
    """A header's value as servers read it, and what that cannot hold as UTF-8 (RFC 9110, 5.5)."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


async def _read(response: httpx2.Response, size: int, coming: _Coming) -> None:
    stream: Any = response.stream
    async for part in stream:
        coming.parts.append(part)
        coming.size += len(part)
        if coming.size >= size:
            return


def _answer(coming: _Coming, why: str, size: int, took: float) -> Answer:
    encoding = next((v for n, v in coming.headers if n.lower() == "content-encoding"), "")
    error = {"type": "no answer", "message": why} if why and coming.status is None else None
    return Answer(
        status=coming.status,
        headers=coming.headers,
        body=plain(b"".join(coming.parts)[:size], encoding, size),
        size=coming.size,
        error=error,
        ms=took,
    )


def reason(error: BaseException) -> str:
    """Why a connection failed, for people; causes are looked through for what tells most.

    Args:
        error: As the library raised it.
    """
    seen: BaseException | None = error
    for _ in range(10):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {seen.verify_message}"
        if isinstance(seen, ssl.SSLError):
            return f"TLS failed: {seen.reason or seen}"
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(seen, OSError) and seen.__class__.__name__ == "gaierror":
            return "there is no host of that name"
        if seen is None:
            break
        seen = seen.__cause__ or seen.__context__
    return str(error) or type(error).__name__
