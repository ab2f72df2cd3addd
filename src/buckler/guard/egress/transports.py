"""What the transports of httpx and httpx2 do; what decides is the policy.

The two libraries have the same names. Each module that stands for one (``for_httpx``, ``for_httpx2``) says which
classes its own are made of; what a call does is here, once, so that neither can be safer than the other (CWE-918).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import anyio

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
from buckler.guard.egress.settings import pool_settings

Request = TypeVar("Request")
Response = TypeVar("Response")


@dataclass(frozen=True, slots=True)
class Library:
    """One of the two.

    Attributes:
        client: The module ``httpx`` or ``httpx2``.
        core: ``httpcore`` or ``httpcore2``.
    """

    client: Any
    core: Any

    def asked(self, policy: EgressPolicy, request: Any) -> tuple[Any, Chain]:
        """A request as the pool takes it, and the call that it belongs to.

        Raises:
            EgressRefused: The policy does not allow it.
        """
        url = request.url
        host = url.raw_host.decode("ascii")
        policy.check(url.scheme, host, url.port, userinfo=bool(url.userinfo))
        chain = enter(policy, request, request.extensions, (url.scheme, host, url.port))
        target = self.core.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        asked = self.core.Request(
            request.method,
            target,
            headers=outgoing(policy, chain, request.headers.raw),
            content=request.stream,
            extensions=request.extensions,
        )
        return asked, chain

    def answered(
        self,
        transport: Blocking[Any, Any] | Asynchronous[Any, Any],
        request: Any,
        answer: Any,
        chain: Chain,
    ) -> Any:
        """The pool's answer as the client takes it.

        Raises:
            TooLarge: It announces more than is allowed.
            EncodingRefused: Its encoding is another one.
        """
        policy = transport.policy
        body = Body.of(policy, request.method, request.url.host, answer)
        return self.client.Response(
            answer.status,
            headers=body.headers,
            stream=transport.stream(answer.stream, body, chain, policy),
            extensions=answer.extensions,
        )


class Blocking(Generic[Request, Response]):
    """A transport that blocks, but for the library's own base class.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA; one that does not check certificates is refused.
        connections: At once.

    Raises:
        GuardError: An option is none.
    """

    library: ClassVar[Library]
    stream: ClassVar[type[Any]]
    """Its :class:`Answer`."""

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
    ) -> None:
        self.policy = policy or EgressPolicy()
        core = self.library.core
        self._pool = core.ConnectionPool(
            network_backend=Backend(core, self.policy), **pool_settings(ssl_context, connections)
        )

    def handle_request(self, request: Request) -> Response:
        """See the library.

        Raises:
            EgressRefused: The request is not made, or its answer not taken.
            TransportError: It failed; the exception is the library's.
        """
        library = self.library
        asked, chain = library.asked(self.policy, request)
        with told(library.core, library.client, chain, self.policy), ending(chain):
            answer = self._pool.handle_request(asked)
        try:
            response: Response = library.answered(self, request, answer, chain)
        except BaseException:
            answer.close()
            raise
        return response

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class Asynchronous(Generic[Request, Response]):
    """:class:`Blocking` for asyncio and trio.

    Args:
        policy: What may be called; else every public address on ports 80 and 443.
        ssl_context: For a private CA; one that does not check certificates is refused.
        connections: At once.

    Raises:
        GuardError: An option is none.
    """

    library: ClassVar[Library]
    stream: ClassVar[type[Any]]
    """Its :class:`AsyncAnswer`."""

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
    ) -> None:
        self.policy = policy or EgressPolicy()
        core = self.library.core
        self._pool = core.AsyncConnectionPool(
            network_backend=AsyncBackend(core, self.policy),
            **pool_settings(ssl_context, connections),
        )

    async def handle_async_request(self, request: Request) -> Response:
        """See the library.

        Raises:
            EgressRefused: The request is not made, or its answer not taken.
            TransportError: It failed; the exception is the library's.
        """
        library = self.library
        asked, chain = library.asked(self.policy, request)
        answer: Any = None
        with (
            told(library.core, library.client, chain, self.policy),
            anyio.move_on_after(chain.left()),
        ):
            answer = await self._pool.handle_async_request(asked)
        if answer is None:
            raise chain.end(self.policy)
        try:
            response: Response = library.answered(self, request, answer, chain)
        except BaseException:
            await answer.aclose()
            raise
        return response

    async def aclose(self) -> None:
        """End all connections."""
        await self._pool.aclose()


class Answer:
    """The body of an answer, but for the library's own base class."""

    library: ClassVar[Library]

    def __init__(self, stream: Any, body: Body, chain: Chain, policy: EgressPolicy) -> None:
        self._stream = stream
        library = self.library
        self._chunks = chunks(stream, body, chain, policy, library.core, library.client)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()


class AsyncAnswer:
    """The same, asynchronously."""

    library: ClassVar[Library]

    def __init__(self, stream: Any, body: Body, chain: Chain, policy: EgressPolicy) -> None:
        self._stream = stream
        library = self.library
        self._chunks = async_chunks(stream, body, chain, policy, library.core, library.client)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._stream.aclose()
