"""Checks: what holds where a comparison is true, and where it is false."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable

from buckler.scan.engines.source.flow.frames import SAME, Frame, clearing, common, united
from buckler.scan.engines.source.flow.objects import ClassObject, Container, External, deep_taints
from buckler.scan.engines.source.flow.sources import Token
from buckler.scan.engines.source.flow.values import (
    ALL,
    FALSE,
    TRUE,
    Clears,
    Facts,
    Taint,
    Text,
    Value,
    bit,
    hole,
    join,
    one_text,
    only,
    truth,
)

_CONSTANT: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.Is: lambda a, b: a is b or (a == b and isinstance(a, str | int)),
    ast.IsNot: lambda a, b: not (a is b or (a == b and isinstance(a, str | int))),
    ast.In: lambda a, b: a in b,  # type: ignore[operator]
    ast.NotIn: lambda a, b: a not in b,  # type: ignore[operator]
}
_NEGATIVE = (ast.NotEq, ast.NotIn, ast.IsNot)
ABSENT: dict[str, str] = {
    "..": "dotdot",
    "../": "dotdot",
    "/": "slash",
    "\n": "newline",
    "\r": "newline",
    "\r\n": "newline",
    "://": "scheme",
    ":": "colon",
    "//": "doubleslash",
    "@": "at",
    "'": "single_quote",
    '"': "double_quote",
}
"""What a text must not contain, and the part of a protection that its absence is."""
UNDECIDED: Facts = ({}, {})


def boolean(true: Clears | None, false: Clears | None) -> Value:
    """A truth value of which it is known what either answer shows."""
    return Value(None, (), (), "bool", (true, false)) if true or false else Value(kind="bool")


def facts_of(value: Value) -> Facts:
    """What its truth shows, and what its falsehood."""
    if value.facts is not None:
        return value.facts
    known = truth(value)
    if known is not None:
        return ({}, None) if known else (None, {})
    return ({}, _emptied(value))


def _emptied(value: Value) -> Clears:
    """What an empty text clears: no formula stands in it; an address without a host is a relative one."""
    made: Clears = {}
    if value.kind not in ("", "str") or len(value.taints) != 1:
        return made
    token = value.taints[0].token
    made[token] = bit("csv")
    if token.how == "host" and token.parent is not None:
        made[token.parent] = bit("relative")
    return made


def negated(value: Value) -> Value:
    """``not`` of a value."""
    known = truth(value)
    if known is not None and value.facts is None:
        return FALSE if known else TRUE
    true, false = facts_of(value)
    return Value(None, (), (), "bool", (false, true))


def conjunction(values: list[Value], kept: list[Value], *, conjunctive: bool) -> Value:
    """``and`` or ``or`` of values; ``kept`` are those that it may have as its own value."""
    result = join(kept)
    facts = facts_of(values[0])
    for value in values[1:]:
        other = facts_of(value)
        if conjunctive:
            facts = united(facts[0], other[0]), common(facts[1], united(facts[0], other[1]))
        else:
            facts = common(facts[0], united(facts[1], other[0])), united(facts[1], other[1])
    if facts == UNDECIDED:
        return Value(result.alts, result.objs, result.taints, result.kind)
    return Value(result.alts, result.objs, result.taints, result.kind, facts)


def compared(frame: Frame, op: ast.cmpop, left: Value, right: Value) -> Value:
    """The truth value of a comparison."""
    if isinstance(op, ast.Is | ast.IsNot) and left.facts is not None and only(right) is None:
        true, false = left.facts
        return boolean(false, true) if isinstance(op, ast.Is) else boolean(true, false)
    known = _constant(op, left, right)
    if known is not None:
        return TRUE if known else FALSE
    clears: Clears = {}
    absent: Clears = {}
    if isinstance(op, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        for one, other in ((left, right), (right, left)):
            if one.taints and not _tainted(other) and _whole(one):
                clears = clearing(one)
        clears = authentic(left, right) or below_each(left, right) or clears
    elif isinstance(op, ast.In | ast.NotIn):
        if left.taints and _list_of_allowed(right) and _whole(left):
            clears = clearing(left)
        absent = _absent(left, right) or _first_absent(left, right)
        clears = clears or _among_parents(left, right)
    elif isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        return Value(kind="bool")
    true, false = (absent, clears) if isinstance(op, _NEGATIVE) else (clears, absent)
    return boolean(true, false)


def authentic(one: Value, other: Value) -> Clears:
    """Where two codes of authenticity are alike, the message is the one that somebody with the key wrote."""
    made: Clears = {}
    for taint in (*one.taints, *other.taints):
        token = taint.token
        while token is not None and token.how != "mac":
            token = token.parent  # type: ignore[assignment]
        if token is not None and token.parent is not None:
            made[token.parent] = ALL
            up = token.parent
            while up.parent is not None and up.how in SAME:
                up = up.parent
                made[up] = ALL
    return made


def _constant(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """The answer where both sides are known in full."""
    lefts, rights = _constants(left), _constants(right)
    if lefts is None or rights is None:
        if (
            isinstance(op, ast.Is | ast.IsNot)
            and only(right) is None
            and left.objs
            and not left.alts
        ):
            return isinstance(op, ast.IsNot)
        return None
    compare = _CONSTANT.get(type(op))
    if compare is None:
        return None
    found = set()
    for one in lefts:
        for other in rights:
            try:
                found.add(bool(compare(one, other)))
            except (TypeError, ValueError):  # `300 in b"…"` is neither true nor false
                return None
    return found.pop() if len(found) == 1 else None


def _constants(value: Value) -> list[object] | None:
    if value.objs:
        made: list[object] = []
        for thing in value.objs:
            if type(thing) is not Container or not thing.exact or value.alts:
                return None
            members: list[object] = []
            for key, item in thing.items.items():
                one = key if thing.kind == "dict" else only(item)
                if one is not None and not isinstance(one, str | int | float | bytes | bool):
                    return None
                members.append(one)
            made.append(members)
        return made
    if value.alts is None or any(type(a) is Text for a in value.alts):
        return None
    return list(value.alts)


def _tainted(value: Value) -> bool:
    return any(v.taints for v in deep_taints(value))


def _list_of_allowed(value: Value) -> bool:
    """Whether a membership in it means that somebody has allowed it."""
    if value.taints:
        return False
    for thing in value.objs:
        if type(thing) is Container:
            if thing.kind == "dict":
                continue
            if any(item.taints for item in thing.all()):
                return False
        elif type(thing) not in (External, ClassObject):
            continue
    text = one_text(value)
    return not (text is not None and len(text) > 200)


def _whole(value: Value) -> bool:
    """Whether the value is an input and no text that contains it among other things."""
    if value.alts is None:
        return True
    return all(type(a) is not Text or len(a) == 1 for a in value.alts)


def _among_parents(left: Value, right: Value) -> Clears:
    """``base in path.parents``: where ``..`` has been worked out, the path lies below."""
    made: Clears = {}
    for thing in right.objs:
        if type(thing) is External and thing.name == "pathlib.Parents" and not left.taints:
            made |= below(thing.given[0])
    return made


def below_each(left: Value, right: Value) -> Clears:
    """``commonpath([base, path]) == base``."""
    for one, other in ((left, right), (right, left)):
        if one.taints and not other.taints and {t.token.how for t in one.taints} == {"commonpath"}:
            return below(one)
    return {}


def below(path: Value) -> Clears:
    """What a check clears that a worked-out path lies in a folder: the path, and the entry it was made of."""
    how = {t.token.how for t in path.taints}
    if not how or not how <= {"resolved", "commonpath"}:
        return {}
    made = clearing(path, bit("path", "archive"))
    for taint in path.taints:
        _, *before = taint.token.back()
        for up in before:
            if taint.token.how == "commonpath" and up.how == "resolved":
                made[up] = made.get(up, 0) | bit("path")
            made[up] = made.get(up, 0) | bit("archive")
    return made


def below_folder(path: Value, folder: Value) -> Clears:
    """What a check clears that a path lies in a folder which is input in part: all of the path but the folder's own."""
    own = {_unresolved(t.token) for t in folder.taints if not t.clean & bit("path")}
    rest = tuple(t for t in path.taints if own.isdisjoint(t.token.back()))
    return below(Value(None, (), rest)) if rest else {}


def _unresolved(token: Token) -> Token:
    while token.parent is not None and token.how == "resolved":
        token = token.parent
    return token


def _absent(left: Value, right: Value) -> Clears:
    """``".." in name``: what its falsehood shows."""
    word = one_text(left)
    if word is None or not right.taints or word not in ABSENT:
        return {}
    return clearing(right, bit(ABSENT[word]))


def _first_absent(left: Value, right: Value) -> Clears:
    """``text[:1] in ("=", "+", "-", "@")``: where it is false, no spreadsheet takes it for a formula."""
    options: set[str] = set()
    for value in (right, *(i for t in right.objs if type(t) is Container for i in t.all())):
        options.update(*(a for a in value.alts or () if isinstance(a, str)))
    if not {"=", "+", "-", "@"} <= options:
        return {}
    made: Clears = {}
    for taint in left.taints:
        if taint.token.how == "first" and taint.token.parent is not None:
            made |= clearing(hole((Taint(taint.token.parent, 0, taint.step),)), bit("csv"))
    return made


def all_of(values: Iterable[Value]) -> Value:
    """``all(…)`` of truth values that were made of the elements of one text."""
    made: Clears = {}
    for value in values:
        true, _ = facts_of(value)
        made = united(made, true) or made
    return boolean(made, {})


def any_of(values: Iterable[Value], *, of_one: bool = False) -> Value:
    """``any(…)``: where it is false, each of them is.

    Args:
        values: The truth values.
        of_one: They were asked of the same value each time; where it is true, it is what each of them shows.
    """
    made: Clears = {}
    shown: Clears | None = None
    for value in values:
        true, false = facts_of(value)
        made = united(made, false) or made
        shown = common(shown, true)
    return boolean((shown or {}) if of_one else {}, made)
