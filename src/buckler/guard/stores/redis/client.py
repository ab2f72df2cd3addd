"""Redis or Valkey, asked by few at once and with a bound that Redis alone can use up.

Threat: a burst that switches a limit off (CWE-636, CWE-770). A pool of connections that is full, or a loop that stood
still in somebody's handler, is no Redis that does not answer; who takes it for one lets through, or turns away, whoever
comes next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.options import GuardError, positive

if TYPE_CHECKING:
    from redis.asyncio import Redis

AT_ONCE: Final = 16
"""Commands under way of one loop: a connection each, below what redis-py's pool allows (100)."""
SLICES: Final = 8
"""Parts of the bound. One that ends late counts an eighth: the loop was elsewhere."""


class NoAnswer(Exception):
    """Redis refused, or did not answer in time; its words are the name of the error."""


class Client:
    """One Redis for all loops of a process.

    Args:
        url: ``redis://host:6379/0``, ``rediss://``, ``unix://``; or a client of ``redis.asyncio``.
        timeout: Seconds of a running loop that a command may take. One that stands still between adds to them,
            eight times at most.
        owner: Name of the class that users see, for errors.
        command: A method that a client has.

    Raises:
        GuardError: An option is wrong, or redis-py is not installed.
    """

    __slots__ = ("_loops", "_timeout", "_url")

    def __init__(self, url: str | Redis, timeout: float, owner: str, command: str) -> None:
        if not isinstance(url, str) and not callable(getattr(url, command, None)):
            raise GuardError(
                f"url: {type(url).__name__} is no address and no client of redis.asyncio",
                hint=f"write {owner}('redis://localhost:6379/0')",
            )
        try:
            import redis.asyncio  # noqa: F401
        except ImportError as error:
            raise GuardError(
                f"{owner} needs redis-py", hint="pip install 'buckler[redis]'"
            ) from error
        self._url = url
        self._timeout = positive(timeout, "timeout")
        self._loops: dict[int, _Loop] = {}

    async def ask(self, command: Callable[[Any], Awaitable[Any]]) -> Any:
        """What Redis says to one command.

        Args:
            command: Is given a client of ``redis.asyncio``; runs again where no connection was free.

        Raises:
            NoAnswer: It refused, or did not answer in time; or it did not answer others while this one waited.
        """
        loop = self._loop()
        failures = loop.failures
        async with loop.turns:
            if loop.failures != failures:
                raise NoAnswer(loop.reason)
            try:
                return await self._answer(loop.client, command)
            except NoAnswer as error:
                loop.failures += 1
                loop.reason = str(error)
                raise

    async def close(self) -> None:
        """Close the connections of the running loop, unless the client came from outside."""
        known = self._loops.pop(id(asyncio.get_running_loop()), None)
        if known is not None and known.client is not self._url:
            await known.client.aclose()

    async def _answer(self, client: Any, command: Callable[[Any], Awaitable[Any]]) -> Any:
        from redis.exceptions import MaxConnectionsError, RedisError

        patience = _Patience(self._timeout)
        try:
            async with patience.bound:
                while True:
                    try:
                        return await command(client)
                    except MaxConnectionsError:  # Nothing was sent: others use the client, too.
                        await asyncio.sleep(patience.slice / 4)
        except (OSError, TimeoutError, RedisError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            patience.end()

    def _loop(self) -> _Loop:
        """What belongs to the running loop: connections do."""
        loop = asyncio.get_running_loop()
        known = self._loops.get(id(loop))
        if known is None or known.loop is not loop:
            self._loops = {k: v for k, v in self._loops.items() if not v.loop.is_closed()}
            known = self._loops[id(loop)] = _Loop(loop, self._made())
        return known

    def _made(self) -> Any:
        if not isinstance(self._url, str):
            return self._url
        from redis.asyncio import Redis

        # The bound is ours: redis-py's own would count a loop that stood still. Its second one bounds closing.
        return Redis.from_url(self._url, socket_timeout=None, socket_connect_timeout=10.0)


class _Loop:
    """One loop, its client, and who may ask."""

    __slots__ = ("client", "failures", "loop", "reason", "turns")

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Any) -> None:
        self.loop = loop
        self.client = client
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.failures = 0
        self.reason = ""


class _Patience:
    """A bound on the time in which a loop runs."""

    __slots__ = ("_left", "_loop", "_timer", "bound", "slice")

    def __init__(self, seconds: float) -> None:
        self.bound = asyncio.timeout(None)
        self.slice = seconds / SLICES
        self._left = SLICES * SLICES
        self._loop = asyncio.get_running_loop()
        self._timer = self._again()

    def end(self) -> None:
        self._timer.cancel()

    def _again(self) -> asyncio.TimerHandle:
        due = self._loop.time() + self.slice
        return self._loop.call_at(due, self._over, due)

    def _over(self, due: float) -> None:
        self._left -= 1 if self._loop.time() - due > self.slice / 2 else SLICES
        if self._left > 0:
            self._timer = self._again()
        else:
            self.bound.reschedule(self._loop.time())
