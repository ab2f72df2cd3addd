"""What the readers of locks have in common: values of the wrong type count as missing.

A lock is input like any other; one that was written by hand or by an attacker must not end the scan
with a traceback (CWE-20).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

T = TypeVar("T")
_NORMAL = re.compile(r"[a-z0-9]++(?:-[a-z0-9]++)*+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EMPTY: Final[Mapping[str, Any]] = {}


def text_of(value: object) -> str:
    """A text; empty for everything else."""
    return value if isinstance(value, str) else ""


def name_of(value: object) -> str:
    """A project's name as PEP 503 normalises it; empty where it is none."""
    if not isinstance(value, str) or len(value) > 200:
        return ""
    if _NORMAL.fullmatch(value):
        return value
    return canonicalize_name(value) if _NAME.fullmatch(value) else ""


def table(value: object) -> Mapping[str, Any]:
    """A table; an empty one for everything else."""
    return value if isinstance(value, dict) else _EMPTY


def rows(value: object, kind: type[T]) -> Sequence[T]:
    """The items of an array that have the wanted type."""
    return [i for i in value if isinstance(i, kind)] if isinstance(value, list) else ()


def hashes(values: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    """The hashes of the files that stand under some keys: ``sha256:…``, in order, each once."""
    found: dict[str, None] = {}
    for key in keys:
        value = values.get(key)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str):
                found[item] = None
            elif isinstance(item, dict):
                found.update(dict.fromkeys(_sums(item)))
    return tuple(found)


def _sums(file: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(file.get("hash"), str):
        yield file["hash"]
    for kind, digest in table(file.get("hashes")).items():
        if isinstance(digest, str):
            yield f"{kind}:{digest}"


def satisfied(specifiers: Iterable[str], version: str) -> str:
    """The specifiers that a version fulfils, as one; all of them where it fulfils none."""
    unique = list(dict.fromkeys(specifiers))
    if len(unique) > 1:
        unique = [s for s in unique if not version or fulfils(s, version)] or unique
    return ",".join(unique)


@lru_cache(maxsize=4096)
def fulfils(specifier: str, version: str) -> bool:
    """Whether a version is one that a specifier takes (PEP 440); no where one of them is not valid."""
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, ValueError):
        return False
