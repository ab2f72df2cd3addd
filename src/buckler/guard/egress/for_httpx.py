"""The transports and ready clients for httpx; what decides is the policy."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import anyio
import httpcore
import httpx

from buckler.guard.egress.bodies import Body
from buckler.guard.egress.chain import Chain, enter, outgoing
from buckler.guard.egress.network import (
    AsyncBackend,
    Backend,
    async_chunks,
    chunks,
    ending,
    told,
)
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.egress.settings import client_settings, pool_settings


def _prepared(policy: EgressPolicy, request: httpx.Request) -> tuple[httpcore.Request, Chain]:
    url = request.url
    host = url.raw_host.decode("ascii")
    policy.check(url.scheme, host, url.port, userinfo=bool(url.userinfo))
    chain = enter(policy, request, request.extensions, (url.scheme, host, url.port))
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers = outgoing(policy, chain, request.headers.raw)
    asked = httpcore.Request(
        request.method,
        target,
        headers=headers,
        content=request.stream,
        extensions=request.extensions,
    )
    return asked, chain


class _Answer(httpx.SyncByteStream):
    def __init__(self, stream: Any, body: Body, chain: Chain, policy: EgressPolicy) -> None:
        self._stream = stream
        self._chunks = chunks(stream, body, chain, policy, httpcore, httpx)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._stream.close()


class _AsyncAnswer(httpx.AsyncByteStream):
    def __init__(self, stream: Any, body: Body, chain: Chain, policy: EgressPolicy) -> None:
        self._stream = stream
        self._chunks = async_chunks(stream, body, chain, policy, httpcore, httpx)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        await self._stream.aclose()


class SafeTransport(httpx.BaseTransport):
    """A transport that cannot be made to call inside: ``httpx.Client(transport=SafeTransport())``.

    Proxies of the environment are not used. Bodies arrive decompressed, also in ``iter_raw``.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA; one that does not check certificates is refused.
        connections: At once.

    Raises:
        GuardError: An option is none.
    """

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
    ) -> None:
        self.policy = policy or EgressPolicy()
        backend = cast("httpcore.NetworkBackend", Backend(httpcore, self.policy))
        self._pool = httpcore.ConnectionPool(
            network_backend=backend, **pool_settings(ssl_context, connections)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.

        Raises:
            EgressRefused: The request is not made, or its answer not taken.
            httpx.TransportError: It failed.
        """
        asked, chain = _prepared(self.policy, request)
        with told(httpcore, httpx, chain, self.policy), ending(chain):
            answer = self._pool.handle_request(asked)
        try:
            body = Body.of(self.policy, request.method, request.url.host, answer)
        except BaseException:
            answer.close()
            raise
        return httpx.Response(
            answer.status,
            headers=body.headers,
            stream=_Answer(answer.stream, body, chain, self.policy),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class AsyncSafeTransport(httpx.AsyncBaseTransport):
    """:class:`SafeTransport` for ``httpx.AsyncClient``, on asyncio and trio.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA; one that does not check certificates is refused.
        connections: At once.

    Raises:
        GuardError: An option is none.
    """

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
    ) -> None:
        self.policy = policy or EgressPolicy()
        backend = cast("httpcore.AsyncNetworkBackend", AsyncBackend(httpcore, self.policy))
        self._pool = httpcore.AsyncConnectionPool(
            network_backend=backend, **pool_settings(ssl_context, connections)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.

        Raises:
            EgressRefused: The request is not made, or its answer not taken.
            httpx.TransportError: It failed.
        """
        asked, chain = _prepared(self.policy, request)
        answer: httpcore.Response | None = None
        with told(httpcore, httpx, chain, self.policy), anyio.move_on_after(chain.left()):
            answer = await self._pool.handle_async_request(asked)
        if answer is None:
            raise chain.end(self.policy)
        try:
            body = Body.of(self.policy, request.method, request.url.host, answer)
        except BaseException:
            await answer.aclose()
            raise
        return httpx.Response(
            answer.status,
            headers=body.headers,
            stream=_AsyncAnswer(answer.stream, body, chain, self.policy),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """End all connections."""
        await self._pool.aclose()


def safe_client(
    policy: EgressPolicy | None = None,
    *,
    ssl_context: ssl.SSLContext | None = None,
    connections: int = 100,
    **options: Any,
) -> httpx.Client:
    """A client over :class:`SafeTransport` with the policy's times; redirects are followed.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA.
        connections: At once.
        options: Of ``httpx.Client``, but for those that would go around the policy.

    Raises:
        GuardError: An option is none, or would go around the policy.
    """
    transport = SafeTransport(policy, ssl_context=ssl_context, connections=connections)
    return httpx.Client(transport=transport, **client_settings(transport.policy, options))


def async_safe_client(
    policy: EgressPolicy | None = None,
    *,
    ssl_context: ssl.SSLContext | None = None,
    connections: int = 100,
    **options: Any,
) -> httpx.AsyncClient:
    """:func:`safe_client`, asynchronous.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA.
        connections: At once.
        options: Of ``httpx.AsyncClient``, but for those that would go around the policy.

    Raises:
        GuardError: An option is none, or would go around the policy.
    """
    transport = AsyncSafeTransport(policy, ssl_context=ssl_context, connections=connections)
    return httpx.AsyncClient(transport=transport, **client_settings(transport.policy, options))
