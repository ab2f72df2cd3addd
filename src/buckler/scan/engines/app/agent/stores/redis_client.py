"""As much of Redis' protocol as commands take (RESP2, redis.io)."""

from __future__ import annotations

from typing import Any, List, Sequence, Union

from .interface import StoreError
from .wire import Wire

Word = Union[bytes, str, int]


class Client:
    """Connected, without a password.

    Args:
        path: Of the socket.

    Raises:
        OSError: Nobody listens there.
    """

    def __init__(self, path: str) -> None:
        self._wire = Wire(path)

    @property
    def over(self) -> bool:
        """Whether it has to be made anew."""
        return self._wire.over

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def run(self, *words: Word) -> Any:
        """The reply to one command.

        Raises:
            StoreError: The server refuses it.
        """
        return self.pipeline([words])[0]

    def pipeline(self, commands: Sequence[Sequence[Word]]) -> List[Any]:
        """The replies to several commands.

        Raises:
            StoreError: The server refuses one.
        """
        if not commands:
            return []
        self._wire.write(b"".join(map(_packed, commands)))
        replies = [self._reply() for _ in commands]
        for reply in replies:
            if isinstance(reply, StoreError):
                raise reply
        return replies

    def _reply(self) -> Any:
        line = self._wire.line()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            return StoreError(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self._wire.read(length + 2)[:-2]
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        return rest


def _packed(words: Sequence[Word]) -> bytes:
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    sized = (b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"*%d\r\n%s" % (len(parts), b"".join(sized))
