"""Answers that were made for one person and are kept for the next one: a cache whose key leaves out who asks.

CWE-524, CWE-639. Two people ask for the same thing, then for another one in the other order. Where each gets what the
first of them got, and those two differ, it is the order that decides whose answer it is.
"""

from __future__ import annotations

from dataclasses import replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.exchanges import exchanged, is_open, succeeded
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.slots import typed_slots_of
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.engines.observations import Foreign
from buckler.scan.model.application import Operation

TURNS = 3
"""How often each order is tried: what differs each time for another reason is told from it."""
_UNDECLARED = Slot("query", "_")
"""Caches by address take another address for another answer."""


class Shared:
    """Looks for answers that somebody else was given first.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._number = 0

    def collect(self) -> None:
        """Each operation that reads, answers people alone, and answers two of them."""
        names = [i.name for i in self._run.identities.values() if i.role != "admin"]
        for operation in self._run.operations if len(names) > 1 else ():
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.method != "GET" or is_open(self._run, operation):
                continue
            cells = self._run.seen.matrix.get(operation.key, {})
            both = [n for n in names if (cell := cells.get(n)) is not None and succeeded(cell)][:2]
            if len(both) == 2 and not self._explorer.is_slow(operation):
                self._operation(operation, draft, both[0], both[1])

    def _operation(self, operation: Operation, draft: Draft, one: str, other: str) -> None:
        orders = [(one, other), (other, one)] * TURNS
        seen: dict[str, set[bytes]] = {one: set(), other: set()}
        pair: tuple[Exchange, Exchange] | None = None
        for first, second in orders:
            asked = self._asked(operation, draft, first, second)
            if asked is None:
                return
            word, mine, theirs = asked
            if mine.answer.body != theirs.answer.body:
                return  # each gets an answer of their own
            seen[first].add(mine.answer.body.replace(word.encode(), b""))
            if len(seen[first]) > 1 or seen[one] == seen[other]:
                return  # it differs for another reason, or is the same for all
            pair = pair or (mine, theirs)
        if pair is not None:
            self._run.seen.foreign.append(Foreign(one, *pair, ""))

    def _asked(
        self, operation: Operation, draft: Draft, first: str, second: str
    ) -> tuple[str, Exchange, Exchange] | None:
        """What two get, one behind the other, of something that nobody asked for before."""
        self._number += 1
        word = f"{7310 + self._number}"
        made = draft
        for slot in (*self._explorer.slots(operation), *typed_slots_of(operation), _UNDECLARED):
            if slot.where == "query" and slot.schema.get("type") in (None, "string"):
                try:
                    made = made.with_value(slot, word)
                except CannotCarry:
                    continue
        made = replace(made, attacked=frozenset())
        answers = []
        for name in (first, second):
            request = made.request(self._run.identity(name), self._run.client())
            exchange = exchanged(self._run, operation, request)
            if exchange is None or not 200 <= (exchange.answer.status or 0) < 300:
                return None
            answers.append(exchange)
        return word, answers[0], answers[1]
