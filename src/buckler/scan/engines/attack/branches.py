"""Other values that lead into other branches of a handler.

A handler that does one thing for ``kind == "shell"`` and another for the rest is reached with
any kind, but half of it never runs. What its schema allows (enumerations, flags) and what the
project's source compares a value of that name with are tried one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Slot

MAX_VALUES = 5
MAX_BRANCHES = 12
_WHERE = ("query", "json", "form", "header", "path", "cookie")


def branches(
    draft: Draft, slots: list[Slot], compared: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Slot, Draft]]:
    """Drafts that differ from one in a single value, each with the slot of it.

    Args:
        draft: One that is answered.
        slots: Of its operation, those that take no text among them.
        compared: By name, the texts that the source compares it with.
    """
    count = 0
    for slot in slots:
        if slot.where not in _WHERE:
            continue
        for text in _values(slot, compared):
            if count >= MAX_BRANCHES:
                return
            try:
                made = draft.with_value(slot, text)
            except CannotCarry:
                continue
            if _told(made) == _told(draft):
                continue
            count += 1
            yield slot, replace(made, attacked=draft.attacked)


def _told(draft: Draft) -> tuple[object, ...]:
    return draft.json, sorted(draft.query), sorted(draft.form), draft.path, draft.headers


def _values(slot: Slot, compared: Mapping[str, tuple[str, ...]]) -> list[str]:
    schema = resolve(slot.schema)
    if schema.get("type") == "boolean":
        return ["true", "false"]
    allowed = [str(value) for value in schema.get("enum") or ()]
    told = [*allowed] or list(compared.get(slot.leaf, ()))
    return told[:MAX_VALUES]
