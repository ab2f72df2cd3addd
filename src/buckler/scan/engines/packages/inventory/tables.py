"""Reads the TOML that lock files are written in, fast, and with the line of each table.

The parser of the standard library takes seconds for a large lock, gives no lines, and gives up the
whole file for one bad character. A lock is a long row of small tables, so each is read by itself: by
patterns where it has the plain form that the tools write, by the standard parser where not, and where
that fails, too, what can be told of its name and version is kept beside the problem, because a
package that drops out of sight is one whose advisories nobody hears of (CWE-1395). Source: TOML 1.0.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buckler.core.toml import loads as loads
from buckler.scan.engines.packages.inventory.model import Problem

MAX_SLOW: Final = 8_000_000
"""Most characters of a file that are given to the parser of the standard library."""
MAX_PROBLEMS: Final = 20
"""Tables of one file that are told of one by one."""

_PLAIN = r'[^"\\\x00-\x08\x0a-\x1f\x7f]*+'
_STRING = rf'"{_PLAIN}(?:\\["\\bfnrt]{_PLAIN})*+"'
_KEY = r'(?:[A-Za-z0-9_-]++|"[A-Za-z0-9_. -]++")'
_WORD = (
    r"(?:true|false|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]++Z|0(?![0-9])|[1-9][0-9]{0,17}+(?![0-9-]))"
)
_STRINGS = rf"\[(?:{_STRING}(?:, ?{_STRING})*+)?\]"
_FLAT = rf"\{{ ?{_KEY} = {_STRING}(?:, ?{_KEY} = {_STRING})*+ ?\}}"
_PAIR = rf"{_KEY} = (?:{_STRING}|{_WORD}|{_STRINGS}|{_FLAT})"
_INLINE = rf"\{{ ?(?:{_PAIR}(?:, ?{_PAIR})*+ ?)?\}}"
_ROWS = rf"\[\n(?:[ \t]++(?:{_INLINE}|{_STRING}),?\n)*+\]"
_ROW = rf"\[(?:{_INLINE}|{_STRING})?(?:, ?(?:{_INLINE}|{_STRING}))*+\]"
_ENTRY = re.compile(
    rf"(?P<key>{_KEY}) = (?:(?P<string>{_STRING})|(?P<word>{_WORD})|(?P<inline>{_INLINE})"
    rf"|(?P<rows>{_ROWS}|{_ROW}))\n+|\[(?P<table>[A-Za-z0-9_.-]++)\]\n+|\[\[(?P<array>[A-Za-z0-9_.-]++)\]\]\n+"
)
_ITEM = re.compile(rf"{_INLINE}|{_STRING}")
_PARTS = re.compile(
    rf"({_KEY}) = (?:({_STRING})|({_WORD})|({_STRINGS})|\{{ ?({_KEY} = {_STRING}(?:, ?{_KEY} = {_STRING})*+) ?\}})"
)
_TEXTS = re.compile(_STRING)
_SUMS = re.compile(r"hashes = (\{[^}\n]*\})")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_AT = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")
_NAME = re.compile(r'^name\s*=\s*"([^"\\\n]{1,200})"', re.MULTILINE)
_VERSION = re.compile(r'^version\s*=\s*"([^"\\\n]{1,200})"', re.MULTILINE)
_FILES: Final = frozenset({"files", "wheels", "sdist"})


@dataclass(frozen=True, slots=True)
class Table:
    """One table of an array of tables: its first line, 1-based, and what stands in it.

    Of ``files``, ``wheels`` and ``sdist`` there may be the hashes alone: a list of texts.
    """

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A file: the array of tables that was asked for, and all the rest of it."""

    tables: tuple[Table, ...]
    rest: Mapping[str, Any]
    problems: tuple[Problem, ...]


def tables(path: str, text: str, name: str) -> Document:
    """The tables ``[[name]]`` of a TOML file, and what could not be read.

    Args:
        path: Of the file, for the problems.
        text: All of it, lines end with a line feed.
        name: Of the array of tables.
    """
    found: list[Table] = []
    rest: dict[str, Any] = {}
    failed: list[tuple[int, str, str]] = []
    slow = 0
    for line, mine, part in _parts(text, name):
        plain = _plain(part, name) if mine else None
        if plain is not None:
            found.append(Table(line, plain))
            continue
        slow += len(part)
        if slow > MAX_SLOW:
            failed.append((line, part, "there is too much of a form that no tool writes"))
            continue
        try:
            values = loads(part)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            failed.append((line, part, _said(error)))
            continue
        own = values.pop(name, [])  # one, or more with headers of another form, e.g. indented
        if isinstance(own, list):
            items = [one for one in own if isinstance(one, dict)]
            lines = _headers(part, name, items)
            found.extend(Table(line + at - 1, one) for at, one in zip(lines, items, strict=True))
        else:
            failed.append((line, part, f"{name} is no array of tables here"))
        _merge(rest, values)
    if failed and ('"""' in text or "'''" in text or "\n[" in text) and len(text) < MAX_SLOW:
        whole = _whole(text, name)
        if whole is not None:
            return whole
    for line, part, _ in failed:
        found.extend(_guessed(line, part))
    problems = [_problem(path, line, part, why) for line, part, why in failed[:MAX_PROBLEMS]]
    if len(failed) > MAX_PROBLEMS:
        line = failed[MAX_PROBLEMS][0]
        what = f"{len(failed) - MAX_PROBLEMS} more tables from here on cannot be read"
        problems.append(Problem(path, line, what, "write the file again with its tool"))
    return Document(tuple(sorted(found, key=lambda t: t.line)), rest, tuple(problems))


def error_of(path: str, text: str, error: Exception) -> Problem:
    """The problem that a parser's error is, with the line of a merge conflict where one was left."""
    return _problem(path, 1, text, _said(error))


def _said(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _parts(text: str, name: str) -> Iterator[tuple[int, bool, str]]:
    """The text by tables: first line, whether it is one of those asked for, text."""
    header = f"[[{name}]]"
    inner = (f"[{name}.", f"[[{name}.")
    start, line = 0, 1
    mine = text.startswith(header)
    at = text.find("\n[") + 1
    while at:
        if not text.startswith(inner, at):
            yield line, mine, text[start:at]
            line += text.count("\n", start, at)
            start = at
            mine = text.startswith(header, at)
        at = text.find("\n[", at) + 1
    if start < len(text):
        yield line, mine, text[start:]


def _plain(part: str, name: str) -> dict[str, Any] | None:
    """A table that has the form that the tools write; None for every other one."""
    head = f"[[{name}]]\n"
    if not part.startswith(head):
        return None
    values: dict[str, Any] = {}
    table = values
    at, end = len(head), len(part)
    if not part.endswith("\n"):
        part += "\n"
        end += 1
    while at < end:
        found = _ENTRY.match(part, at)
        if found is None:
            return None
        at = found.end()
        if found["key"] is None:
            header = found["table"] or found["array"]
            inner = _inner(values, header, name, found["array"] is not None)
            if inner is None:
                return None
            table = inner
            continue
        key = found["key"].strip('"')
        if key in table:
            return None
        table[key] = _value(key, found)
    return values


def _inner(values: dict[str, Any], header: str, name: str, is_array: bool) -> dict[str, Any] | None:
    """The table that ``[name.a.b]`` or ``[[name.a.b]]`` opens; None where it was opened before or is no table."""
    first, *keys = header.split(".")
    if first != name or not all(keys) or not keys:
        return None
    table: Any = values
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if isinstance(table, list) and table:
            table = table[-1]
        if not isinstance(table, dict):
            return None
    made: dict[str, Any] = {}
    if is_array:
        listed = table.setdefault(keys[-1], [])
        if not isinstance(listed, list):
            return None
        listed.append(made)
    elif keys[-1] in table:
        return None
    else:
        table[keys[-1]] = made
    return made


def _value(key: str, found: re.Match[str]) -> Any:
    if found["string"] is not None:
        return _text(found["string"])
    if found["word"] is not None:
        return _word(found["word"])
    if found["inline"] is not None:
        return _sums(found["inline"]) if key in _FILES else _inline(found["inline"])
    rows = found["rows"]
    if key in _FILES:
        return _sums(rows)
    return [_text(i) if i[0] == '"' else _inline(i) for i in _ITEM.findall(rows)]


def _sums(rows: str) -> list[str]:
    """The hashes of files; nothing else is needed of them, and they are most of a lock."""
    found = [part.partition('"')[0] for part in rows.split('hash = "')[1:]]
    if "hashes = " in rows:
        tables = map(_inline, _SUMS.findall(rows))
        found += [f"{kind}:{digest}" for table in tables for kind, digest in table.items()]
    return found


def _inline(text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, string, word, strings, flat in _PARTS.findall(text, 1):
        value: Any
        if string:
            value = _text(string)
        elif word:
            value = _word(word)
        elif strings:
            value = [_text(item) for item in _TEXTS.findall(strings)]
        else:
            value = _inline(f"{{{flat}}}")
        values[key.strip('"')] = value
    return values


def _text(quoted: str) -> str:
    return quoted[1:-1] if "\\" not in quoted else str(json.loads(quoted, strict=False))


def _word(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    return int(word) if word.isdigit() else word


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Adds tables that stand apart: ``[metadata]`` and ``[metadata.files]``."""
    for key, value in values.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(value)
        else:
            into[key] = value


def _whole(text: str, name: str) -> Document | None:
    """The file by the parser of the standard library; None where it is broken."""
    try:
        values = loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    found = values.pop(name, [])
    items = [i for i in found if isinstance(i, dict)] if isinstance(found, list) else []
    lines = _headers(text, name, items)
    return Document(tuple(map(Table, lines, items)), values, ())


def _headers(text: str, name: str, items: Sequence[Mapping[str, Any]]) -> list[int]:
    """The lines on which tables begin: the next header below which the name of the table stands."""
    header = re.compile(rf"^[ \t]*+\[\[[ \t]*+{re.escape(name)}[ \t]*+\]\]", re.MULTILINE)
    starts = [found.start() for found in header.finditer(text)]
    ends = [*starts[1:], len(text)]
    places = iter(zip(starts, ends, strict=True))
    found, line, before = [], 1, 0
    for item in items:
        wanted = item.get("name")
        for start, end in places:
            line += text.count("\n", before, start)
            before = start
            if (
                not isinstance(wanted, str)
                or len(starts) == len(items)
                or wanted in text[start:end]
            ):
                break
        found.append(line)
    return found


def _guessed(line: int, part: str) -> Iterator[Table]:
    """What a broken table is about: both sides of a merge conflict, where there is one."""
    name = _NAME.search(part)
    if name is None:
        return
    versions = list(_VERSION.finditer(part))
    if not versions:
        yield Table(line, {"name": name.group(1)})
    for found in versions:
        at = line + part.count("\n", 0, found.start())
        yield Table(at, {"name": name.group(1), "version": found.group(1)})


def _problem(path: str, line: int, part: str, why: str) -> Problem:
    mark = _CONFLICT.search(part)
    if mark is not None:
        at = line + part.count("\n", 0, mark.start())
        return Problem(
            path, at, "a merge conflict was left here", "resolve it and write the file again"
        )
    where = _AT.search(why)
    at = line
    if where is not None:
        last = part.rstrip().count("\n") + 1
        at += (int(where.group(1)) if where.group(1) else last) - 1
    said = _AT.sub("", why).strip().rstrip(".") or "it cannot be read"
    return Problem(
        path, at, f"this is not valid TOML: {said}", "write the file again with its tool"
    )
