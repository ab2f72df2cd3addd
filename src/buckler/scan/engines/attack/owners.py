"""Asks for what belongs to somebody else by naming the owner: CWE-639.

The owner stands in the query, in the path or in the body. Who an identity is, is taken from its
own answers (``/me``, the owner of what it made) and from what it signs in with.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from buckler.scan.engines.attack.drafts import Draft, benign
from buckler.scan.engines.attack.exchanges import exchanged, is_open, succeeded
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.faults import leaves as values_in
from buckler.scan.engines.attack.faults import replaced
from buckler.scan.engines.attack.harvest import leaves, nouns_of
from buckler.scan.engines.attack.people import NAMES, Pair, Reference, likely, who_is
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Exchange, Request, Slot
from buckler.scan.engines.observations import Foreign
from buckler.scan.model.application import Operation

_PEOPLE = re.compile(r"^(users?|people|members?|profiles?|authors?|accounts?|persons?)$", re.I)
_PERSONAL = re.compile(r"mail|phone|street|address|birth|iban|hash|secret|token|salary", re.I)
_TO_OTHERS = re.compile(
    r"messag|mail|invit|shar|transfer|payment|gift|friend|follow|member|assign|notif|chat|comment|"
    r"review|rating|report|block|contact|grant|team|admin",
    re.IGNORECASE,
)
"""What is done to other people on purpose."""
_NOT_HERE = re.compile(r"mail|login|name$|^(owner|created_by|creator|tenant)(_?id)?$", re.I)
"""Addresses are one's own to give; a field that is called the owner is told of as mass assignment."""
_NOT_TEXT = re.compile(r"mail|date|time|url|uri|phone|colou?r|country|currency|lang", re.I)
GUESSES = ("1", "2", "3")
MAX_VALUES = 2
MAX_VIEWS = 5


class Owners:
    """Names somebody else as the owner.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._plain: dict[str, set[Pair]] = {}

    def collect(self) -> None:
        """Reading first, then writing."""
        names = [i.name for i in self._run.identities.values()]
        others = [i.name for i in self._run.identities.values() if i.role != "admin"]
        if len(names) < 2:
            return
        found = self._run.seen.foreign
        known = {(f.seen.operation.key, f.slot) for f in found if f.seen.operation is not None}
        for operation in sorted(self._run.operations, key=lambda op: op.method != "GET"):
            if not self._is_for_somebody(operation):
                continue
            for reference in self._references(operation):
                if (operation.key, reference.slot.key) in known:
                    continue
                pairs = [(a, b) for a in names for b in others if a != b]
                if any(self._foreign(operation, reference, a, b) for a, b in pairs):
                    break

    def _is_for_somebody(self, operation: Operation) -> bool:
        """Whether it can be asked, and nobody without credentials is answered."""
        if operation.is_websocket or operation.method == "DELETE":
            return False
        if operation.key not in self._explorer.drafts or self._run.states[operation.key].lost:
            return False
        return not is_open(self._run, operation)

    def _references(self, operation: Operation) -> Iterator[Reference]:
        for parameter in operation.parameters:
            if parameter.where in ("path", "query") and NAMES.search(parameter.name):
                number = "integer" in _types(resolve(parameter.schema))
                yield Reference(Slot(parameter.where, parameter.name), number=number)
        if not operation.changes_state or any(map(_TO_OTHERS.search, nouns_of(operation))):
            return
        draft = self._explorer.drafts[operation.key]
        for way, value in values_in(draft.json):
            if isinstance(way[-1], str) and _is_owner(way[-1]):
                number = isinstance(value, int) and not isinstance(value, bool)
                if number or isinstance(value, str):
                    yield Reference(Slot("json", dotted(way)), way, number)
        for name, _ in draft.form:
            if _is_owner(name):
                yield Reference(Slot("form", name))

    def _foreign(self, operation: Operation, reference: Reference, owner: str, other: str) -> bool:
        own = next(iter(likely(reference, who_is(self._run, other))), "")
        theirs = likely(reference, who_is(self._run, owner))
        if not own or not theirs:
            return self._guessed(operation, reference, owner, other)
        views = [] if operation.method == "GET" else list(self._views(operation, owner))
        for value in [v for v in theirs if v != own][:MAX_VALUES]:
            found = (
                self._reads(operation, reference, (value, own), (owner, other))
                if operation.method == "GET"
                else self._writes(operation, reference, (value, own), other, views)
            )
            if found is not None:
                self._run.seen.foreign.append(Foreign(owner, *found, reference.slot.key))
                return True
        return False

    def _guessed(self, operation: Operation, reference: Reference, owner: str, other: str) -> bool:
        """The same for numbers of people whom no answer names: the first ones are tried.

        Nobody knows which number is whose, so it has to be seen where its writer sees nothing.
        """
        if not reference.number or reference.slot.where != "json":
            return False
        views = [v for v in self._views(operation, owner) if not self._is_shown(v, other)]
        for value in GUESSES if views else ():
            own = next(guess for guess in GUESSES if guess != value)
            found = self._writes(operation, reference, (value, own), other, views)
            if found is not None:
                self._run.seen.foreign.append(Foreign(owner, *found, reference.slot.key))
                return True
        return False

    def _is_shown(self, view: Exchange, name: str) -> bool:
        """Whether somebody else is answered where an identity reads."""
        identity = self._run.identity(name)
        own = identity.headers if identity is not None else ()
        names = {header for header, _ in own}
        rest = (pair for pair in view.request.headers if pair[0].lower() not in names)
        request = replace(view.request, headers=(*rest, *own))
        operation = view.operation
        exchange = exchanged(self._run, operation, request) if operation is not None else None
        return exchange is None or succeeded(exchange)

    def _reads(
        self, operation: Operation, reference: Reference, values: Pair, people: Pair
    ) -> tuple[Exchange, Exchange] | None:
        """Somebody gets by another's name what he does not get by his own, nor by nobody's."""
        mine = self._owners_own(operation, reference, values[0], people[0])
        seen = self._as(operation, reference, values[0], people[1]) if mine is not None else None
        if mine is None or seen is None or not succeeded(seen):
            return None
        private = _pairs(mine) & _pairs(seen)
        private = {pair for pair in private if pair[1] != values[0]}
        for value in (values[1], nobodys(values[0])):
            exchange = self._as(operation, reference, value, people[1]) if private else None
            if exchange is not None and succeeded(exchange):
                private -= _pairs(exchange)
        if not private or (_is_profile(operation, reference) and not _is_personal(private)):
            return None
        shown = private & self._shown_anyway(operation, people[1])
        return None if len(shown) * 2 >= len(private) else (mine, seen)

    def _owners_own(
        self, operation: Operation, reference: Reference, value: str, owner: str
    ) -> Exchange | None:
        """The owner's answer; where it is empty, something is made first."""
        mine = self._as(operation, reference, value, owner)
        if (
            mine is not None
            and succeeded(mine)
            and not _pairs(mine)
            and reference.slot.where == "path"
        ):
            for other in self._run.operations:
                made = other.method == "POST" and other.path == operation.path
                if made and other.key in self._explorer.drafts:
                    self._as(other, reference, value, owner)
                    mine = self._as(operation, reference, value, owner)
        return mine if mine is not None and succeeded(mine) and _pairs(mine) else None

    def _shown_anyway(self, operation: Operation, name: str) -> set[Pair]:
        """What lists without a filter show to an identity."""
        nouns = set(nouns_of(operation))
        found: set[Pair] = set()
        for other in self._run.operations:
            if other.method == "GET" and "{" not in other.path and nouns & set(nouns_of(other)):
                key = f"{other.key} {name}"
                if key not in self._plain:
                    draft = benign(other, host=self._run.host, full=False)
                    required = any(NAMES.search(k) for k, _ in draft.query)
                    exchange = None if required else self._send(other, draft, name)
                    good = exchange is not None and succeeded(exchange)
                    self._plain[key] = _pairs(exchange) if exchange is not None and good else set()
                found |= self._plain[key]
        return found

    def _writes(
        self,
        operation: Operation,
        reference: Reference,
        values: Pair,
        writer: str,
        views: list[Exchange],
    ) -> tuple[Exchange, Exchange] | None:
        """What somebody writes in another's name is seen by that other; in his own it is not."""
        text = next(_texts(self._explorer.drafts[operation.key], reference), None)
        if not views or text is None:
            return None
        word = self._run.canaries.new().text
        written = self._as(operation, reference, values[0], writer, (text, word))
        view = self._look(views, word) if written is not None and succeeded(written) else None
        if written is None or view is None:
            return None
        word = self._run.canaries.new().text
        again = self._as(operation, reference, values[1], writer, (text, word))
        if again is None or not succeeded(again) or self._look(views, word) is not None:
            return None
        return view, written

    def _views(self, operation: Operation, name: str) -> Iterator[Exchange]:
        """What an identity reads, what is nearest to the operation first."""
        nouns = set(nouns_of(operation))
        cells = [
            (op, cell)
            for op in self._run.operations
            if op.method == "GET"
            and (cell := self._run.seen.matrix.get(op.key, {}).get(name)) is not None
            and succeeded(cell)
        ]
        cells.sort(key=lambda pair: -len(nouns & set(nouns_of(pair[0]))))
        yield from (cell for _, cell in cells[:MAX_VIEWS])

    def _look(self, views: list[Exchange], word: str) -> Exchange | None:
        for view in views:
            answer = self._run.send(view.request, view.operation)
            if answer is not None and answer.ok and word in answer.text:
                return Exchange(view.operation, view.request, answer, reached=True)
        return None

    def _as(
        self,
        operation: Operation,
        reference: Reference,
        value: str,
        name: str,
        text: tuple[tuple[str | int, ...], str] | None = None,
    ) -> Exchange | None:
        draft = copy.deepcopy(self._explorer.drafts[operation.key])
        where = reference.slot.where
        if where == "json":
            given = int(value) if reference.number else value
            draft.json = replaced(draft.json, reference.way, given)
        elif where == "path":
            draft.path[reference.slot.name] = value
        else:
            draft = draft.with_value(reference.slot, value)
        if text is not None and isinstance(text[0][-1], str):
            if draft.form:
                draft = draft.with_value(Slot("form", text[0][-1]), text[1])
            else:
                draft.json = replaced(draft.json, *text)
        draft.attacked = frozenset()
        return self._send(operation, draft, name)

    def _send(self, operation: Operation, draft: Draft, name: str) -> Exchange | None:
        request: Request = draft.request(self._run.identity(name), self._run.client())
        return exchanged(self._run, operation, request)


def nobodys(value: str) -> str:
    """An identifier of the same shape that nothing has."""
    if value.isdigit():
        return "999999937"
    return re.sub(r"[0-9a-z]", lambda m: "0" if m.group().isdigit() else "e", value)


def dotted(way: tuple[str | int, ...]) -> str:
    """The way to a value as the name of a slot: ``stops[].parcel``."""
    text = ""
    for part in way:
        text += "[]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _texts(draft: Draft, reference: Reference) -> Iterator[tuple[str | int, ...]]:
    """Ways to texts in a body that may say anything."""
    for way, value in values_in(draft.json):
        last = way[-1]
        if isinstance(value, str) and way != reference.way and isinstance(last, str):
            if not (_NOT_TEXT.search(last) or NAMES.search(last)):
                yield way
    for name, _ in draft.form:
        if name != reference.slot.name and not (_NOT_TEXT.search(name) or NAMES.search(name)):
            yield (name,)


def _is_owner(field: str) -> bool:
    """Whether a field of a body says whose something is."""
    return NAMES.search(field) is not None and not _NOT_HERE.search(field)


def _is_profile(operation: Operation, reference: Reference) -> bool:
    """Whether it is the page of a person, ``/users/{name}``."""
    parts = [part for part in operation.path.split("/") if part]
    ends = len(parts) > 1 and parts[-1] == f"{{{reference.slot.name}}}"
    return reference.slot.where == "path" and ends and _PEOPLE.match(parts[-2]) is not None


def _is_personal(pairs: set[Pair]) -> bool:
    return any(_PERSONAL.search(key) for key, _ in pairs)


def _types(schema: Any) -> set[str]:
    options = [schema, *(schema.get("anyOf") or ())]
    return {str(option.get("type")) for option in options}


def _pairs(exchange: Exchange) -> set[Pair]:
    return {(key, value) for key, value in leaves(exchange.answer.json, "") if "." not in key}
