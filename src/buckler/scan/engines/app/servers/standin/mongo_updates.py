"""What the operators of an update make of a document."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_arrays import cut, sort_items
from buckler.scan.engines.app.servers.standin.mongo_bson import (
    Date,
    Document,
    Int64,
    Timestamp,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError, bad, failed
from buckler.scan.engines.app.servers.standin.mongo_numbers import calculated, is_number
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, Missing, order, type_of
from buckler.scan.engines.app.servers.standin.mongo_paths import index_of, parts_of
from buckler.scan.engines.app.servers.standin.mongo_query import condition, matches, operators_of

MAX_ITEMS = 1_500_000
"""Places of an array that an update may fill with nulls, as with a real server."""
Change: TypeAlias = Callable[[Any, Any], Any]
"""Gets what is there (or ``MISSING``) and the operand; gives what is there then."""


@dataclass(slots=True)
class Update:
    """One update of one document.

    Attributes:
        document: A copy, which is changed.
        query: The filter that found it; says what ``$`` stands for.
        filters: ``arrayFilters`` by identifier.
        inserting: Whether the document is made by an upsert.
        touched: Paths that were changed, so that none is changed twice.
    """

    document: Document
    query: Document
    filters: Mapping[str, Document] = field(default_factory=dict)
    inserting: bool = False
    touched: list[str] = field(default_factory=list)

    def apply(self, operators: Document) -> Document:
        """Do everything; gives the document.

        Raises:
            MongoError: An operator is unknown, or does not fit what is there.
        """
        for name, fields in operators.items():
            change = _CHANGES.get(name)
            if change is None and name != "$rename":
                raise failed(f"Unknown modifier: {name}")
            if not isinstance(fields, dict):
                raise failed(f"Modifiers operate on fields but we found type {type_of(fields)}")
            if name == "$setOnInsert" and not self.inserting:
                continue
            for path, operand in fields.items():
                self._touch(path)
                if name == "$rename":
                    self._rename(path, operand)
                else:
                    self._change(path, operand, change or _set, create=name not in _ONLY_THERE)
        return self.document

    def _touch(self, path: str) -> None:
        for other in self.touched:
            if path == other or path.startswith(other + ".") or other.startswith(path + "."):
                raise MongoError(
                    40, f"Updating the path '{path}' would create a conflict at '{other}'"
                )
        self.touched.append(path)

    def _change(self, path: str, operand: Any, change: Change, *, create: bool) -> None:
        parts = parts_of(path)
        if "" in parts:
            raise MongoError(56, f"The update path '{path}' contains an empty field name")
        for resolved in self._resolved(self.document, parts, ()):
            self._at(resolved, operand, change, create=create)

    def _resolved(
        self, value: Any, parts: list[str], before: tuple[str, ...]
    ) -> list[tuple[str, ...]]:
        """The paths that one with ``$``, ``$[]`` or ``$[name]`` stands for."""
        for number, part in enumerate(parts):
            if not part.startswith("$"):
                value = _inside(value, part)
                continue
            done = (*before, *parts[:number])
            if not isinstance(value, list):
                raise bad(f"The path '{'.'.join(done)}' must be an array to use {part}")
            found: list[tuple[str, ...]] = []
            for at in self._places(value, part, done):
                found += self._resolved(value[at], parts[number + 1 :], (*done, str(at)))
            return found
        return [(*before, *parts)]

    def _places(self, items: list[Any], part: str, before: tuple[str, ...]) -> list[int]:
        if part == "$":
            at = position(self.document, self.query, ".".join(before))
            if at is None or at >= len(items):
                raise bad("The positional operator did not find the match needed from the query.")
            return [at]
        if part == "$[]":
            return list(range(len(items)))
        name = part[2:-1] if part.startswith("$[") and part.endswith("]") else None
        if name is None or name not in self.filters:
            raise bad(f"No array filter found for identifier '{name or part}'")
        wanted = self.filters[name]
        return [at for at, item in enumerate(items) if matches({name: item}, wanted)]

    def _at(self, parts: tuple[str, ...], operand: Any, change: Change, *, create: bool) -> None:
        value: Any = self.document
        for number, part in enumerate(parts[:-1]):
            inner = _inside(value, part)
            if isinstance(inner, Missing):
                if not create:
                    return
                inner = {}
                _store(value, part, inner)
            elif not isinstance(inner, dict | list):
                if not create:
                    return
                shown = ".".join(parts[: number + 2])
                raise MongoError(28, f"Cannot create field '{shown}' in element {{{part}: ...}}")
            value = inner
        last = parts[-1]
        made = change(_inside(value, last), operand)
        if not isinstance(made, Missing):
            _store(value, last, made)
        elif isinstance(value, dict):
            value.pop(last, None)
        elif not isinstance(_inside(value, last), Missing):
            value[int(last)] = None

    def _rename(self, path: str, new: Any) -> None:
        if not isinstance(new, str) or new == path:
            raise bad("The 'to' field for $rename must be a different string")
        self._touch(new)
        old, target = tuple(parts_of(path)), tuple(parts_of(new))
        value = _along(self.document, list(old))
        if not isinstance(value, Missing):
            self._at(old, None, _unset, create=False)
            self._at(target, value, _set, create=True)


def position(document: Document, query: Document, path: str) -> int | None:
    """The first item of an array that makes a filter fit; None where the filter says nothing of it."""
    for name, given in query.items():
        if name in ("$and", "$or"):
            for part in given:
                at = position(document, part, path)
                if at is not None:
                    return at
        elif name == path or name.startswith(path + "."):
            items = _along(document, path.split("."))
            for at, item in enumerate(items if isinstance(items, list) else ()):
                rest = name[len(path) + 1 :].split(".") if name != path else []
                if _fits_item(item, rest, given):
                    return at
    return None


def _fits_item(item: Any, rest: list[str], given: Any) -> bool:
    """Whether a condition holds for one item of an array."""
    if rest and index_of(rest[0]) is not None and not isinstance(item, dict | list):
        return False
    inner = {"item": [item]}
    return matches(inner, {".".join(["item", *rest]): given})


def _along(value: Any, parts: list[str]) -> Any:
    for part in parts:
        value = _inside(value, part)
    return value


def _inside(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, MISSING)
    if isinstance(value, list):
        at = index_of(part)
        return value[at] if at is not None and at < len(value) else MISSING
    return MISSING


def _store(value: Any, part: str, new: Any) -> None:
    if isinstance(value, dict):
        value[part] = new
        return
    at = index_of(part)
    if at is None:
        raise MongoError(28, f"Cannot create field '{part}' in an array")
    if at > MAX_ITEMS:
        raise MongoError(28, "can't backfill more than 1500000 elements")
    value.extend([None] * (at + 1 - len(value)))
    value[at] = new


def _set(_: Any, operand: Any) -> Any:
    return operand


def _unset(_: Any, __: Any) -> Any:
    return MISSING


def _calculation(name: str, start: int, work: Callable[..., Any]) -> Change:
    def change(there: Any, operand: Any) -> Any:
        if not is_number(operand):
            raise MongoError(14, f"Cannot {name} with non-numeric argument: {type_of(operand)}")
        if isinstance(there, Missing):
            return operand if start == 0 else calculated(work, 0, operand)
        if not is_number(there):
            raise MongoError(
                14, f"Cannot apply ${name} to a value of non-numeric type {type_of(there)}"
            )
        made = calculated(work, there, operand)
        if isinstance(made, float) and isinstance(there, int) and isinstance(operand, int):
            raise bad(f"Failed to apply ${name}: it overflows 64 bits")
        return made

    return change


def _least(there: Any, operand: Any) -> Any:
    return operand if isinstance(there, Missing) or order(operand) < order(there) else there


def _greatest(there: Any, operand: Any) -> Any:
    return operand if isinstance(there, Missing) or order(operand) > order(there) else there


def _now(_: Any, operand: Any) -> Any:
    ms = time.time_ns() // 1_000_000
    kind = operand.get("$type") if isinstance(operand, dict) else "date"
    if operand is not True and kind not in ("date", "timestamp"):
        raise bad("The '$type' string field is required to be 'date' or 'timestamp'")
    return Timestamp(ms // 1000, 1) if kind == "timestamp" else Date(ms)


def _array(there: Any, name: str) -> list[Any]:
    if isinstance(there, Missing):
        return []
    if not isinstance(there, list):
        raise bad(f"The field must be an array for {name} but is of type {type_of(there)}")
    return list(there)


def _several(operand: Any) -> list[Any] | None:
    if not isinstance(operand, dict) or "$each" not in operand:
        return None
    if not isinstance(operand["$each"], list):
        raise bad("The argument to $each must be an array")
    return operand["$each"]


def _push(there: Any, operand: Any) -> Any:
    items, several = _array(there, "$push"), _several(operand)
    if several is None:
        return [*items, operand]
    at = operand.get("$position", len(items))
    if not isinstance(at, int):
        raise bad("The value for $position must be an integer")
    items[at:at] = several
    if "$sort" in operand:
        items = sort_items(items, operand["$sort"])
    most = operand.get("$slice")
    if most is None:
        return items
    if not isinstance(most, int):
        raise bad("The value for $slice must be an integer")
    return cut(items, most) if most else []


def _add_to_set(there: Any, operand: Any) -> Any:
    items, several = _array(there, "$addToSet"), _several(operand)
    known = {order(item) for item in items}
    for item in [operand] if several is None else several:
        if order(item) not in known:
            known.add(order(item))
            items.append(item)
    return items


def _pop(there: Any, operand: Any) -> Any:
    if operand not in (1, -1):
        raise failed("$pop expects 1 or -1")
    if isinstance(there, Missing):
        return there
    items = _array(there, "$pop")
    return items[1:] if operand == -1 else items[:-1]


def _pull(there: Any, operand: Any) -> Any:
    if isinstance(there, Missing):
        return there
    items = _array(there, "$pull")
    if isinstance(operand, dict) and operators_of(operand) is None:
        return [i for i in items if not (isinstance(i, dict) and matches(i, operand))]
    return [item for item in items if not condition([item], operand, {})]


def _pull_all(there: Any, operand: Any) -> Any:
    if not isinstance(operand, list):
        raise bad("$pullAll requires an array argument")
    if isinstance(there, Missing):
        return there
    unwanted = {order(item) for item in operand}
    return [item for item in _array(there, "$pullAll") if order(item) not in unwanted]


def _bit(there: Any, operand: Any) -> Any:
    if not isinstance(operand, dict) or not operand:
        raise bad("The $bit modifier needs an object")
    value = 0 if isinstance(there, Missing) else there
    for name, number in operand.items():
        if not isinstance(number, int) or not isinstance(value, int):
            raise bad("The $bit modifier field must be an Integer(32/64 bit)")
        work = {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}.get(name)
        if work is None:
            raise bad(f"The $bit modifier only supports 'and', 'or', and 'xor', not '{name}'")
        long = isinstance(value, Int64) or isinstance(number, Int64)
        value = Int64(work(value, number)) if long else work(int(value), int(number))
    return value


_CHANGES: Mapping[str, Change] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$unset": _unset,
    "$inc": _calculation("increment", 0, lambda one, other: one + other),
    "$mul": _calculation("multiply", 1, lambda one, other: one * other),
    "$min": _least,
    "$max": _greatest,
    "$currentDate": _now,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pop": _pop,
    "$pull": _pull,
    "$pullAll": _pull_all,
    "$bit": _bit,
}
_ONLY_THERE = ("$unset", "$pop", "$pull", "$pullAll", "$rename")
"""Operators that make no field that is not there."""
