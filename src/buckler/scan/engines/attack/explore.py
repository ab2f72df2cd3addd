"""Finds out how each operation is reached: with which values, and as whom.

Nobody knows an application's identifiers, so they are taken from its own answers: what a
collection lists is asked for one by one, under the same identity and under the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from buckler.scan.engines.attack import restoring
from buckler.scan.engines.attack.drafts import Draft, benign
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.forms import is_form_token, visited
from buckler.scan.engines.attack.harvest import (
    candidates,
    identifiers,
    leaves,
    nouns_of,
    resource_of,
)
from buckler.scan.engines.attack.leaving import left, return_as
from buckler.scan.engines.attack.reasons import why_not
from buckler.scan.engines.attack.run import Run, State
from buckler.scan.engines.attack.slots import slots_of
from buckler.scan.engines.attack.uploads import of_every_kind
from buckler.scan.engines.attack.values import text
from buckler.scan.engines.interface import Answer, Exchange, Slot
from buckler.scan.model.application import Operation

HOSTS = ("app.test", "localhost", "testserver", "127.0.0.1", "example.com")
MAX_POOL = 12
SENT_AWAY = (301, 302, 303, 307, 308)
"""To the sign-in, as pages do where programs are answered 401."""
SLOW_MS = 100.0
"""Milliseconds of CPU from which on an answer is slow."""
UNINTERESTING = frozenset({"content-length", "content-type", "connection", "accept-encoding"})
SIGN_OUT = re.compile(r"log[-_]?out|sign[-_]?out|revoke|deactivate|close[-_]account", re.IGNORECASE)
UNIQUE = re.compile(
    r"e-?mail|user_?name|login|slug|(^|_)name$|title|code|sku|handle|key", re.IGNORECASE
)


def order_of(operation: Operation) -> tuple[int, int, str]:
    """Collections first, then what creates, reads, changes, deletes, and signs out."""
    if SIGN_OUT.search(operation.path):
        return (9, 0, operation.key)
    rank = {"GET": 0, "HEAD": 0, "OPTIONS": 0, "POST": 2, "PUT": 4, "PATCH": 4, "DELETE": 7}.get(
        operation.method, 5
    )
    if rank == 0 and "{" in operation.path:
        rank = 3
    return (rank, operation.path.count("{"), operation.key)


def choose_host(run: Run) -> None:
    """Find a Host header that the application accepts."""
    for item in run.model.middleware:
        if item.name == "TrustedHostMiddleware":
            allowed = [str(h) for h in item.options.get("allowed_hosts") or []]
            usable = [
                h.replace("*", "www", 1) if h.startswith("*.") else h for h in allowed if h != "*"
            ]
            if usable:
                run.host = usable[0]
                return
    candidates = (run.settings.host,) if run.settings.host else HOSTS
    probe = next((op for op in sorted(run.operations, key=order_of) if op.method == "GET"), None)
    if probe is None:
        run.host = str(candidates[0])
        return
    for host in candidates:
        answer = run.send(benign(probe, host=str(host)).request(client=run.client()), probe)
        run.host = str(host)
        if answer is not None and answer.status not in (400, 403, 404, 421, 307, 308):
            return
    run.host = str(candidates[0])


class Explorer:
    """Reaches the operations of one run and remembers the best draft of each.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.drafts: dict[str, Draft] = {}
        self._own: dict[tuple[str, str | None], Draft] = {}
        self.found: dict[str, list[Slot]] = {}
        self._pages: list[tuple[str, str | None]] = []
        self.ending: set[str] = set()
        self._late = False

    def twin(self, run: Run) -> Explorer:
        """What is known so far, for a run in another child."""
        other = Explorer(run)
        other.learn(self)
        return other

    def learn(self, other: Explorer) -> None:
        """Take over how another one reaches the operations."""
        self.drafts, self._own = dict(other.drafts), dict(other._own)
        self.found = {key: list(slots) for key, slots in other.found.items()}
        self._pages = list(other._pages)
        self.ending = set(other.ending)

    def explore(self) -> None:
        """Try every operation as nobody and as each identity; twice, with what was learnt."""
        ordered = sorted(self._run.operations, key=order_of)
        safe = [op for op in ordered if order_of(op)[0] < 7]
        late = [op for op in ordered if order_of(op)[0] >= 7]
        for number, operation in enumerate(safe):
            self._run.progress(number, len(ordered), "exploring")
            self._visit(operation, again=False)
        for operation in safe:
            self._visit(operation, again=True)
        for operation in late:
            self._visit(operation, again=False, names=(None,))

    def explore_late(self) -> None:
        """Try what deletes and signs out as each identity; the state is spoilt afterwards."""
        self._late = True
        for operation in sorted(self._run.operations, key=order_of):
            if order_of(operation)[0] >= 7 or operation.key in self.ending:
                self._visit(operation, again=False)

    def recreate(self) -> None:
        """Make again what exploring made, after the application was started afresh."""
        run = self._run
        for operation in sorted(run.operations, key=order_of):
            state = run.states.get(operation.key)
            if operation.method not in ("POST", "PUT") or state is None or state.lost:
                continue
            if order_of(operation)[0] >= 7 or self.is_slow(operation):
                continue
            if operation.key in self.ending:
                continue
            for name, cell in list(run.seen.matrix.get(operation.key, {}).items()):
                draft = self._own.get((operation.key, name))
                if draft is not None and cell.answer.ok:
                    answer = run.send(draft.request(run.identity(name), run.client()), operation)
                    if answer is not None and answer.ok:
                        self._harvest(operation, answer, name)

    def refresh(self, operation: Operation) -> None:
        """Find new values for an operation that does not answer as it did."""
        run = self._run
        nouns = set(nouns_of(operation))
        for other in sorted(run.operations, key=order_of):
            near = nouns.intersection(nouns_of(other)) and "{" not in other.path
            if near and other.method in ("GET", "POST") and order_of(other)[0] < 7:
                run.seen.matrix.get(other.key, {}).clear()
                self._visit(other, again=False)
        run.seen.matrix.get(operation.key, {}).clear()
        self._visit(operation, again=True)

    def best_identity(self, operation: Operation) -> str | None:
        """Who got furthest; nobody where that is enough."""
        cells = self._run.seen.matrix.get(operation.key, {})
        return min(
            cells, key=lambda name: (-_furthest(cells[name]), name is not None), default=None
        )

    def is_slow(self, operation: Operation) -> bool:
        """Whether an answer costs so much that only what matters most is asked for."""
        cells = self._run.seen.matrix.get(operation.key, {}).values()
        return any(cell.answer.cpu >= SLOW_MS for cell in cells)

    def slots(self, operation: Operation) -> list[Slot]:
        """The declared slots and those that the handler was seen to read by itself."""
        found = [*slots_of(operation), *self.found.get(operation.key, [])]
        return [replace(slot, hints=self._run.hints) for slot in found]

    def _visit(
        self, operation: Operation, *, again: bool, names: tuple[str | None, ...] | None = None
    ) -> None:
        run = self._run
        state = run.states.setdefault(operation.key, State())
        cells = run.seen.matrix.setdefault(operation.key, {})
        for name in names or (None, *run.identities):
            if state.lost or run.out_of_time:
                break
            if self._late:
                restoring.restore(run)
            before = cells.get(name)
            if self._too_slow(cells) or (not names and self._is_for_all(cells)):
                break
            tokens = self._run.visitor(name).tokens
            if again and operation.key in self.ending:
                continue
            if again and before is not None and not _worth_another_try(before, bool(tokens)):
                continue
            best = self._try(operation, name, again)
            if name and best is not None and left(run, best, name):
                self.ending.add(operation.key)
                return_as(run, name)
                self.visit_pages()
            if best is not None and (before is None or _furthest(best) > _furthest(before)):
                cells[name] = best
        self._summarise(operation, state)
        if operation.key in self.ending and not self._late:
            self.drafts.pop(operation.key, None)

    @staticmethod
    def _is_for_all(cells: dict[str | None, Exchange]) -> bool:
        """Whether nobody and two who are signed in were answered the very same."""
        first = cells.get(None)
        same = [
            cell
            for cell in cells.values()
            if first is not None and cell.reached and cell.answer.ok
            if (cell.answer.status, cell.answer.body) == (first.answer.status, first.answer.body)
        ]
        return first is not None and first in same and len(same) >= 3

    @staticmethod
    def _too_slow(cells: dict[str | None, Exchange]) -> bool:
        """Whether the handler took so long that more tries, as others, are not worth it."""
        return any(cell.reached and cell.answer.cpu >= SLOW_MS for cell in cells.values())

    def _try(self, operation: Operation, name: str | None, again: bool) -> Exchange | None:
        best: Exchange | None = None
        for draft in self._drafts(operation, name, again):
            exchange = self._send(operation, draft, name)
            if exchange is None:
                break
            if best is None or _furthest(exchange) > _furthest(best):
                best = exchange
                current = self._run.seen.matrix[operation.key].get(name)
                if current is None or _furthest(exchange) > _furthest(current):
                    # With what the handler was seen to read meanwhile, as it was sent in the end.
                    self._own[operation.key, name] = self._fill_found(operation, draft)
            if exchange.answer.ok or _is_refused(exchange):
                break
        return best

    def _send(self, operation: Operation, draft: Draft, name: str | None) -> Exchange | None:
        run = self._run
        request = draft.request(run.identity(name), run.client())
        exchange = exchanged(run, operation, request)
        if exchange is None:
            return None
        answer = exchange.answer
        run.seen.everything.append(exchange)
        if answer.ok:
            self._harvest(operation, answer, name)
            self._visited(operation, answer, name)
        fresh = self._learn(operation, answer)
        if fresh:
            fuller = self._fill_found(operation, draft)
            return self._send(operation, fuller, name) or exchange
        return exchange

    def _visited(self, operation: Operation, answer: Answer, name: str | None) -> None:
        """Keep the form tokens and cookies of a page, as the browser of that visitor would."""
        if operation.method != "GET":
            return
        known = self._run.visitor(name)
        now = visited(known, answer)
        if now.tokens != known.tokens and (operation.key, name) not in self._pages:
            self._pages.append((operation.key, name))
        self._run.keep_visitor(name, now)

    def visit_pages(self) -> None:
        """Ask again for the pages that gave form tokens, after signing in again."""
        operations = {op.key: op for op in self._run.operations}
        for key, name in self._pages:
            draft = self._own.get((key, name))
            if draft is not None and not self._run.states[key].lost:
                request = draft.request(self._run.identity(name), self._run.client())
                answer = self._run.send(request, operations[key])
                if answer is not None and answer.ok:
                    self._run.keep_visitor(name, visited(self._run.visitor(name), answer))

    def _learn(self, operation: Operation, answer: Answer) -> bool:
        """Slots that the handler asks for without declaring them; whether any is new."""
        known = {slot.key for slot in self.slots(operation)}
        declared = {f"{p.where}:{p.name}" for p in operation.parameters}
        added = False
        for key in answer.reads:
            where, _, name = key.partition(":")
            if where in ("header", "cookie") and name in UNINTERESTING:
                continue
            if key not in known and key not in declared and len(known) < 60:
                self.found.setdefault(operation.key, []).append(Slot(where, name))
                known.add(key)
                added = True
        return added

    def _fill_found(self, operation: Operation, draft: Draft) -> Draft:
        for slot in self.found.get(operation.key, []):
            draft = start_of(draft, slot)
            if slot.name and slot.where in ("query", "json", "form", "message"):
                draft = draft.with_value(slot, text({}, slot.leaf))
            elif slot.where == "header" and is_form_token(slot.name):
                draft = draft.with_value(slot, "sample")
        return replace(draft, attacked=frozenset())

    def _drafts(self, operation: Operation, name: str | None, again: bool) -> Iterator[Draft]:
        run = self._run
        pools = list(self._known(operation, name))
        made: list[Draft] = []
        for known in pools[: 4 if again else 2]:
            made.append(benign(operation, host=run.host, known=known))
        made.append(benign(operation, host=run.host, full=False, known=pools[0] if pools else {}))
        if again or not pools:
            made.append(
                benign(operation, host=run.host, variant=1, known=pools[0] if pools else {})
            )
        seen: set[str] = set()
        for draft in of_every_kind(made):
            draft = self._fill_found(operation, draft)
            if repr(draft) not in seen:
                seen.add(repr(draft))
                yield draft

    def _known(self, operation: Operation, name: str | None) -> Iterator[dict[str, str]]:
        """Values for identifiers, from this identity's answers first, then from anybody's."""
        pools = [self._run.pool.get(name, {}), *(p for n, p in self._run.pool.items() if n != name)]
        wanted = identifiers(operation)
        for turn in range(3):
            known = {}
            for parameter, resource in wanted:
                values = [v for pool in pools for v in candidates(pool, parameter, resource)]
                if values:
                    known[parameter] = values[min(turn, len(values) - 1)]
            yield known

    def _harvest(self, operation: Operation, answer: Answer, name: str | None) -> None:
        if "json" not in answer.media_type:
            return
        pool = self._run.pool.setdefault(name, {})
        for key, found in leaves(answer.json, resource_of(operation)):
            values = pool.setdefault(key, [])
            if found not in values and len(values) < MAX_POOL:
                values.append(found)

    def _summarise(self, operation: Operation, state: State) -> None:
        cells = self._run.seen.matrix.get(operation.key, {})
        slots = self.slots(operation)
        state.slots = len(slots)
        state.reached = any(cell.reached for cell in cells.values())
        state.authenticated = any(cell.reached for name, cell in cells.items() if name)
        best = self.best_identity(operation)
        if (operation.key, best) in self._own:
            self.drafts[operation.key] = self._own[operation.key, best]
        cell = _telling(cells, best)
        state.identity = best
        state.status = cell.answer.status if cell else None
        state.why = "" if state.reached else why_not(cell, state.lost, bool(self._run.identities))


def start_of(draft: Draft, slot: Slot) -> Draft:
    """The draft with the container that an undeclared slot needs: an object, a form, a message."""
    if slot.where == "json" and draft.json is None:
        draft = replace(draft, json={})
    elif slot.where == "form" and not draft.form:
        draft = replace(draft, form=[("sample", "sample")])
    elif slot.where == "message" and draft.messages == ["sample"]:
        draft = replace(draft, messages=["{}"])
    return draft


def _telling(cells: Mapping[str | None, Exchange], best: str | None) -> Exchange | None:
    """The exchange that says why nobody came further: not that of a stranger who was refused, where somebody was not."""
    cell = cells.get(best)
    if cell is None or not _is_refused(cell):
        return cell
    return next((c for c in cells.values() if not _is_refused(c) and _furthest(c) >= 0), cell)


def _is_refused(exchange: Exchange) -> bool:
    return exchange.answer.status in (401, 403) and not exchange.reached


def _furthest(exchange: Exchange) -> int:
    if exchange.reached and exchange.answer.ok:
        return 3
    if exchange.reached:
        return 2
    status = exchange.answer.status
    if status in SENT_AWAY:
        return -1
    return 0 if status in (401, 403, 404, 405) else 1


def _worth_another_try(exchange: Exchange, tokens: bool) -> bool:
    """Whether better values may get further; who is refused stays refused, unless it was for want
    of a form token, and what is slow costs too much.
    """
    refused = _is_refused(exchange)
    changes = exchange.request.method not in ("GET", "HEAD", "WEBSOCKET")
    if refused and not (tokens and changes):
        return False
    return _furthest(exchange) < 3 and exchange.answer.cpu < SLOW_MS
