"""Takes the body of an answer as it comes, and gives what may go out: whole, or record by record.

Threat: a check that waits for the end of what has none, or that fills the memory with what it waits for
(CWE-400, CWE-409).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from buckler.guard.inbound import Inbound
from buckler.guard.response_check.decoding import Decoder
from buckler.guard.response_check.judging import AnswerError
from buckler.guard.response_check.looking import Looker, Steps
from buckler.guard.response_check.records import MAX_RECORD, Form, Records

MAX_BURST: Final = 2 * MAX_RECORD
"""Bytes that one message of a stream may decode to and be looked into."""


class Whole:
    """An answer that has an end: kept until that is there, or it is too large to be kept.

    Args:
        looker: Looks into it.
        inbound: The request.
        kind: How it holds JSON.
        decoder: Undoes its encoding, or None.

    Attributes:
        length: Bytes of what goes out instead; None where it goes out as it came.
    """

    def __init__(
        self, looker: Looker, inbound: Inbound, kind: Form, decoder: Decoder | None
    ) -> None:
        self._looker = looker
        self._inbound = inbound
        self._kind = kind
        self._decoder = decoder
        self._body = bytearray()
        self._over = False
        self.length: int | None = None

    def feed(self, data: bytes, *, last: bool) -> Steps:
        """What may go out now, and None wherever the look may be interrupted.

        Raises:
            AnswerError: The answer fails.
        """
        if self._over:
            yield data
            return
        self._body += data
        if len(self._body) > MAX_RECORD:
            self._looker.unseen(self._inbound, "size")
            self._over = True
        elif last:
            content = bytes(self._body)
            for looked in self._looked(content):
                yield None
                if looked is not None:
                    self.length, content = len(looked), looked
            yield content
            return
        if self._over:
            yield bytes(self._body)
            self._body.clear()

    def _looked(self, content: bytes) -> Steps:
        """What goes out instead, without an encoding; nothing but None where nothing is taken out."""
        plain = self._plain(content)
        if plain is None:
            return
        told: set[str] = set()
        split = Records(self._kind)
        whole = self._kind == "json"
        parts = [plain] if whole else [r for r, _ in (*split.feed(plain), *split.end())]
        looked: list[bytes] = []
        for part in parts:
            for step in self._looker.look(self._inbound, part, self._kind, told):
                if step is None:
                    yield None
                else:
                    looked.append(step)
        if not all(a is b for a, b in zip(parts, looked, strict=True)):
            yield b"".join(looked)

    def _plain(self, content: bytes) -> bytes | None:
        if self._decoder is None:
            return content
        plain = bytearray()
        try:
            for piece in self._decoder.feed(content):
                plain += piece
                if len(plain) > MAX_RECORD:
                    self._looker.unseen(self._inbound, "size")
                    return None
            self._decoder.end()
        except ValueError:
            self._looker.unseen(self._inbound, "damaged")
            return None
        return bytes(plain)


class Stream:
    """An answer that may never end: nothing of it is kept but the record that is not whole yet.

    Args:
        looker: Looks into it.
        inbound: The request.
        kind: How it holds JSON.
        decoder: Undoes its encoding, or None.

    Attributes:
        plain: Whether it goes out without its encoding, because something may be cut out of it.
    """

    length: int | None = None

    def __init__(
        self, looker: Looker, inbound: Inbound, kind: Form, decoder: Decoder | None
    ) -> None:
        self._looker = looker
        self._inbound = inbound
        self._kind = kind
        self._decoder = decoder
        self._records = Records(kind)
        self._told: set[str] = set()
        self._blind = False
        self.plain = decoder is not None and looker.mode == "strip"

    def feed(self, data: bytes, *, last: bool) -> Steps:
        """What may go out now, and None wherever the look may be interrupted.

        Raises:
            AnswerError: The answer fails, or its data are damaged where something may have to be cut out.
        """
        if self._decoder is None or self.plain:
            yield from self._looked(data, last=last)
            return
        if not self._blind:
            for _ in self._looked(data, last=last):
                if self._blind:
                    break
                yield None
        yield data

    def _looked(self, data: bytes, *, last: bool) -> Steps:
        for piece in self._pieces(data, last=last):
            yield from self._ready(self._records.feed(piece))
        if last and not self._blind:
            yield from self._ready(self._records.end())

    def _ready(self, records: Iterable[tuple[bytes, bool]]) -> Steps:
        """What may go out of the records of one step, in one piece; up to the one that fails."""
        made = bytearray()
        for record, whole in records:
            for step in self._look(record, whole=whole):
                if step is None:
                    yield None
                else:
                    made += step
        if made:
            yield bytes(made)

    def _look(self, record: bytes, *, whole: bool) -> Steps:
        if whole:
            yield from self._looker.look(self._inbound, record, self._kind, self._told)
            return
        self._looker.unseen(self._inbound, "size")
        yield record

    def _pieces(self, data: bytes, *, last: bool) -> Iterator[bytes]:
        if self._decoder is None:
            yield data
            return
        count = 0
        try:
            for piece in self._decoder.feed(data):
                count += len(piece)
                if count > MAX_BURST and not self.plain:
                    self._looker.unseen(self._inbound, "size")
                    self._blind = True
                    return
                yield piece
            if last:
                self._decoder.end()
        except ValueError as error:
            self._looker.unseen(self._inbound, "damaged")
            self._blind = True
            if self.plain:
                raise AnswerError(
                    f"{self._inbound.plan.template} answers damaged data: {error}"
                ) from error
