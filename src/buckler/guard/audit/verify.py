"""Checks the hash chain of a log, however large or hostile its files are.

Nothing is parsed but the end of each line, and no more of a line is kept than a line of ours can have:
a file of one line of gigabytes, of NUL or of bad UTF-8 is broken, never a crash (CWE-400, CWE-674).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

from buckler.guard.audit.chain import GENESIS, Chain, Head, Link, read

LONGEST_LINE: Final = 1024 * 1024
MOST_BREAKS: Final = 100
What = Literal["changed", "removed", "reordered", "repeated", "truncated", "unreadable"]


@dataclass(slots=True)
class Break:
    """One place where the chain does not hold.

    Attributes:
        file: As it was named.
        line: Number in that file, from 1; 0 where it is the file itself.
        what: ``changed``, ``removed``, ``reordered``, ``repeated``, ``truncated``, ``unreadable``.
        detail: One sentence.
    """

    file: str
    line: int
    what: What
    detail: str


@dataclass(slots=True)
class Verdict:
    """What was seen.

    Attributes:
        records: Lines read.
        first: Number of the first record.
        head: Number and hash of the last one. Kept elsewhere, it shows a log cut short later.
        sealed: Whether the last line is a seal.
        breaks: The first hundred.
        more: Further ones.
    """

    records: int = 0
    first: int = 0
    head: Head = field(default_factory=Head)
    sealed: bool = False
    breaks: list[Break] = field(default_factory=list)
    more: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is broken."""
        return not self.breaks


def verify(
    files: Sequence[Path],
    chain: Chain,
    *,
    start: int = 1,
    head: str = "",
    sealed: bool = False,
) -> Verdict:
    """Check files that make one log; those that were rotated away may stand in any order.

    Args:
        files: Plain, or compressed by gzip (``.gz``).
        chain: With the key of the log, if it has one.
        start: Number that the first record must have; more than 1 where older files were deleted.
        head: Hash that the last record must have, noted at an earlier time.
        sealed: Whether the last record must be a seal.
    """
    walk = _Walk(chain, start)
    for file in sorted(files, key=_first_of):
        walk.file(file)
    return walk.end(head, sealed=sealed)


class _Walk:
    """Goes through the lines and keeps what the next one must be."""

    def __init__(self, chain: Chain, start: int) -> None:
        self._chain = chain
        self._seq = start
        # Of the record before the first nobody knows the hash, unless it is the very first.
        self._prev: str | None = GENESIS if start == 1 else None
        self._gaps: dict[int, tuple[int, Break]] = {}
        self._last = ("", 0)
        self._strange = 0
        self.verdict = Verdict()

    def file(self, path: Path) -> None:
        number = 0
        try:
            with closing(_open(path)) as stream:
                for line in _lines(stream):
                    number += 1
                    self._line(str(path), number, line)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or "it is no whole gzip file"
            self._tell(Break(str(path), number, "unreadable", f"the file ends here: {reason}"))

    def _line(self, file: str, number: int, line: bytes | None) -> None:
        self.verdict.records += 1
        self._last = (file, number)
        self.verdict.sealed = False
        link = read(line) if line is not None else None
        if link is None:
            what = "it is longer than a record can be" if line is None else "it has no chain"
            self._tell(Break(file, number, "changed", f"{what}: changed, or put in"))
            self._strange += 1
            return
        if not self._chain.holds(link):
            self._tell(Break(file, number, "changed", self._why(link)))
            if link.head.seq >= self._seq:
                self._accept(link)
            self._prev = None  # its hash is nothing to go by; what follows is not told twice
            return
        if link.head.seq < self._seq:
            self._tell(self._earlier(file, number, link))
            return
        # Lines without a chain that stand where as many records are missing were told already.
        if 0 < link.head.seq - self._seq <= self._strange:
            pass
        elif link.head.seq > self._seq:
            self._gap(file, number, link)
        elif self._prev is not None and link.prev != self._prev:
            told = f"record {link.head.seq} does not follow the one before it: that was changed"
            self._tell(Break(file, number, "changed", told))
        self._accept(link)

    def _why(self, link: Link) -> str:
        if link.alg == self._chain.alg:
            return f"record {link.head.seq} is not what was written"
        if link.alg == "sha256":
            return f"record {link.head.seq} was made without the key"
        return f"record {link.head.seq} was made with a key: give it"

    def _gap(self, file: str, number: int, link: Link) -> None:
        last = link.head.seq - 1
        which = f"record {last}" if last == self._seq else f"records {self._seq} to {last}"
        found = Break(file, number, "removed", f"{which} missing before this line")
        self._tell(found)
        if len(self._gaps) < MOST_BREAKS:
            self._gaps[self._seq] = (last, found)

    def _earlier(self, file: str, number: int, link: Link) -> Break:
        seq = link.head.seq
        for first, (last, gap) in self._gaps.items():
            if first <= seq <= last:
                gap.what = "reordered"
                gap.detail = f"record {seq} belongs before this line"
                return Break(file, number, "reordered", f"record {seq} belongs further up")
        return Break(file, number, "repeated", f"record {seq} stood before, or never here")

    def _accept(self, link: Link) -> None:
        self.verdict.first = self.verdict.first or link.head.seq
        self.verdict.head = link.head
        self.verdict.sealed = link.seal
        self._seq, self._prev = link.head.seq + 1, link.head.hash
        self._strange = 0

    def end(self, head: str, *, sealed: bool) -> Verdict:
        file, number = self._last
        if head and head != self.verdict.head.hash:
            told = f"the last record is {self.verdict.head.seq}, not the one of that hash"
            self._tell(Break(file, number, "truncated", told))
        if sealed and not self.verdict.sealed:
            self._tell(Break(file, number, "truncated", "the last line is no seal"))
        return self.verdict

    def _tell(self, found: Break) -> None:
        if len(self.verdict.breaks) < MOST_BREAKS:
            self.verdict.breaks.append(found)
        else:
            self.verdict.more += 1


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Each line without its end; None for one that is too long, of which the rest is skipped."""
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield line.rstrip(b"\r\n")
            continue
        while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            continue
        yield None


def _first_of(path: Path) -> tuple[int, int]:
    """For the order: number of the first record that a file has; files without any come last."""
    try:
        with closing(_open(path)) as stream:
            return next(_numbers(_lines(stream)), (1, 0))
    except (OSError, EOFError, zlib.error):
        return (1, 0)


def _numbers(lines: Iterable[bytes | None]) -> Iterator[tuple[int, int]]:
    for _, line in zip(range(MOST_BREAKS), lines, strict=False):
        link = read(line) if line is not None else None
        if link is not None:
            yield (0, link.head.seq)
