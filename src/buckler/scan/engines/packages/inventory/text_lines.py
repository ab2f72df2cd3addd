"""Finds the lines on which texts stand: the parsers of TOML and JSON give none."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*+)"|\'([^\'\n]*+)\'')
_KEY = re.compile(r"^[ \t]*+[\"']?([\w.-]++)[\"']?[ \t]*+=", re.MULTILINE)
_HEADER = re.compile(r"^[ \t]*+\[\[?([^\]\n]*+)\]", re.MULTILINE)


class Lines:
    """The lines of quoted texts and of keys, found in one pass; the same text again is its next line."""

    def __init__(self, text: str) -> None:
        self._texts: dict[str, list[int]] = {}
        self._keys: dict[tuple[str, str], int] = {}
        self._next: dict[str, int] = {}
        section = ""
        for number, line in enumerate(text.split("\n"), 1):
            header = _HEADER.match(line)
            if header is not None:
                section = header.group(1).strip()
                continue
            key = _KEY.match(line)
            if key is not None:
                self._keys.setdefault((section, key.group(1)), number)
            for double, single in _QUOTED.findall(line):
                self._texts.setdefault(_plain(double) or single, []).append(number)

    def of(self, text: str) -> int:
        """The line of a quoted text, 1-based; 1 where it is written in a way that is not understood."""
        lines = self._texts.get(text)
        if not lines:
            return 1
        turn = self._next.get(text, 0)
        self._next[text] = turn + 1
        return lines[min(turn, len(lines) - 1)]

    def key(self, section: str, key: str) -> int:
        """The line of a key in a table, or of the table itself where it is one; 1 where neither is found."""
        return self._keys.get((section, key)) or 1


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\") if "\\" in text else text
