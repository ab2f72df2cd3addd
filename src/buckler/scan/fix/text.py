"""The text of a file as it stands on disk, and where a node of its tree stands in it.

``ast`` counts columns in bytes of UTF-8 and knows nothing of line ends, byte order marks or
encodings. An edit at the wrong character breaks a file, so the counting is done in one place.
"""

from __future__ import annotations

import ast
import codecs
import hashlib
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file

MAX_BYTES = 2_000_000
MAX_DATA = 50_000_000
"""Of what is no Python: a lock of 20,000 packages has about 40 MB."""
_LINES = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"[ \t\f]*")


def limit_of(path: Path) -> int:
    """Most bytes of a file that is repaired."""
    return MAX_BYTES if path.suffix in (".py", ".pyi") else MAX_DATA


class Text:
    """A file's text, its lines and the way it is written down.

    Args:
        data: The bytes on disk.
        python: Whether the encoding is declared as in Python source (PEP 263); else it is UTF-8.

    Attributes:
        digest: SHA-256 of the bytes, to see whether the file changed meanwhile.
        text: Decoded, line ends as they are, without a byte order mark.
        newline: The line end that the file uses most.

    Raises:
        UnreadableFile: It is not text in the encoding that it declares.
    """

    def __init__(self, data: bytes, *, python: bool = True) -> None:
        self.digest = hashlib.sha256(data).hexdigest()
        self._mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        try:
            found = tokenize.detect_encoding(io.BytesIO(data).readline)[0] if python else "utf-8"
            self.encoding = found.removesuffix("-sig")
            self.text = data[len(self._mark) :].decode(self.encoding)
        except (SyntaxError, ValueError, LookupError) as error:
            raise UnreadableFile(
                f"it is not text: {error}", hint="save it as UTF-8, or correct its coding line"
            ) from error
        self._starts = [0, *(match.end() for match in _LINES.finditer(self.text))]
        self.newline = self._usual_newline()

    @classmethod
    def read(cls, path: Path, folder: Path) -> Text:
        """The text of a project's file.

        Raises:
            UnreadableFile: It is not there, leads out of the folder, or is no text.
        """
        try:
            data = read_project_file(path, folder, limit_of(path))
        except FileNotFoundError as error:
            raise UnreadableFile("there is no such file", hint="run the scan again") from error
        return cls(data, python=path.suffix in (".py", ".pyi"))

    def encoded(self, text: str) -> bytes:
        """Another text as this file would be written.

        Raises:
            UnreadableFile: It holds letters that the file's encoding has not.
        """
        try:
            return self._mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise UnreadableFile(
                f"{self.encoding} cannot write {error.object[error.start : error.end]!r}",
                hint="save the file as UTF-8",
            ) from error

    def offset(self, line: int, column: int) -> int:
        """Where a 1-based line and a column in bytes of UTF-8 are, in characters."""
        start = self._starts[line - 1]
        row = self.text[start : self._starts[line] if line < len(self._starts) else None]
        if row.isascii():
            return start + column
        return start + len(row.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))

    def span(
        self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias
    ) -> tuple[int, int]:
        """Offsets of the first character of a node and behind its last one."""
        end_line = node.end_lineno or node.lineno
        end_column = node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def of(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> str:
        """A node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_of(self, offset: int) -> int:
        """The 1-based line of a character."""
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= offset else (low, middle)
        return low + 1

    def line_start(self, offset: int) -> int:
        """Offset of the first character of the line that a character is on."""
        return self._starts[self.line_of(offset) - 1]

    def line_end(self, offset: int) -> int:
        """Offset behind the line end of the line that a character is on; the text's end on the last."""
        line = self.line_of(offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def indent_at(self, offset: int) -> str:
        """The blanks at the beginning of the line that a character is on."""
        match = _BLANK.match(self.text, self.line_start(offset))
        return match.group() if match else ""

    def begins_line(self, offset: int) -> bool:
        """Whether nothing but blanks stands before a character on its line."""
        return not self.text[self.line_start(offset) : offset].strip(" \t\f")

    def ends_line(self, offset: int) -> bool:
        """Whether nothing but blanks and a comment stands behind an offset on its line."""
        rest = self.text[offset : self.line_end(offset)].strip()
        return not rest or rest.startswith("#")

    def significant(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """The characters between two offsets that are neither blank nor in a comment.

        Only for text between tokens, where no literal stands.
        """
        at = start
        while at < end:
            letter = self.text[at]
            if letter == "#":
                at = min(self.line_end(at), end)
                continue
            if letter not in " \t\f\r\n\\":
                yield at, letter
            at += 1

    def _usual_newline(self) -> str:
        ends = _LINES.findall(self.text)
        return max(("\n", "\r\n", "\r"), key=ends.count) if ends else "\n"
