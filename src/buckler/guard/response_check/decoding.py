"""Undoes the Content-Encoding of an answer in steps, so that what is compressed is looked into as well.

Threat: a secret that passes because a layer inside compressed it, and a small body that becomes a large
one while it is looked into (CWE-409). Codings of RFC 9110, 8.4.1 that the standard library knows: gzip,
deflate, and from Python 3.14 on zstd (RFC 8878).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

STEP: Final = 65_536
"""Bytes that one step gives at most."""
_MOST_CODINGS: Final = 3
_GZIP: Final = zlib.MAX_WBITS | 16


class Coding(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out, in steps.

        Raises:
            ValueError: It is damaged.
        """
        ...

    def is_complete(self) -> bool:
        """Whether the data came to their end."""
        ...


class Decoder:
    """Undoes the codings of an answer.

    Args:
        encoding: Value of ``Content-Encoding``.

    Raises:
        LookupError: One of them is not known here.
    """

    def __init__(self, encoding: bytes) -> None:
        names = [n.strip() for n in encoding.decode("latin-1").lower().split(",")]
        names = [n for n in names if n and n != "identity"]
        if len(names) > _MOST_CODINGS:
            raise LookupError("too many codings")
        # The last one was put on last (RFC 9110, 8.4).
        self._codings = [_KNOWN[name]() for name in reversed(names)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The plain bytes of what came, in steps of at most :data:`STEP`.

        Raises:
            ValueError: The data are damaged.
        """
        pieces: Iterable[bytes] = (data,) if data else ()
        for coding in self._codings:
            pieces = _through(coding, pieces)
        yield from pieces

    def end(self) -> None:
        """Say that nothing more comes.

        Raises:
            ValueError: Something is missing.
        """
        if not all(coding.is_complete() for coding in self._codings):
            raise ValueError("the data end too early")


def _through(coding: Coding, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from coding.feed(piece)


class _Zlib:
    """gzip (RFC 1952), of one member or several, and deflate, with its wrapping (RFC 1950) or without."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._decoder = zlib.decompressobj(bits)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            # Some send deflate without its wrapping (RFC 9110, 8.4.1.2, note): its first byte has
            # another method, or the two are no multiple of 31.
            bare = data[0] & 15 != 8 or (len(data) > 1 and int.from_bytes(data[:2], "big") % 31)
            if self._bits == zlib.MAX_WBITS and bare:
                self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        while data:
            if self._decoder.eof:
                if self._bits != _GZIP:
                    raise ValueError("something follows the end")
                self._decoder = zlib.decompressobj(self._bits)
            yield from self._steps(data)
            data = self._decoder.unused_data

    def is_complete(self) -> bool:
        return self._decoder.eof or not self._begun

    def _steps(self, data: bytes) -> Iterator[bytes]:
        try:
            while True:
                piece = self._decoder.decompress(data, STEP)
                data = self._decoder.unconsumed_tail
                if piece:
                    yield piece
                if self._decoder.eof or not (piece or data):
                    return
        except zlib.error as error:
            raise ValueError(str(error)) from error


class _Zstandard:
    """zstd (RFC 8878), of one frame or several."""

    def __init__(self) -> None:
        self._library: Any = import_module("compression.zstd")
        self._decoder = self._library.ZstdDecompressor()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = True
        while data:
            if self._decoder.eof:
                self._decoder = self._library.ZstdDecompressor()
            yield from self._steps(data)
            data = self._decoder.unused_data if self._decoder.eof else b""

    def is_complete(self) -> bool:
        return bool(self._decoder.eof) or not self._begun

    def _steps(self, data: bytes) -> Iterator[bytes]:
        try:
            while True:
                piece = self._decoder.decompress(data, STEP)
                data = b""
                if piece:
                    yield piece
                if self._decoder.eof or self._decoder.needs_input:
                    return
        except self._library.ZstdError as error:
            raise ValueError(str(error)) from error


def _codings() -> dict[str, Callable[[], Coding]]:
    known: dict[str, Callable[[], Coding]] = {
        "gzip": lambda: _Zlib(_GZIP),
        "x-gzip": lambda: _Zlib(_GZIP),
        "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    }
    if find_spec("compression") is not None and find_spec("compression.zstd") is not None:
        known["zstd"] = _Zstandard
    return known


_KNOWN: Final[Mapping[str, Callable[[], Coding]]] = _codings()
