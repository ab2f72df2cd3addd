"""Reads the words of a Python source, string literals of every version's shape among them.

A project may be written for a newer Python than the one that Buckler runs on, whose own
tokenizer then stops at the first nested quote. This one needs time and memory in proportion to
the text and a bounded depth, whatever the text is (CWE-400, CWE-674).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from buckler.scan.python.newer.strings import Field, Group, Literal, Piece

MAX_NESTED = 12
"""Most f-strings and formats within one another."""

_WORD = re.compile(
    r"""(?P<blank>[ \t\f]+|\\\n|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<string>(?:b|br|rb|u|r|f|fr|rf|t|tr|rt)?(?:'''|\"\"\"|'|"))
    |(?P<name>[^\W\d]\w*)
    |(?P<number>\.?\d\w*)
    |(?P<op>[!=<>:]=|.)""",
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = {
    "'": re.compile(r"[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'", re.DOTALL),
    '"': re.compile(r'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]++|\\.|'(?!''))*+'''", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]++|\\.|"(?!""))*+"""', re.DOTALL),
}
_STOPS = {
    "'": re.compile(r"[{}\\\n']"),
    '"': re.compile(r'[{}\\\n"]'),
    "'''": re.compile(r"[{}\\]|'''"),
    '"""': re.compile(r'[{}\\]|"""'),
}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CONVERSION = re.compile(r"!([sra])[ \t\f\n]*")
_BLANKS = re.compile(r"(?:[ \t\f\n]|\\\n|\#[^\n]*)*+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: ``name``, ``number``, ``op``, ``string`` or ``newline`` (the end of a logical line).

    Attributes:
        group: Of a string: the literals that stand side by side here.
    """

    kind: str
    start: int
    end: int
    group: Group | None = None


def words_of(text: str) -> list[Word]:
    """The words of a text, whose lines end with a line feed.

    Raises:
        SyntaxError: A string or a replacement field does not end, or they are nested too deep.
    """
    return _Lexer(text).words()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text

    def words(self) -> list[Word]:
        text, found, pieces = self._text, list[Word](), list[Piece]()
        depth = at = 0
        while at < len(text):
            kind, end = self._next(at)
            if kind == "string":
                pieces.append(self._piece(at, end, 0))
                at = pieces[-1].end
                continue
            if kind == "blank" or (kind == "newline" and depth):
                at = end
                continue
            if pieces:
                found.append(_string(pieces))
            if kind == "op":
                depth = max(0, depth + (text[at] in "([{") - (text[at] in ")]}"))
            found.append(Word(kind, at, end))
            at = end
        if pieces:
            found.append(_string(pieces))
        return found

    def _next(self, at: int) -> tuple[str, int]:
        matched = _WORD.match(self._text, at)
        if matched is None or matched.lastgroup is None:
            self._fail("a character that stands nowhere in Python", at)
        return matched.lastgroup, matched.end()

    def _piece(self, start: int, opened: int, nested: int) -> Piece:
        """The literal whose prefix and opening quotes stand at an offset."""
        opening = self._text[start:opened]
        quote = opening[-3:] if opening.endswith(("'''", '"""')) else opening[-1]
        prefix = opening[: -len(quote)].lower()
        if "f" in prefix or "t" in prefix:
            if nested >= MAX_NESTED:
                self._fail("f-string: nested too deep", start)
            parts, end = self._parts(opened, quote, "r" in prefix, nested, within=False)
            return Piece(start, end + len(quote), prefix, parts)
        matched = _ENDS[quote].match(self._text, opened)
        if matched is None:
            self._fail("unterminated string literal", start)
        return Piece(start, matched.end(), prefix)

    def _parts(
        self, at: int, quote: str, raw: bool, nested: int, *, within: bool
    ) -> tuple[tuple[Literal | Field, ...], int]:
        """What stands up to the closing quotes, or up to a brace within a format; and where that is."""
        text, stops = self._text, _STOPS[quote]
        parts: list[Literal | Field] = []
        begun = at
        while True:
            matched = stops.search(text, at)
            if matched is None or (matched.group() == "\n" and not within):
                self._fail("unterminated f-string literal", begun)
            at, stop = matched.start(), matched.group()
            doubled = not within and text[at + 1 : at + 2] == stop
            if stop == "\\":
                at = self._behind_backslash(at, raw)
                continue
            if at > begun:
                parts.append(Literal(begun, at))
            if stop in "{}" and doubled:
                parts.append(Literal(at, at + 2))
                at += 2
            elif stop == "{":
                field = self._field(at, quote, raw, nested)
                parts.append(field)
                at = field.end
            elif (stop == quote and not within) or (stop == "}" and within):
                return tuple(parts), at
            else:
                self._fail(f"f-string: {stop!r} where it does not belong", at)
            begun = at

    def _behind_backslash(self, at: int, raw: bool) -> int:
        following = self._text[at + 1 : at + 2]
        if following in ("{", "}"):
            return at + 1
        if following == "N" and not raw and self._text[at + 2 : at + 3] == "{":
            closing = self._text.find("}", at)
            return closing + 1 if closing > 0 else at + 2
        return at + 2

    def _field(self, start: int, quote: str, raw: bool, nested: int) -> Field:
        last, groups = self._expression(start + 1, nested)
        text, at, shown, conversion = self._text, last, None, -1
        if text[at] == "=":
            at = shown = self._behind_blanks(at + 1)
        if text[at : at + 1] == "!":
            matched = _CONVERSION.match(text, at)
            if matched is None:
                self._fail("f-string: a conversion is s, r or a", at)
            conversion, at = ord(matched.group(1)), matched.end()
        spec: tuple[Literal | Field, ...] = ()
        colon = None
        if text[at : at + 1] == ":":
            colon = at
            if nested >= MAX_NESTED:
                self._fail("f-string: nested too deep", at)
            spec, at = self._parts(at + 1, quote, raw, nested + 1, within=True)
        if text[at : at + 1] != "}":
            self._fail("f-string: a field does not end", start)
        if not text[start + 1 : last].strip():
            self._fail("f-string: an expression is missing", start)
        return Field(start, at + 1, start + 1, last, tuple(groups), shown, conversion, colon, spec)

    def _behind_blanks(self, at: int) -> int:
        matched = _BLANKS.match(self._text, at)
        return matched.end() if matched is not None else at

    def _expression(self, at: int, nested: int) -> tuple[int, list[Group]]:
        """Where the expression of a field ends, and the strings in it."""
        text, open_brackets = self._text, list[str]()
        groups, pieces = list[Group](), list[Piece]()
        while at < len(text):
            kind, end = self._next(at)
            if kind == "string":
                pieces.append(self._piece(at, end, nested + 1))
                at = pieces[-1].end
                continue
            if pieces and kind not in ("blank", "newline"):
                groups.append(Group(tuple(pieces)))
                pieces.clear()
            if kind == "op":
                word = text[at:end]
                if not open_brackets and (word in ("}", "!", "=") or word[0] == ":"):
                    return at, groups
                if word in _CLOSING:
                    open_brackets.append(_CLOSING[word])
                elif word in (")", "]", "}") and (not open_brackets or open_brackets.pop() != word):
                    self._fail(f"f-string: unmatched {word!r}", at)
            at = end
        return self._fail("f-string: a field does not end", at)

    def _fail(self, why: str, at: int) -> NoReturn:
        line = self._text.count("\n", 0, at) + 1
        raise SyntaxError(why, ("<source>", line, None, None))


def _string(pieces: list[Piece]) -> Word:
    group = Group(tuple(pieces))
    pieces.clear()
    return Word("string", group.start, group.end, group)
