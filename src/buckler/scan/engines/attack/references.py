"""Names objects of somebody else in a body: CWE-639.

An object is somebody's own where an operation gives it to him and refuses it to others. Where a
body with its identifier is taken from those others all the same, nobody compared the owner.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from buckler.scan.engines.attack.exchanges import exchanged, is_open, succeeded
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.faults import leaves as values_in
from buckler.scan.engines.attack.faults import replaced
from buckler.scan.engines.attack.harvest import candidates, singular
from buckler.scan.engines.attack.owners import dotted, nobodys
from buckler.scan.engines.attack.people import NAMES
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Foreign
from buckler.scan.model.application import Operation

GUESSES = ("1", "2", "3")
REFUSED = (401, 403, 404)
MAX_PAGES = 3
MAX_VALUES = 3


class References:
    """Sends identifiers of private objects in the bodies of others.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._private: dict[tuple[str, str, str], list[tuple[str, Exchange]]] = {}

    def collect(self) -> None:
        """Every body that names an object which has a page of its own."""
        people = [
            (owner.name, other.name)
            for owner in self._run.identities.values()
            for other in self._run.identities.values()
            if owner is not other and other.role != "admin"
        ]
        for operation in self._run.operations:
            if not operation.changes_state or self._run.states[operation.key].lost:
                continue
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or is_open(self._run, operation):
                continue
            for way, value in values_in(draft.json):
                if isinstance(value, bool) or not isinstance(value, int | str):
                    continue
                if any(self._foreign(operation, way, value, *pair) for pair in people):
                    break

    def _foreign(
        self,
        operation: Operation,
        way: tuple[str | int, ...],
        present: int | str,
        owner: str,
        other: str,
    ) -> bool:
        name = str(way[-1])
        if NAMES.search(name):
            return False
        noun = name.lower().removesuffix("_id")
        for page, parameter in self._pages(noun):
            for value, mine in self._only(page, parameter, owner, other):
                if isinstance(present, int) and not value.isdigit():
                    continue
                seen = self._send(operation, way, present, value, other)
                if seen is None or not succeeded(seen):
                    continue
                nothing = self._send(operation, way, present, nobodys(value), other)
                if nothing is not None and not succeeded(nothing):
                    self._run.seen.foreign.append(Foreign(owner, mine, seen, f"json:{dotted(way)}"))
                    return True
        return False

    def _pages(self, noun: str) -> Iterator[tuple[Operation, str]]:
        """Operations that show one object of a kind: ``/parcels/{number}/state`` for ``parcel``."""
        found = 0
        for operation in self._run.operations:
            parts = [part for part in operation.path.split("/") if part]
            given = [n for n, part in enumerate(parts) if part.startswith("{")]
            if operation.method != "GET" or len(given) != 1 or given[0] == 0:
                continue
            if is_open(self._run, operation):
                continue
            if singular(parts[given[0] - 1].lower()) == noun and found < MAX_PAGES:
                found += 1
                yield operation, parts[given[0]].strip("{}").partition(":")[0]

    def _only(
        self, page: Operation, parameter: str, owner: str, other: str
    ) -> list[tuple[str, Exchange]]:
        """Objects that a page shows to one and refuses to the other."""
        key = (page.key, owner, other)
        if key not in self._private:
            self._private[key] = found = []
            noun = page.path.partition(f"/{{{parameter}")[0].rpartition("/")[2].lower()
            pool = self._run.pool.get(owner, {})
            values = [*candidates(pool, parameter, noun), *pool.get(f"{noun}.id", ()), *GUESSES]
            for value in list(dict.fromkeys(values))[:MAX_VALUES]:
                mine = self._page(page, parameter, value, owner)
                if mine is None or not succeeded(mine):
                    continue
                theirs = self._page(page, parameter, value, other)
                if theirs is not None and theirs.answer.status in REFUSED:
                    found.append((value, mine))
                    break
        return self._private[key]

    def _page(self, page: Operation, parameter: str, value: str, name: str) -> Exchange | None:
        draft = self._explorer.drafts.get(page.key)
        if draft is None or self._run.states[page.key].lost:
            return None
        draft = copy.deepcopy(draft)
        draft.path[parameter] = value
        request = draft.request(self._run.identity(name), self._run.client())
        return exchanged(self._run, page, request)

    def _send(
        self,
        operation: Operation,
        way: tuple[str | int, ...],
        present: int | str,
        value: str,
        name: str,
    ) -> Exchange | None:
        draft = copy.deepcopy(self._explorer.drafts[operation.key])
        draft.json = replaced(draft.json, way, int(value) if isinstance(present, int) else value)
        request = draft.request(self._run.identity(name), self._run.client())
        return exchanged(self._run, operation, request)
