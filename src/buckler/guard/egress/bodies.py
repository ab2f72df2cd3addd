"""Reads an answer's body within its bounds, and decompresses it itself so that both sides are counted.

Threat: a small answer that becomes a large one (CWE-409), one that never ends (CWE-400). Decompression is
done in steps of bounded size (RFC 9110, 8.4.1: gzip and deflate; nothing else is asked for).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn

from buckler.guard.egress.errors import EncodingRefused, TooLarge
from buckler.guard.egress.policy import EgressPolicy

STEP: Final = 65_536
ACCEPTED: Final = b"gzip, deflate"
"""What is asked for, as Accept-Encoding."""
_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_BARE: Final = frozenset({204, 304})
Headers = list[tuple[bytes, bytes]]


class Body:
    """Counts and decompresses the body of one answer.

    Args:
        policy: Says how much.
        headers: Of the answer.
        host: Named in the event.
        bare: Whether the answer has no body by its nature (HEAD, 204, 304).

    Raises:
        TooLarge: It announces more than is allowed.
        EncodingRefused: Its encoding is another one.
    """

    __slots__ = ("_decoder", "_host", "_left", "_policy", "_started", "_wire", "headers")

    def __init__(self, policy: EgressPolicy, headers: Headers, host: str, *, bare: bool) -> None:
        self._policy = policy
        self._host = host
        self._left = policy.max_bytes
        self._wire = policy.max_bytes
        self._decoder: zlib._Decompress | None = None
        self._started = False
        self.headers = headers
        if bare:
            return
        lengths = [v for k, v in headers if k.lower() == b"content-length"]
        if any(v.isdigit() and int(v[:20]) > policy.max_bytes for v in lengths):
            self._too_large()
        self._decoder = self._made()
        if self._decoder is not None:
            # What is handed on is plain; the client must not decode it again.
            dropped = (b"content-encoding", b"content-length")
            self.headers = [(k, v) for k, v in headers if k.lower() not in dropped]

    @classmethod
    def of(cls, policy: EgressPolicy, method: str, host: str, answer: Any) -> Body:
        """The body of an answer as a pool gives it.

        Raises:
            TooLarge: It announces more than is allowed.
            EncodingRefused: Its encoding is another one.
        """
        bare = method == "HEAD" or answer.status in _BARE
        return cls(policy, list(answer.headers), host, bare=bare)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The plain bytes of a chunk, in pieces.

        Raises:
            TooLarge: There are more than allowed.
            EncodingRefused: It cannot be decompressed.
        """
        self._wire -= len(chunk)
        if self._wire < 0:
            self._too_large()
        pieces: Iterable[bytes] = (chunk,) if self._decoder is None else self._plain(chunk)
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                self._too_large()
            yield piece

    def _made(self) -> zlib._Decompress | None:
        named = [v for k, v in self.headers if k.lower() == b"content-encoding"]
        names = [n.strip() for n in b",".join(named).decode("latin-1").lower().split(",")]
        chosen = [n for n in names if n not in ("", "identity")]
        if not chosen:
            return None
        if len(chosen) > 1 or chosen[0] not in _WINDOWS:
            error = EncodingRefused("the answer's encoding was not asked for", reason="encoding")
            self._policy.refuse(error, self._host)
        return zlib.decompressobj(_WINDOWS[chosen[0]])

    def _plain(self, chunk: bytes) -> Iterator[bytes]:
        try:
            if not self._started and chunk:
                self._started = True
                yield from self._first(chunk)
            else:
                yield from self._steps(chunk)
        except zlib.error as error:
            self._policy.refuse(
                EncodingRefused(f"the answer is damaged: {error}", reason="damaged"), self._host
            )

    def _first(self, chunk: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        try:
            yield from self._steps(chunk)
        except zlib.error:
            # Some servers send deflate without its wrapping (RFC 9110, 8.4.1.2, note).
            if decoder is not self._decoder or chunk[:2] == b"\x1f\x8b":
                raise
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            yield from self._steps(chunk)

    def _steps(self, chunk: bytes) -> Iterator[bytes]:
        decoder = self._decoder
        while decoder is not None and not decoder.eof:
            piece = decoder.decompress(chunk, STEP)
            if piece:
                yield piece
            chunk = decoder.unconsumed_tail
            if not piece and not chunk:
                return

    def _too_large(self) -> NoReturn:
        error = TooLarge("the answer is larger than allowed", reason="size")
        self._policy.refuse(error, self._host)
