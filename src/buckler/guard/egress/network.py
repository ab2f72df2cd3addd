"""Makes the connections: to the addresses that the policy judged, and to nothing else.

A network backend is the place below pools, redirects and TLS where a name becomes an address. ``Host``, SNI and
the check of the certificate go by the name, as ever (RFC 6066, 3; RFC 9110, 4.3.4). One for httpcore and
httpcore2: whichever it is comes as ``core``.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import anyio
import anyio.to_thread

from buckler.guard.egress.bodies import Body
from buckler.guard.egress.chain import ENDS, Chain, bounded
from buckler.guard.egress.errors import UrlRefused
from buckler.guard.egress.policy import EgressPolicy

LOOKUPS: Final = 16
"""Look-ups at once of one asynchronous transport, in threads that are not the application's."""


@contextmanager
def told(core: Any, client: Any, chain: Chain, policy: EgressPolicy) -> Iterator[None]:
    """The pool's exceptions as the client's, which have the same names; the end of the time as ours."""
    known = (
        core.TimeoutException,
        core.NetworkError,
        core.ProtocolError,
        core.ProxyError,
        core.UnsupportedProtocol,
    )
    try:
        yield
    except known as error:
        if chain.left() <= 0:
            raise chain.end(policy) from error
        raise getattr(client, type(error).__name__)(str(error)) from error


class Stream:
    """A connection whose every operation ends with the call."""

    def __init__(self, core: Any, stream: Any) -> None:
        self._core = core
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See NetworkStream of httpcore; so are the others."""
        found: bytes = self._stream.read(max_bytes, self._limit(timeout))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, self._limit(timeout))

    def close(self) -> None:
        """End it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        """Go on encrypted; the name of the server is the URL's, not the address."""
        limit = self._limit(timeout)
        return Stream(self._core, self._stream.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        """The socket and the like."""
        return self._stream.get_extra_info(info)

    def _limit(self, timeout: float | None) -> float | None:
        return bounded(timeout, self._core.ReadTimeout)


class Backend:
    """For pools that block."""

    def __init__(self, core: Any, policy: EgressPolicy) -> None:
        self._core = core
        self._policy = policy
        self._inner = core.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Resolve, judge, connect to what was judged."""
        limit = _shorter(timeout, self._policy.connect_timeout)
        failure: Exception | None = None
        for address in self._policy.addresses(host, port, self._limit(limit)):
            try:
                return Stream(
                    self._core,
                    self._inner.connect_tcp(
                        address, port, self._limit(limit), local_address, socket_options
                    ),
                )
            except (self._core.ConnectError, self._core.ConnectTimeout) as error:
                failure = error
        raise failure or self._core.ConnectError("no address to connect to")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NoReturn:
        """Never."""
        self._policy.refuse(UrlRefused("a Unix socket may not be called", reason="unix"))

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._inner.sleep(seconds)

    def _limit(self, seconds: float) -> float:
        return bounded(seconds, self._core.ConnectTimeout) or seconds


class AsyncBackend:
    """For asynchronous pools, on asyncio and trio."""

    def __init__(self, core: Any, policy: EgressPolicy) -> None:
        self._core = core
        self._policy = policy
        self._inner = core.AnyIOBackend()
        self._lookups: anyio.CapacityLimiter | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        """Resolve in a thread, judge, connect to what was judged."""
        if self._lookups is None:
            self._lookups = anyio.CapacityLimiter(LOOKUPS)
        limit = _shorter(timeout, self._policy.connect_timeout)
        addresses = await anyio.to_thread.run_sync(
            self._policy.addresses, host, port, limit, abandon_on_cancel=True, limiter=self._lookups
        )
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, limit, local_address, socket_options
                )
            except (self._core.ConnectError, self._core.ConnectTimeout) as error:
                failure = error
        raise failure or self._core.ConnectError("no address to connect to")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NoReturn:
        """Never."""
        self._policy.refuse(UrlRefused("a Unix socket may not be called", reason="unix"))

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        await anyio.sleep(seconds)


@contextmanager
def ending(chain: Chain) -> Iterator[None]:
    """What this thread does in here ends with the call."""
    token = ENDS.set(chain.ends)
    try:
        yield
    finally:
        ENDS.reset(token)


def chunks(
    stream: Iterable[bytes], body: Body, chain: Chain, policy: EgressPolicy, core: Any, client: Any
) -> Iterator[bytes]:
    """An answer's body, plain and within its bounds."""
    source = iter(stream)
    while True:
        with told(core, client, chain, policy), ending(chain):
            chunk = next(source, None)
        if chunk is None:
            return
        yield from body.feed(chunk)


async def async_chunks(
    stream: Any, body: Body, chain: Chain, policy: EgressPolicy, core: Any, client: Any
) -> AsyncIterator[bytes]:
    """The same, asynchronously."""
    source = aiter(stream)
    while True:
        with told(core, client, chain, policy), anyio.move_on_after(chain.left()) as scope:
            chunk: bytes | None = await anext(source, None)
        if scope.cancelled_caught:
            raise chain.end(policy)
        if chunk is None:
            return
        for piece in body.feed(chunk):
            yield piece


def _shorter(timeout: float | None, seconds: float) -> float:
    return seconds if timeout is None else min(timeout, seconds)
