"""Asks a key-value store for what belongs to somebody else: CWE-639.

Where a key is put together of a prefix and input, input with a separator in it leads to keys of another
kind: ``crate:7`` behind ``shop:`` is the crate of customer 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.exchanges import exchanged, succeeded
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.harvest import leaves
from buckler.scan.engines.attack.owners import nobodys
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.engines.observations import Foreign
from buckler.scan.model.application import Operation

SHAPE = "key "
MAX_VALUES = 3
_SEPARATORS = re.compile(r"[^0-9A-Za-z_-]")


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands around a value in the key that it becomes a part of.

    Attributes:
        stack: The project's lines that asked for the key, innermost first.
    """

    before: str
    behind: str
    stack: tuple[tuple[str, int, str], ...]

    def value_for(self, key: str) -> str:
        """What the value has to be for a key; empty where it cannot, or the key is of its kind."""
        if not key.startswith(self.before) or not key.endswith(self.behind):
            return ""
        value = key[len(self.before) : len(key) - len(self.behind)]
        own = set(_SEPARATORS.findall(self.before))
        return value if own & set(_SEPARATORS.findall(value)) else ""


class StoredKeys:
    """Names keys that other identities were seen to use.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Every operation whose input becomes a part of a key."""
        used = {name: dict(self._used(name)) for name in (None, *self._run.identities)}
        people = [i.name for i in self._run.identities.values() if i.role != "admin"]
        if not any(used.values()):
            return
        for operation in self._run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.method != "GET" or self._run.states[operation.key].lost:
                continue
            for slot in self._explorer.slots(operation):
                self._slot(operation, draft, slot, people, used)

    def _used(self, name: str | None) -> Iterator[tuple[str, Exchange]]:
        """The keys that the requests of an identity asked for, with the last one that read it."""
        for cells in self._run.seen.matrix.values():
            exchange = cells.get(name)
            if exchange is not None and exchange.request.method == "GET" and succeeded(exchange):
                for effect in exchange.answer.effects:
                    if effect.startswith(SHAPE):
                        yield effect.removeprefix(SHAPE), exchange

    def _slot(
        self,
        operation: Operation,
        draft: Draft,
        slot: Slot,
        people: list[str],
        used: dict[str | None, dict[str, Exchange]],
    ) -> None:
        for other in people:
            part = self._part(operation, draft, slot, other)
            if part is None:
                return
            for owner in people:
                others = {key for name in used if name != owner for key in used[name]}
                for key, exchange in used[owner].items() if owner != other else ():
                    value = part.value_for(key) if key not in others else ""
                    mine = self._again(exchange) if value else None
                    seen = mine and self._shows(operation, draft, slot, value, other, mine)
                    if mine is not None and seen is not None:
                        found = Foreign(owner, mine, seen, slot.key, part.stack)
                        self._run.seen.foreign.append(found)
                        return

    def _part(self, operation: Operation, draft: Draft, slot: Slot, name: str) -> _Part | None:
        """The part of a key that a slot's value becomes; None where it becomes none."""
        word = self._run.canaries.new().text
        exchange = self._send(operation, draft, slot, word, name)
        for hit in exchange.answer.hits if exchange is not None else ():
            before, found, behind = hit.text.partition(word)
            if hit.sink == "key" and found and _SEPARATORS.search(before):
                return _Part(before, behind, hit.frames)
        return None

    def _shows(
        self,
        operation: Operation,
        draft: Draft,
        slot: Slot,
        value: str,
        name: str,
        mine: Exchange,
    ) -> Exchange | None:
        """The answer in which somebody else is shown what the owner is, and nobody's key shows not."""
        seen = self._send(operation, draft, slot, value, name)
        if seen is None or not succeeded(seen):
            return None
        nothing = self._send(operation, draft, slot, nobodys(value), name)
        shown = _pairs(mine) & _pairs(seen)
        if nothing is not None and succeeded(nothing):
            shown -= _pairs(nothing)
        return seen if shown else None

    def _again(self, exchange: Exchange) -> Exchange | None:
        """What the owner is answered now."""
        if exchange.operation is None:
            return None
        return exchanged(self._run, exchange.operation, exchange.request)

    def _send(
        self, operation: Operation, draft: Draft, slot: Slot, value: str, name: str
    ) -> Exchange | None:
        try:
            filled = draft.with_value(slot, value)
        except CannotCarry:
            return None
        request = filled.request(self._run.identity(name), self._run.client())
        return exchanged(self._run, operation, request)


def _pairs(exchange: Exchange) -> set[tuple[str, str]]:
    """Names and values of an answer, those that say nothing left out."""
    found = set(leaves(exchange.answer.json, ""))
    return {(key, value) for key, value in found if "." not in key and len(value) > 1}
