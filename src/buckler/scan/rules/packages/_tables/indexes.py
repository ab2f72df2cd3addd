"""Which indexes the manifests of uv, Poetry and PDM add, each tool with its own way to choose among them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from buckler.core import toml

ANY: Final = "A second package index may answer for any name, so a stranger's package can take the place of yours."
FIRST: Final = "This index is asked for every name before the default one, so it can answer for any public package."


def indexes(path: str, text: str) -> Iterator[tuple[int, str]]:
    """The line of each added index, and what follows from it.

    Args:
        path: Of a ``pyproject.toml`` or ``uv.toml``.
        text: All of it; what is no TOML has none, which the inventory tells.
    """
    try:
        document = toml.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    if PurePosixPath(path).name == "uv.toml":
        yield from _uv(document, text)
        return
    tool = _table(document.get("tool"))
    yield from _uv(_table(tool.get("uv")), text)
    yield from _poetry(_table(tool.get("poetry")), text)
    yield from _pdm(_table(tool.get("pdm")), text)


def _uv(settings: Mapping[str, Any], text: str) -> Iterator[tuple[int, str]]:
    """uv asks added indexes first and stops at the one that has the name, unless it is told otherwise."""
    pip = _table(settings.get("pip"))
    unsafe = any(str(s.get("index-strategy", "")).startswith("unsafe") for s in (settings, pip))
    if unsafe:
        yield _line(text, "index-strategy"), ANY
        return
    for index in _rows(settings.get("index")):
        if not index.get("explicit") and not index.get("default"):
            yield _line(text, str(index.get("url", "index"))), FIRST
    for place in (settings, pip):
        if place.get("extra-index-url"):
            yield _line(text, "extra-index-url"), FIRST


def _poetry(settings: Mapping[str, Any], text: str) -> Iterator[tuple[int, str]]:
    """Poetry takes the best version of all primary sources; supplemental ones answer where those have none."""
    primary = 0
    for source in _rows(settings.get("source")):
        priority = source.get("priority", "primary")
        added = priority in ("supplemental", "secondary") or bool(source.get("secondary"))
        primary += priority == "primary" and not added
        if added or (priority == "primary" and primary > 1):
            yield _line(text, str(source.get("name", "tool.poetry.source"))), ANY


def _pdm(settings: Mapping[str, Any], text: str) -> Iterator[tuple[int, str]]:
    """PDM asks all sources, one of the name ``pypi`` in place of the default one."""
    for source in _rows(settings.get("source")):
        bound = source.get("include_packages") or source.get("type") == "find_links"
        if source.get("name") != "pypi" and not bound:
            yield _line(text, str(source.get("url", "tool.pdm.source"))), ANY


def _line(text: str, wanted: str) -> int:
    at = text.find(wanted)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
