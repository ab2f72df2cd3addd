"""What an abstract run computes with: constants, texts with holes, objects, and where input came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from buckler.scan.engines.source.flow.sources import SLOTS as SLOTS
from buckler.scan.engines.source.flow.sources import Source as Source
from buckler.scan.engines.source.flow.sources import Step as Step
from buckler.scan.engines.source.flow.sources import Token as Token

MOST_ALTERNATIVES = 6
MOST_PARTS = 48
MOST_TAINTS = 8
MOST_TEXT = 10_000
"""So many characters of a text that is put together are kept; one that doubles in each line would fill the memory."""
MOST_BITS = 4096
"""Longer numbers stand for no number of a program, and Python does not write them in decimal."""
ALL = -1
_BITS: dict[str, int] = {}


def bit(*kinds: str) -> int:
    """The set of kinds of sinks as a number; ``ALL`` is every kind."""
    made = 0
    for kind in kinds:
        if kind == "all":
            return ALL
        made |= _BITS.setdefault(kind, 1 << len(_BITS))
    return made


class Taint:
    """A token in a value: what it is harmless for, how it came here, what was tried."""

    __slots__ = ("clean", "step", "token", "tried")

    def __init__(self, token: Token, clean: int, step: Step, tried: tuple[str, ...] = ()) -> None:
        self.token = token
        self.clean = clean
        self.step = step
        self.tried = tried

    def cleaned(self, kinds: int, tried: str = "") -> Taint:
        """The same, harmless for more kinds."""
        if self.clean | kinds == self.clean and not tried:
            return self
        notes = (*self.tried, tried) if tried and tried not in self.tried else self.tried
        return Taint(self.token, self.clean | kinds, self.step, notes[-4:])

    def stepped(self, path: str, line: int, what: str) -> Taint:
        """The same, one step further on its way."""
        last = self.step
        if last.path == path and last.line == line:
            return self
        return Taint(self.token, self.clean, Step(last, path, line, what), self.tried)


Taints = tuple[Taint, ...]
Part = str | Taints


class Text(tuple[Part, ...]):
    """A text known in part: constant pieces, and holes with what may stand in them."""

    __slots__ = ()


def joined_taints(*groups: Taints) -> Taints:
    """The taints of several values: one for each token, clean where all are."""
    found = [g for g in groups if g]
    if not found:
        return ()
    if len(found) == 1:
        return found[0]
    by: dict[Token, Taint] = {}
    for group in found:
        for taint in group:
            known = by.get(taint.token)
            if known is None:
                by[taint.token] = taint
            elif known.clean & taint.clean != known.clean:
                by[taint.token] = Taint(
                    taint.token, known.clean & taint.clean, taint.step, taint.tried or known.tried
                )
    if len(by) > MOST_TAINTS:
        # What the request itself brings is kept before what comes out of a database.
        return tuple(sorted(by.values(), key=lambda t: not t.token.source.direct)[:MOST_TAINTS])
    return tuple(by.values())


class Value:
    """What an expression may be.

    Attributes:
        alts: The constants and texts that it may be; None where that is not known.
        objs: The objects that it may be.
        taints: The input that may be in it (of containers: not that of their elements).
        kind: Name of its built-in type, where known and no object.
        facts: What is clean if it is true, and if it is false; None in either place: it never is.
    """

    __slots__ = ("alts", "facts", "kind", "objs", "taints")

    def __init__(
        self,
        alts: tuple[Any, ...] | None = None,
        objs: tuple[Any, ...] = (),
        taints: Taints = (),
        kind: str = "",
        facts: Facts | None = None,
    ) -> None:
        self.alts = alts
        self.objs = objs
        self.taints = taints
        self.kind = kind
        self.facts = facts

    def with_taints(self, taints: Taints) -> Value:
        """The same with other taints, in its holes too."""
        if taints is self.taints:
            return self
        by = {t.token: t for t in taints}
        alts = self.alts
        if alts is not None:
            alts = tuple(_refilled(a, by) if type(a) is Text else a for a in alts)
        return Value(alts, self.objs, taints, self.kind, self.facts)

    def mapped(self, change: Any) -> Value:
        """The same with each taint changed by a function; without taints, itself."""
        return self.with_taints(tuple(change(t) for t in self.taints)) if self.taints else self


Clears = dict[Token, int]
Facts = tuple[Clears | None, Clears | None]
UNKNOWN = Value()
NONE = Value((None,))
TRUE = Value((True,))
FALSE = Value((False,))


def _refilled(text: Text, by: dict[Token, Taint]) -> Text:
    return Text(
        part
        if isinstance(part, str)
        else tuple(by[t.token].cleaned(t.clean) for t in part if t.token in by)
        for part in text
    )


def constant(value: object) -> Value:
    """A value that is one constant."""
    if type(value) is int and value.bit_length() > MOST_BITS:
        return Value(kind="int")
    return Value((value,))


def obj(thing: Any) -> Value:
    """A value that is one object."""
    return Value(None, (thing,))


def as_number(value: Value) -> Value:
    """A number made of a value: only what is harmless everywhere is still in it, and counts by its source."""
    return Value(None, (), tuple(t for t in value.taints if t.clean == ALL), "int")


def hole(taints: Taints, kind: str = "") -> Value:
    """A text of which only the input in it is known."""
    return Value(None, (), taints, kind)


def join(values: Iterable[Value]) -> Value:
    """A value that may be any of these."""
    several = list(dict.fromkeys(values))
    if len(several) == 1:
        return several[0]
    if not several:
        return UNKNOWN
    alts: tuple[Any, ...] | None = ()
    objs: list[Any] = []
    for value in several:
        for thing in value.objs:
            if not any(thing is other for other in objs):
                objs.append(thing)
        if alts is not None:
            if value.alts is None:
                alts = None if not value.objs else alts
                if alts is None and value.taints:
                    alts = None
            else:
                alts = alts + tuple(a for a in value.alts if not _among(a, alts))
    if any(v.alts is None and not v.objs for v in several):
        alts = _with_holes(several)
    elif alts is not None and len(alts) > MOST_ALTERNATIVES:
        alts = None
    kinds = {v.kind for v in several if v.alts is None or v.kind}
    return Value(
        alts or None,
        tuple(objs[:MOST_ALTERNATIVES]),
        joined_taints(*(v.taints for v in several)),
        kinds.pop() if len(kinds) == 1 else "",
        _joined_facts(several),
    )


def _joined_facts(several: list[Value]) -> Facts | None:
    """What the truth of any of these shows: what that of each does, those that never are true aside."""
    if all(v.facts is None for v in several):
        return None
    sides: list[Clears | None] = []
    for side in (0, 1):
        made: Clears | None = None
        for value in several:
            if value.facts is not None:
                one = value.facts[side]
            else:
                known = truth(value)
                one = {} if known is None or known is (side == 0) else None
            if one is not None:
                made = (
                    dict(one)
                    if made is None
                    else {t: k & one[t] for t, k in made.items() if t in one}
                )
        sides.append(made)
    return sides[0], sides[1]


def _with_holes(several: list[Value]) -> tuple[Any, ...] | None:
    """The texts of values some of which are known only by what is in them."""
    if not any(v.alts for v in several):
        return None
    made: list[Any] = []
    for value in several:
        for alt in texts_of(value) if value.alts is None else value.alts:
            if not _among(alt, tuple(made)):
                made.append(alt)
    return tuple(made) if len(made) <= MOST_ALTERNATIVES else None


def _among(item: Any, known: tuple[Any, ...]) -> bool:
    return any(type(item) is type(other) and item == other for other in known)


def texts_of(value: Value) -> tuple[Text, ...]:
    """The value as texts, whatever it is."""
    if value.alts is None:
        return (Text((value.taints,)),)
    return tuple(a if type(a) is Text else Text((plain(a),)) for a in value.alts)


def plain(item: object) -> str:
    """A constant as ``str`` shows it."""
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return item if isinstance(item, str) else str(item)


def concatenated(pieces: Iterable[Value]) -> Value:
    """The texts of several values one behind the other."""
    rows: list[list[Part]] = [[]]
    taints: list[Taints] = []
    for piece in pieces:
        options = texts_of(piece)
        taints.append(piece.taints)
        if len(options) * len(rows) > MOST_ALTERNATIVES:
            options = (Text((piece.taints,)),)
        if len(options) == 1:
            for row in rows:
                row.extend(options[0])
        else:
            rows = [row + list(option) for row in rows for option in options]
    merged = tuple(dict.fromkeys(compact(row) for row in rows))
    alts = tuple(t[0] if len(t) == 1 and isinstance(t[0], str) else t if t else "" for t in merged)
    return Value(alts, (), joined_taints(*taints), "str")


def compact(parts: Iterable[Part]) -> Text:
    """Constant pieces side by side become one; of very long texts the end is known by its input alone."""
    made: list[Part] = []
    room = MOST_TEXT
    waiting = iter(parts)
    for part in waiting:
        if isinstance(part, str):
            if not part:
                continue
            if len(part) > room:
                rest = joined_taints(*(p for p in waiting if not isinstance(p, str)))
                made += [part[:room], rest]
                break
            room -= len(part)
            if made and isinstance(made[-1], str):
                made[-1] += part
                continue
        made.append(part)
    if len(made) > MOST_PARTS:
        middle = joined_taints(*(p for p in made[MOST_PARTS // 2 :] if not isinstance(p, str)))
        made = [*made[: MOST_PARTS // 2], middle]
    return Text(made)


def truth(value: Value) -> bool | None:
    """Whether it is true in any case, false in any case, or not known (None)."""
    if value.facts is not None:
        if value.facts[0] is None:
            return False
        if value.facts[1] is None:
            return True
    if value.objs:
        return None
    if not value.alts:
        return None
    found = {_truth_of(a) for a in value.alts}
    return found.pop() if len(found) == 1 else None


def _truth_of(item: object) -> bool | None:
    if type(item) is Text:
        return True if any(isinstance(p, str) and p for p in item) else None
    return bool(item)


def only(value: Value) -> object:
    """The one constant that it is; ``UNKNOWN`` where it is not one."""
    if value.alts is not None and len(value.alts) == 1 and not value.objs:
        if type(value.alts[0]) is not Text:
            return value.alts[0]
    return UNKNOWN


def one_text(value: Value) -> str | None:
    """The one constant text that it is, or None."""
    item = only(value)
    return item if isinstance(item, str) else None
