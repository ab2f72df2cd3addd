"""Which functions of a package one has to call to come to a known weakness of it.

No database of advisories for Python says it, so a table beside this file does, by the facts of the records. A line is a
name of the weakness, its package, and dotted names; ``{a,b}`` is either, ``$name`` stands for a list that is defined
above, and ``...`` at the end says that there are other ways to the weakness: then nothing follows from calling none of these.
In brackets stands when a call does harm:

- ``(Loader@1!SafeLoader,CSafeLoader)``: the argument of this name, or at this position, is not one of these;
- ``(-algorithms@2)``: it is not given;
- ``(+stream)``: it is given;
- ``(verify=False)``: it is given and false.

``serves:`` stands before what is made once and then answers requests, as a middleware does. ``web.form`` is a form
that a handler takes, however it asks for it. ``near:`` stands before what does no harm by itself, and gives what does:
a call of it says nothing, but who names it may come there.

A line without ``...`` was read against the source of an affected version: classes of submodules, other names of the
same, what else of the package calls it, programs that it installs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from buckler.scan.engines.source.flow.libraries.names import expanded

OTHERS: Final = "..."
_SPEC: Final = re.compile(
    r"(serves:|near:)?([\w.{},]+?)(?:\(([-+]?)(\w+)(?:@(\d+))?(?:(!|=)([\w,]+))?\))?"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a call does harm.

    Attributes:
        name: Of the argument.
        position: Of the argument; -1 where it is given by name alone.
        how: ``-`` it is not given, ``+`` it is given, ``!`` it is none of the values, ``=`` it is the value.
        values: Last parts of dotted names; of ``=`` one of ``True`` and ``False``.
    """

    name: str
    position: int
    how: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, method or class by which one comes to a weakness.

    Attributes:
        name: Dotted.
        condition: When; None for always.
        serves: Whether it is made once and answers requests from then on.
        near: Whether a call of it does no harm by itself.
    """

    name: str
    condition: Condition | None = None
    serves: bool = False
    near: bool = False

    @property
    def key(self) -> str:
        """What stands for it where results are kept."""
        c = self.condition
        when = f"({c.how}{c.name}@{c.position}{','.join(c.values)})" if c else ""
        role = "serves:" if self.serves else "near:" if self.near else ""
        return f"{role}{self.name}{when}"


@dataclass(frozen=True, slots=True)
class Symbols:
    """The ways to a weakness.

    Attributes:
        all: The symbols.
        complete: Whether there is no other way to it for whoever uses the package.
    """

    all: tuple[Symbol, ...]
    complete: bool = False


def known(package: str, names: Iterable[str]) -> Symbols | None:
    """What the table has of a weakness; None where nothing.

    Args:
        package: Normalised name.
        names: Of the weakness.
    """
    return next((_table()[package, n] for n in names if (package, n) in _table()), None)


@cache
def _table() -> Mapping[tuple[str, str], Symbols]:
    text = files(__package__).joinpath("symbols.txt").read_text(encoding="utf-8")
    return dict(parsed(text))


def parsed(text: str) -> Iterator[tuple[tuple[str, str], Symbols]]:
    """The lines of a table: package and name of the weakness, and its symbols.

    Raises:
        ValueError: A line is not as this module says.
    """
    lists: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) < 3:
            raise ValueError(f"line {number} of the table of symbols is too short")
        if unknown := [word for word in words[2:] if word[0] == "$" and word not in lists]:
            raise ValueError(f"line {number} of the table of symbols: there is no {unknown[0]}")
        written = [w for word in words[2:] for w in (lists[word] if word[0] == "$" else [word])]
        if words[0].startswith("$"):
            lists[words[0]] = written
            continue
        complete = OTHERS not in written
        symbols = tuple(s for w in written if w != OTHERS for s in _symbols(w, number))
        yield (words[1], words[0]), Symbols(symbols, complete)


def _symbols(text: str, number: int) -> Iterator[Symbol]:
    found = _SPEC.fullmatch(text)
    if found is None:
        raise ValueError(f"line {number} of the table of symbols: {text}")
    role, names, given, argument, position, how, values = found.groups()
    condition = None
    if argument:
        at = int(position) if position else -1
        condition = Condition(argument, at, given or how, tuple((values or "").split(",")))
    for name in expanded(names):
        yield Symbol(name, condition, serves=role == "serves:", near=role == "near:")
