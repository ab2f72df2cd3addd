"""Second order: what one operation stores, another may use.

A canary is stored, then the operations that read it, or do something with it, are asked; where it
comes out or reaches a sink, the rules that care get the pair: write, then use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.encodings import SHAPES, fitted
from buckler.scan.engines.attack.exchanges import entered
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.harvest import (
    candidates,
    identifiers,
    leaves,
    nouns_of,
    resource_of,
)
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.seen import seen_in
from buckler.scan.engines.interface import Answer, Attacks, Exchange, Payload, Probe, Request, Slot
from buckler.scan.model.application import Operation

WRITES = ("POST", "PUT", "PATCH")
MAX_READERS = 12
MAX_USERS = 4
MAX_SLOTS = 12
SLOW_MS = 60.0
"""Milliseconds of CPU from which on writing is too slow to be done for every reader."""


class SecondOrder:
    """Attacks through what is stored.

    Args:
        run: The run.
        explorer: Knows the best draft and identity of each operation.
        judge: Turns hits and answers into findings.
    """

    def __init__(self, run: Run, explorer: Explorer, judge: Judge) -> None:
        self._run = run
        self._explorer = explorer
        self._judge = judge
        self._attackers = [rule for rule in run.rules if isinstance(rule, Attacks)]

    def attack(self, operation: Operation, draft: Draft) -> None:
        """Store canaries by one operation and follow them into those that read."""
        readers = list(self._readers(operation))
        slots = [
            s
            for s in self._explorer.slots(operation)
            if s.where in ("json", "form", "query", "body", "filename")
        ]
        if operation.method not in WRITES or not readers or not slots:
            return
        identity = self._explorer.best_identity(operation)
        slots = slots[:MAX_SLOTS]
        if not self._through(draft, slots, identity, readers):
            for slot in slots:
                self._through(draft, [slot], identity, readers)

    def _through(
        self, draft: Draft, slots: list[Slot], identity: str | None, readers: list[Operation]
    ) -> bool:
        """Store a canary by each slot in one request and follow them; False where that failed."""
        probes = []
        for slot in slots:
            canary = self._run.canaries.new()
            address = slot.schema.get("format") in ("uri", "url")
            text = SHAPES["address"].format(word=canary.text, host=canary.host)
            payload = Payload(text if address else canary.text, canary, raw=address)
            probe = Probe("stored", draft.operation, slot, payload, identity)
            self._run.canaries.own(canary, probe)
            probes.append(probe)
        written = self._write(draft, probes)
        if written is None or not written.ok:
            return False
        if written.cpu > SLOW_MS:
            return True
        for reader in readers:
            answer = self._read(reader, written, draft, identity)
            if answer is None:
                continue
            for probe in probes:
                sinks = set(seen_in(answer, probe.payload.canary.text))
                self._follow(draft, probe.slot, identity, reader, sinks)
        return True

    def _follow(
        self, draft: Draft, slot: Slot, identity: str | None, reader: Operation, sinks: set[str]
    ) -> None:
        for rule in self._attackers:
            if not sinks.intersection(rule.sinks):
                continue
            for payload in rule.attack(slot, self._run.canaries.new):
                if self._judge.is_proved(rule.id, draft.operation, slot):
                    break
                probe = Probe(rule.id, draft.operation, slot, payload, identity)
                self._run.canaries.own(payload.canary, probe)
                written = self._write(draft, [probe])
                if written is not None:
                    self._read(reader, written, draft, identity)

    def _readers(self, operation: Operation) -> Iterator[Operation]:
        """Operations that read and share a noun with the one that writes, nearest first."""
        nouns = set(nouns_of(operation))
        others = [
            op
            for op in self._run.operations
            if op.method == "GET"
            and op.key in self._explorer.drafts
            and not self._run.states[op.key].lost
        ]
        ranked = sorted(others, key=lambda op: (-len(nouns.intersection(nouns_of(op))), op.key))
        users = list(self._users(operation))
        yield from users[:MAX_USERS]
        yield from ranked[: MAX_READERS - len(users[:MAX_USERS])]

    def _users(self, operation: Operation) -> Iterator[Operation]:
        """Operations that take no input but what was made: ``POST /hooks/{id}/fire``."""
        before = f"{operation.path.rstrip('/')}/{{"
        for other in self._run.operations:
            if other.method not in WRITES or not other.path.startswith(before):
                continue
            known = other.key in self._explorer.drafts and not self._run.states[other.key].lost
            if known and other.body is None and other.path.count("{") == before.count("{"):
                yield other

    def _write(self, draft: Draft, probes: list[Probe]) -> Answer | None:
        filled = draft
        for probe in probes:
            try:
                filled = filled.with_value(probe.slot, fitted(probe))
            except CannotCarry:
                continue
        identity = self._run.identity(probes[0].identity)
        return self._send(draft.operation, filled.request(identity, self._run.client()))

    def _read(
        self, reader: Operation, written: Answer, by: Draft, writer: str | None
    ) -> Answer | None:
        draft = self._explorer.drafts[reader.key]
        draft = replace(draft, path={**draft.path, **_same_object(by, reader)})
        pool: dict[str, list[str]] = {}
        for key, value in leaves(written.json, resource_of(by.operation)):
            pool.setdefault(key, []).append(value)
        for name, noun in identifiers(reader):
            # What was stored is not to be sent again: then it would not come out of the store.
            known = (v for v in candidates(pool, name, noun) if not self._run.canaries.inside(v))
            made = next(known, None)
            if made is not None and f"{{{name}" in reader.path:
                draft = draft.with_value(Slot("path", name), made)
        cell = self._run.seen.matrix.get(reader.key, {}).get(writer)
        own = cell is not None and cell.reached
        identity = self._run.identity(writer if own else self._explorer.best_identity(reader))
        return self._send(reader, draft.request(identity, self._run.client()))

    def _send(self, operation: Operation, request: Request) -> Answer | None:
        answer = self._run.send(request, operation)
        if answer is not None:
            self._judge.answer(Exchange(operation, request, answer, entered(operation, answer)))
        return answer


def _same_object(by: Draft, reader: Operation) -> dict[str, str]:
    """Path values of what wrote that name the same object in what reads.

    ``POST /posts/{id}/notes`` stores where ``GET /posts/{post_id}/page`` looks, whatever the
    parameter is called, as long as both paths begin the same.
    """
    values = {}
    for theirs, ours in zip(by.operation.path.split("/"), reader.path.split("/"), strict=False):
        if theirs.startswith("{") and ours.startswith("{"):
            value = by.path.get(_parameter(theirs))
            if value is None:
                break
            values[_parameter(ours)] = value
        elif theirs != ours:
            break
    return values


def _parameter(segment: str) -> str:
    return segment.strip("{}").partition(":")[0]
