"""Reads options as people write them, and says at once what is wrong with one and what to write instead.

Threat: a check that somebody believes in and that does nothing, since its option was of a kind that
nobody looked at; or an application that starts and fails at its first request (CWE-1284).
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from buckler.core.errors import UsageError

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)?\s*", re.IGNORECASE)
_UNITS = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
_SIZE_HINT: Final = "write 10_000 for bytes, or a text such as '10 MB' or '64 KiB'"
_SHOWN: Final = 100
_SHOWN_BITS: Final = 256
Weakness = tuple[str, str]
"""A choice that is weaker than the default: a stable word, and one sentence on what to do."""


class GuardError(UsageError):
    """An option of guard is wrong; raised when the object is made, never at a request."""

    code = "guard.option"


class Inherit(Enum):
    """What a route says of a part that it leaves as it is."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT


def size(value: int | str, name: str) -> int:
    """Bytes of ``10_000`` or ``"10 MB"``.

    Raises:
        GuardError: It is neither, negative, or larger than any number of bytes.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise GuardError(f"{name}: {_shown(value)} is no size", hint=_SIZE_HINT)
    if isinstance(value, str):
        found = _SIZE.fullmatch(value)
        if found is None:
            raise GuardError(f"{name}: {_shown(value)} is no size", hint=_SIZE_HINT)
        asked: float = float(found[1]) * _UNITS[(found[2] or "b").lower()]
    else:
        asked = value
    if not 0 <= asked <= sys.maxsize:
        raise GuardError(f"{name}: {_shown(value)} is negative or too large", hint=_SIZE_HINT)
    return int(asked)


def positive(value: float, name: str) -> float:
    """The number itself.

    Raises:
        GuardError: It is no number above zero, or has no end: an infinite bound bounds nothing.
    """
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not 0 < value <= sys.float_info.max:
        raise GuardError(
            f"{name} must be a number above zero, not {_shown(value)}",
            hint=f"write {name}=30 or {name}=0.5, without quotes",
        )
    return value


def count(value: int, name: str) -> int:
    """The whole number itself.

    Raises:
        GuardError: It is no whole number above zero, or larger than anything that is counted.
    """
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good or not 1 <= value <= sys.maxsize:
        raise GuardError(
            f"{name} must be a whole number above zero, not {_shown(value)}",
            hint=f"write {name}=100, without quotes and fractions",
        )
    return value


def flag(value: bool, name: str) -> bool:
    """The truth value itself.

    Raises:
        GuardError: It is none; a text such as ``"false"`` would count as true.
    """
    if not isinstance(value, bool):
        raise GuardError(
            f"{name} takes True or False, not {_shown(value)}",
            hint=f"write {name}=True or {name}=False, without quotes",
        )
    return value


def texts(value: Iterable[str], name: str, example: str) -> tuple[str, ...]:
    """The texts of a list, fixed: what is read more than once must not be used up by the first reader.

    Args:
        value: A list, tuple, set or another iterable of texts.
        name: Of the option.
        example: One such text, for the hint.

    Raises:
        GuardError: It is a text itself, no list, or holds something else.
    """
    hint = f"write {name}=[{example!r}]"
    if isinstance(value, str):
        raise GuardError(f"{name} is a list: [{value!r}]", hint=hint)
    if isinstance(value, bytes | Mapping | type) or not isinstance(value, Iterable):
        raise GuardError(f"{name} is a list of texts, not {_shown(value)}", hint=hint)
    found = tuple(value)
    for one in found:
        if not isinstance(one, str):
            raise GuardError(f"{name}: {_shown(one)} is no text", hint=hint)
    return found


def instance(value: Any, name: str, kind: type, *, optional: bool = True) -> None:
    """Look whether an option is the object that it takes.

    Raises:
        GuardError: It is not.
    """
    if isinstance(value, kind) or (optional and value is None):
        return
    raise GuardError(
        f"{name} takes {kind.__name__}{' or None' if optional else ''}, not {_shown(value)}",
        hint=f"write {name}={kind.__name__}(...)"
        + (f"; {name}=None switches it off" if optional else ""),
    )


def check_clock(value: Any, name: str = "clock") -> None:
    """Look whether something gives the time.

    Raises:
        GuardError: It cannot be called.
    """
    if isinstance(value, type) or not callable(value):
        raise GuardError(
            f"{name} takes a function without arguments, not {_shown(value)}",
            hint=f"write {name}=time.time",
        )


def check_listener(value: Any, name: str = "events") -> None:
    """Look whether something can be told of events; None: nobody is.

    Raises:
        GuardError: It cannot be called, is a class, or is ``async``, which nobody would wait for.
    """
    if value is None:
        return
    waits = inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(
        getattr(value, "__call__", None)
    )
    if isinstance(value, type) or not callable(value) or waits:
        raise GuardError(
            f"{name} takes a function of one event that is not async, not {_shown(value)}",
            hint=f"write {name}=Audit(StdoutSink()), or Audit(FileSink('audit.log'))",
        )


def check_store(value: Any, name: str = "store") -> None:
    """Look whether something counts rates; None: this process does.

    Raises:
        GuardError: It does not.
    """
    if value is None:
        return
    if isinstance(value, type) or not callable(getattr(value, "counter", None)):
        raise GuardError(
            f"{name} takes MemoryStore, RedisStore or None, not {_shown(value)}",
            hint=f"write {name}=RedisStore('redis://localhost:6379/0')",
        )


def _shown(value: object) -> str:
    """A value as an error names it: long ones by their kind alone, as numbers that no text may hold."""
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return "a number of so many digits"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def header_value(value: str, name: str) -> bytes:
    """A header's value as bytes.

    Raises:
        GuardError: It holds a line break or a character that no header may have (RFC 9110, 5.5).
    """
    if not isinstance(value, str) or any(ord(c) < 32 or ord(c) > 126 for c in value):
        raise GuardError(
            f"{name}: {value!r} cannot stand in a header", hint="a text of printable ASCII"
        )
    return value.encode("ascii")
