"""Where a requirement may count: on which interpreters and machines a lock or list is installed.

A lock is for each interpreter that it names and for every machine, not for the one that scans, so a marker is asked
whether it holds anywhere. Source: PEP 508, the specification of dependency specifiers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

from buckler.scan.engines.packages.inventory.entries import fulfils

_MINORS: Final = range(8, 16)
"""Of Python 3: those on which FastAPI runs, or soon may."""
_LATE: Final = 99
"""Stands for the last release of a minor version."""
_NUMBER: Final = re.compile(r"\d+\.\d+(?:\.\d+)?")
_BARE: Final = re.compile(r"\s*\d+\.\d+(?:\.\d+)?\s*")
_TEST: Final = re.compile(
    r"""(?:"[^"]*"|'[^']*'|[a-z_.]+)\s*(?:===?|~=|!=|<=?|>=?|not\s+in\b|in\b)\s*(?:"[^"]*"|'[^']*'|[a-z_.]+)"""
)
_KNOWN: Final = re.compile(r"\b(?:python_version|python_full_version|extra)\b")
_TRUE: Final = 'python_version >= "0"'


@lru_cache(maxsize=64)
def interpreters(said: str) -> tuple[str, ...]:
    """The versions of Python that stand for all which a file is for: the first and last of each minor one.

    Args:
        said: A specifier, one version, or nothing, which is any.
    """
    if _BARE.fullmatch(said):
        number = said.strip()
        return (number,) if number.count(".") > 1 else (f"{number}.0", f"{number}.{_LATE}")
    every = [f"3.{minor}.{last}" for minor in _MINORS for last in (0, _LATE)]
    if found := tuple(v for v in every if not said or fulfils(said, v)):
        return found
    number_said = _NUMBER.search(said)
    return interpreters(number_said.group()) if number_said else tuple(every)


@lru_cache(maxsize=4096)
def may_hold(marker: str, said: str, here: bool = False) -> bool:
    """Whether a requirement counts somewhere; where nobody can tell, it does.

    No marker negates a part of itself, so one in which each test of the machine counts as fulfilled holds wherever the
    marker itself may hold.

    Args:
        marker: PEP 508; empty for everywhere.
        said: On which interpreters, as :func:`interpreters` takes it.
        here: Whether it is about this machine and no other.
    """
    if not marker:
        return True
    text = marker if here else _TEST.sub(_machine_left_out, marker)
    try:
        made = Marker(text)
        return any(
            made.evaluate(
                {
                    "extra": "",
                    "python_full_version": version,
                    "python_version": ".".join(version.split(".")[:2]),
                }
            )
            for version in interpreters(said)
        )
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return True


def _machine_left_out(test: re.Match[str]) -> str:
    return test.group() if _KNOWN.search(test.group()) else _TRUE
