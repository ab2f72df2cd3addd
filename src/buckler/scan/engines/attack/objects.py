"""Asks as one identity for what belongs to another: CWE-639."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from buckler.scan.engines.attack.drafts import Draft, benign
from buckler.scan.engines.attack.exchanges import exchanged, is_open, succeeded
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.harvest import candidates, identifiers, leaves, resource_of
from buckler.scan.engines.attack.listing import is_cut, scalars
from buckler.scan.engines.attack.owners import Owners, nobodys
from buckler.scan.engines.attack.references import References
from buckler.scan.engines.attack.run import CHANGING, Run
from buckler.scan.engines.attack.shared import Shared
from buckler.scan.engines.attack.stored_keys import StoredKeys
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Foreign
from buckler.scan.model.application import Operation

OWNER = re.compile(
    r"^(owner|user|account|customer|member|person|patient|client)(_?id)?$", re.IGNORECASE
)
IDENTIFIER = re.compile(
    r"(^|_)(id|uuid|guid|number|no|nr|num|ref|pk|key|code|slug)$", re.IGNORECASE
)
GUESSES = ("1", "2", "3")


class Objects:
    """Compares what two ordinary identities may see and change.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Reading first, then changing, deleting last."""
        order = {"GET": 0, "PUT": 1, "PATCH": 1, "POST": 1}
        for operation in sorted(self._run.operations, key=lambda op: order.get(op.method, 2)):
            if (
                "{" not in operation.path
                or operation.is_websocket
                or self._run.states[operation.key].lost
                or is_open(self._run, operation)
            ):
                continue
            self._operation(operation)
        Owners(self._run, self._explorer).collect()
        References(self._run, self._explorer).collect()
        StoredKeys(self._run, self._explorer).collect()
        Shared(self._run, self._explorer).collect()

    def _operation(self, operation: Operation) -> None:
        names = [i.name for i in self._run.identities.values() if i.role != "admin"]
        for owner in [i.name for i in self._run.identities.values()]:
            for other in names:
                if owner != other and self._foreign(operation, owner, other):
                    return
        if operation.method == "GET" and len(names) > 1:
            self._owned_by_one(operation, names[0], names[1])

    def _foreign(self, operation: Operation, owner: str, other: str) -> bool:
        for name, resource in identifiers(operation):
            if f"{{{name}" not in (operation.template or operation.path):
                continue
            for value in self._only_theirs(operation, name, resource, owner, other):
                pair = self._delete if operation.method == "DELETE" else self._both
                found = pair(operation, name, value, owner, other)
                if found is not None:
                    self._run.seen.foreign.append(Foreign(owner, *found, f"path:{name}"))
                    return True
        return False

    def _only_theirs(
        self, operation: Operation, name: str, resource: str, owner: str, other: str
    ) -> list[str]:
        """Identifiers that the owner's list has and the other's has not.

        Where nothing lists the objects, what either was answered so far has to do.
        """
        lists = list(self._lists(operation, name))
        shown: set[str] = set()
        if lists:
            theirs, others = self._listed(lists, owner), self._listed(lists, other)
            whole = self._whole(lists, other)
            if whole is None:
                return []
            shown = whole
        elif IDENTIFIER.search(name):
            theirs, others = self._run.pool.get(owner, {}), self._run.pool.get(other, {})
        else:
            return []
        known = {
            *candidates(others, name, resource),
            *(others.get(f"{resource}.id", ()) if lists else ()),
        }
        mine = [
            *candidates(theirs, name, resource),
            *(theirs.get(f"{resource}.id", ()) if lists else ()),
        ]
        return [v for v in dict.fromkeys(mine) if v not in known and v not in shown][:3]

    def _both(
        self, operation: Operation, name: str, value: str, owner: str, other: str
    ) -> tuple[Exchange, Exchange] | None:
        mine = self._as(operation, self._draft(operation, name, value, owner), owner)
        if mine is None or not succeeded(mine):
            return None
        found = (
            (around, seen)
            for around in self._surroundings(operation, name, owner, other)
            if (seen := self._as(operation, self._draft(operation, name, value, around), other))
            is not None
        )
        around, seen = next(
            (pair for pair in found if succeeded(pair[1]) and alike(mine, pair[1])), ("", None)
        )
        if seen is None:
            return None
        nothing = self._as(operation, self._draft(operation, name, nobodys(value), around), other)
        if nothing is not None and succeeded(nothing) and alike(_renamed(nothing, value), seen):
            return None
        return mine, seen

    def _delete(
        self, operation: Operation, name: str, value: str, owner: str, other: str
    ) -> tuple[Exchange, Exchange] | None:
        """Somebody else deletes it, and its owner's list or page has it no more."""
        before = self._sees(operation, name, value, owner)
        if before is None:
            return None
        if before.request.method in CHANGING and self._sees(operation, name, value, other):
            return None  # whoever may change it may take it away
        for around in self._surroundings(operation, name, owner, other):
            seen = self._as(operation, self._draft(operation, name, value, around), other)
            if seen is None or not succeeded(seen):
                continue
            if self._sees(operation, name, value, owner) is None:
                return before, seen
        return None

    def _surroundings(
        self, operation: Operation, name: str, owner: str, other: str
    ) -> Iterator[str]:
        """Whose objects the rest of the path names: the owner's, then those of who asks."""
        yield owner
        theirs, own = self._around(operation, name, owner), self._around(operation, name, other)
        if own and own != theirs:
            yield other

    def _around(self, operation: Operation, name: str, identity: str) -> dict[str, str]:
        """Values for the other parameters of a path that an identity was answered with."""
        found: dict[str, str] = {}
        for wanted in re.findall(r"\{([^{}:]+)", operation.path):
            before = operation.path.partition(f"{{{wanted}")[0]
            for near in self._run.operations if wanted != name else ():
                cell = self._run.seen.matrix.get(near.key, {}).get(identity)
                if (
                    cell is not None
                    and succeeded(cell)
                    and near.path.startswith(f"{before}{{{wanted}")
                ):
                    parts = cell.request.path.split("/")[before.count("/") :]
                    found[wanted] = unquote(parts[0] if parts else "")
                    break
        return found

    def _draft(self, operation: Operation, name: str, value: str, around: str = "") -> Draft:
        """A request for one object; the rest of its path as it is for an identity."""
        draft = self._explorer.drafts.get(operation.key)
        known = dict(draft.path) if draft is not None else {}
        if around:
            known.update(self._around(operation, name, around))
        made = benign(operation, host=self._run.host, known={**known, name: value})
        made.path.update({**{k: v for k, v in known.items() if k in made.path}, name: value})
        return made

    def _as(self, operation: Operation, draft: Draft, name: str) -> Exchange | None:
        run = self._run
        request = draft.request(run.identity(name), run.client())
        return exchanged(run, operation, request)

    def _lists(self, operation: Operation, name: str) -> Iterator[Operation]:
        """Operations that list what the item's operation takes one of."""
        before = (operation.path.partition(f"{{{name}")[0]).rstrip("/")
        for other in self._run.operations:
            if other.method == "GET" and "{" not in other.path and other.path.rstrip("/") == before:
                yield other

    def _listed(self, lists: list[Operation], identity: str) -> dict[str, list[str]]:
        """What an identity's own lists hold now, by name."""
        found: dict[str, list[str]] = {}
        for operation in lists:
            exchange = self._list(operation, identity)
            data = exchange.answer.json if exchange is not None else None
            for key, text in leaves(data, resource_of(operation)):
                found.setdefault(key, []).append(text)
        return found

    def _list(self, operation: Operation, identity: str) -> Exchange | None:
        """A list without filters."""
        exchange = self._as(operation, benign(operation, host=self._run.host, full=False), identity)
        return exchange if exchange is not None and succeeded(exchange) else None

    def _whole(self, lists: list[Operation], identity: str) -> set[str] | None:
        """All that stands in an identity's own lists; None where one has more than it showed."""
        found: set[str] = set()
        for operation in lists:
            exchange = self._list(operation, identity)
            if exchange is not None:
                if is_cut(operation, exchange.answer):
                    return None
                found.update(scalars(exchange.answer.json))
        return found

    def _in_list(self, operation: Operation, value: str, identity: str) -> Exchange | None:
        exchange = self._list(operation, identity)
        if exchange is None:
            return None
        texts = {text for _, text in leaves(exchange.answer.json, resource_of(operation))}
        return exchange if value in texts else None

    def _sees(self, operation: Operation, name: str, value: str, identity: str) -> Exchange | None:
        """The answer in which an identity sees the object: its page, or a list; else what changes it."""
        page = next(
            (o for o in self._run.operations if o.method == "GET" and o.path == operation.path),
            None,
        )
        if page is not None:
            exchange = self._as(page, self._draft(page, name, value, identity), identity)
            return exchange if exchange is not None and succeeded(exchange) else None
        lists = list(self._lists(operation, name))
        if not lists:
            return self._changes(operation, name, value, identity)
        found = (self._in_list(other, value, identity) for other in lists)
        return next((exchange for exchange in found if exchange is not None), None)

    def _changes(
        self, operation: Operation, name: str, value: str, identity: str
    ) -> Exchange | None:
        """The answer to a change of the object, where nothing shows it."""
        for near in self._run.operations:
            if near.method in ("PUT", "PATCH") and near.path == operation.path:
                exchange = self._as(near, self._draft(near, name, value, identity), identity)
                return exchange if exchange is not None and succeeded(exchange) else None
        return None

    def _owned_by_one(self, operation: Operation, one: str, other: str) -> None:
        """An answer that names its owner, and that two people get who are not the same."""
        wanted = [name for name, _ in identifiers(operation) if f"{{{name}" in operation.path]
        if len(wanted) != 1 or any(True for _ in self._lists(operation, wanted[0])):
            return
        resource = dict(identifiers(operation)).get(wanted[0], "")
        values = [*candidates(self._run.pool.get(one, {}), wanted[0], resource), *GUESSES]
        for value in dict.fromkeys(values[:6]):
            first = self._as(operation, self._draft(operation, wanted[0], value), one)
            if first is None or not succeeded(first) or not (owner := owner_in(first.answer.json)):
                continue
            second = self._as(operation, self._draft(operation, wanted[0], value), other)
            if second is not None and succeeded(second) and owner_in(second.answer.json) == owner:
                self._run.seen.foreign.append(Foreign(owner, first, second, f"path:{wanted[0]}"))
                return


def alike(one: Exchange, other: Exchange) -> bool:
    """Whether two answers show the same thing; who asked may be named in them."""
    first, second = one.answer.json, other.answer.json
    if first is None or second is None:
        return one.answer.body == other.answer.body and bool(one.answer.body)
    mine, theirs = list(leaves(first, "")), list(leaves(second, ""))
    if {key for key, _ in mine} != {key for key, _ in theirs}:
        return False
    equal = sum(pair in theirs for pair in mine)
    return equal * 2 >= len(mine)


def _renamed(exchange: Exchange, value: str) -> Exchange:
    """The exchange with the identifier that was asked for where its answer repeats it."""
    body = exchange.answer.body.replace(nobodys(value).encode(), value.encode())
    return replace(exchange, answer=replace(exchange.answer, body=body))


def owner_in(data: Any) -> str:
    """``name=value`` of the field that says whose an object is; empty where there is none."""
    if not isinstance(data, dict):
        return ""
    for key, value in data.items():
        if OWNER.match(key) and isinstance(value, str | int) and not isinstance(value, bool):
            return f"{key} {value}"
    return ""
