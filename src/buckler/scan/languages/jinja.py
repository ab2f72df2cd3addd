"""What a Jinja2 template does with its values: CWE-79."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.python.reads import looked_at_everything

_SAFE = re.compile(r"\{\{-?\s*(?P<value>[^{}]{0,500}?)\|\s*safe\b(?P<after>[^{}]{0,500})\}\}")
_OFF = re.compile(r"\{%-?\s*autoescape\s+false\s*-?%\}")
_ON = re.compile(r"\{%-?\s*autoescape\s+true\s*-?%\}")
_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_CLEAN = re.compile(
    r"\|\s*(?:\w*(?:sanit|clean|bleach|nh3|purif|escape|strip_?tags|striptags)\w*|e|tojson|forceescape|urlencode|int|float|length|round)\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"^\s*(?:[\"'][^\"']*[\"']|caller\(|super\(|self\.|loop\.|csrf\w*|\w*_csrf\w*|(?:\w+\.)*csrf_\w+|icon\w*|\w*_?svg|url_for\(|static\(|\d)",
    re.IGNORECASE,
)
MAX_TEMPLATE = 1_000_000
MAX_FILES = 4000
EVERY_VALUE = "every value of a block"


def closed(source: str) -> str:
    """The text without the marks that nothing closes: a search for the end of each would take time that is squared."""
    for begin, end in (("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<!--", "-->")):
        last = source.rfind(end) + 1
        source = source[:last] + source[last:].replace(begin, " " * len(begin))
    return source


def unescaped_values(source: str) -> Iterator[tuple[int, str]]:
    """Lines on which a value is put out as it is, with what is put out.

    Constants, macros and values that a cleaning filter went over are left out.
    """
    plain = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), closed(source))
    for found in _SAFE.finditer(plain):
        value = found.group("value").strip()
        if value and not _CLEAN.search(f"|{value.partition('|')[2]}") and not _OURS.match(value):
            yield plain.count("\n", 0, found.start()) + 1, value[:60]
    for found in _OFF.finditer(plain):
        if "{{" in plain[found.end() :]:
            yield plain.count("\n", 0, found.start()) + 1, EVERY_VALUE


def escapes_itself(folder: Path | None, name: str) -> bool:
    """Whether a template of the project turns escaping on by itself, or puts out no value."""
    if folder is None:
        return False
    looked_at_everything()
    for path in _templates(folder):
        if path.as_posix().endswith("/" + name.lstrip("/")):
            try:
                source = read_project_file(path, folder, MAX_TEMPLATE).decode("utf-8", "replace")
            except (FileNotFoundError, UnreadableFile):
                return False
            values = source.count("{{")
            return values == 0 or bool(_ON.search(source))
    return False


def forget() -> None:
    """Look at the file system anew: a project may have changed since it was scanned last."""
    template_named.cache_clear()
    _templates.cache_clear()


@lru_cache(maxsize=2048)
def template_named(folder: Path, name: str) -> tuple[str, str] | None:
    """Path (relative, with ``/``) and text of a template of the project, or None."""
    for path in _templates(folder):
        if path.as_posix().endswith("/" + name.lstrip("/")):
            try:
                data = read_project_file(path, folder, MAX_TEMPLATE)
            except (FileNotFoundError, UnreadableFile):
                return None
            return path.relative_to(folder).as_posix(), data.decode("utf-8", "replace")
    return None


@lru_cache(maxsize=4)
def _templates(folder: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for pattern in (
        "*.html",
        "*.htm",
        "*.xml",
        "*.j2",
        "*.jinja",
        "*.jinja2",
        "*.txt",
        "*.tpl",
        "*.tmpl",
    ):
        for path in folder.rglob(pattern):
            if (
                len(found) < MAX_FILES
                and "node_modules" not in path.parts
                and "site-packages" not in path.parts
            ):
                found.append(path)
    return tuple(found)
