"""Sends payloads: first a bare canary into each slot, then what each rule has to say there.

The bare canary shows which sinks a slot leads to, so the rules that care for those sinks send
all of their payloads and the others only their likeliest: code may reach a sink only with a
value that looks right (a URL, a path), so no rule is left out altogether.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.explore import UNIQUE, Explorer, entered
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import (
    Answer,
    Attacks,
    Exchange,
    Payload,
    Probe,
    Request,
    Slot,
)
from buckler.scan.model.application import Operation

TRACER = "tracer"
LEAD = 2
STRONG_TAIL = "Aa1!x"
OPERATION_SECONDS = 6.0


@dataclass(slots=True)
class Touched:
    """Where the bare canary of a slot was seen."""

    sinks: set[str] = field(default_factory=set)


class Prober:
    """Attacks the operations of one run.

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
        self._fresh = 0

    def attack(self, operation: Operation) -> None:
        """Send every payload that makes sense to one operation."""
        run = self._run
        draft = self._explorer.drafts.get(operation.key)
        state = run.states[operation.key]
        if draft is None or state.lost:
            return
        identity = self._explorer.best_identity(operation)
        unique = self._needs_fresh_values(operation, draft, identity)
        slots = self._explorer.slots(operation)
        touched = {slot.key: Touched() for slot in slots}
        spent = 0.0
        for probe, exchange in self._exchanges(self._tracers(operation, slots, identity), draft, unique):
            self._judge.answer(exchange)
            self._trace(touched[probe.slot.key], probe, exchange.answer)
            spent += exchange.answer.ms / 1000
        late = [slot for slot in self._explorer.slots(operation) if slot.key not in touched]
        touched.update({slot.key: Touched({"unknown"}) for slot in late})
        slots += late
        cut = False
        for _, exchange in self._exchanges(self._probes(operation, slots, identity, touched), draft, unique):
            self._judge.answer(exchange)
            spent += exchange.answer.ms / 1000
            if spent > OPERATION_SECONDS or run.out_of_time:
                cut = True
                break
        state.slots = len(slots)
        state.attacked = 0 if state.lost else len(slots)
        if cut:
            why = f"it answers slowly: attacked for {OPERATION_SECONDS:g} s, the rest of its payloads was left out"
            run.gap(operation.key, "--max-time has passed" if run.out_of_time else why, "--max-time SECONDS")

    def _needs_fresh_values(self, operation: Operation, draft: Draft, identity: str | None) -> bool:
        """Whether the same request is refused the second time, as a sign-up is."""
        if operation.method not in ("POST", "PUT"):
            return False
        cell = self._run.seen.matrix.get(operation.key, {}).get(identity)
        if cell is None or not cell.answer.ok:
            return cell is not None and cell.answer.status in (400, 409)
        answer = self._run.send(draft.request(self._run.identity(identity), self._run.client()), operation)
        return answer is not None and not answer.ok

    def _tracers(self, operation: Operation, slots: list[Slot], identity: str | None) -> Iterator[Probe]:
        for slot in slots:
            canary = self._run.canaries.new()
            text = canary.text + (STRONG_TAIL if _is_password(slot) else "")
            yield self._probe(TRACER, operation, slot, Payload(text, canary, "a word of its own"), identity)

    def _probes(
        self, operation: Operation, slots: list[Slot], identity: str | None, touched: dict[str, Touched]
    ) -> Iterator[Probe]:
        for wanted in (True, False):
            for slot in slots:
                sinks = touched[slot.key].sinks
                for rule in self._attackers:
                    relevant = bool(sinks.intersection(rule.sinks)) or "unknown" in sinks
                    if relevant is not wanted:
                        continue
                    yield from self._payloads(rule, operation, slot, identity, relevant)

    def _payloads(
        self, rule: Attacks, operation: Operation, slot: Slot, identity: str | None, relevant: bool
    ) -> Iterator[Probe]:
        for count, payload in enumerate(rule.attack(slot, self._run.canaries.new)):
            if not relevant and count >= LEAD:
                return
            if self._judge.is_proved(rule.id, operation, slot):
                return
            if _too_long(slot, payload):
                continue
            yield self._probe(rule.id, operation, slot, payload, identity)

    def _probe(
        self, rule: str, operation: Operation, slot: Slot, payload: Payload, identity: str | None
    ) -> Probe:
        probe = Probe(rule, operation, slot, payload, identity)
        self._run.canaries.own(payload.canary, probe)
        return probe

    def _exchanges(
        self, probes: Iterator[Probe], draft: Draft, unique: bool
    ) -> Iterator[tuple[Probe, Exchange]]:
        """Send probes and yield them with their exchanges."""
        sent: list[Probe] = []

        def requests() -> Iterator[Request]:
            for probe in probes:
                base = self._freshened(draft) if unique else draft
                try:
                    filled = base.with_value(probe.slot, fitted(probe.slot, probe.payload))
                except CannotCarry:
                    continue
                sent.append(probe)
                yield filled.request(self._run.identity(probe.identity), self._run.client())

        operation = draft.operation
        for number, (request, answer) in enumerate(self._run.send_all(requests(), operation)):
            probe = sent[number]
            yield probe, Exchange(operation, request, answer, reached=entered(operation, answer))

    def _freshened(self, draft: Draft) -> Draft:
        """The draft with other names, addresses and the like, so that it is not a duplicate."""
        self._fresh += 1
        for slot in self._explorer.slots(draft.operation):
            if slot.where in ("json", "form") and UNIQUE.search(slot.leaf) and "enum" not in slot.schema:
                text = f"casey{self._fresh}"
                if slot.schema.get("format") in ("email", "idn-email") or "mail" in slot.leaf.lower():
                    text += "@example.com"
                draft = draft.with_value(slot, text)
        return replace(draft, attacked=set())

    def _trace(self, touched: Touched, probe: Probe, answer: Answer) -> None:
        canary = probe.payload.canary.text
        touched.sinks.update(hit.sink for hit in answer.hits if canary in hit.text.lower())
        if canary in answer.text.lower():
            touched.sinks.add("html" if "html" in answer.media_type or not answer.media_type else "body")
        for name, value in answer.headers:
            if canary in value.lower():
                touched.sinks.add("location" if name.lower() == "location" else "header")


def fitted(slot: Slot, payload: Payload) -> str | bytes:
    """The payload in the shape that the slot's format asks for."""
    if payload.raw or isinstance(payload.value, bytes):
        return payload.value
    kind = slot.schema.get("format")
    if kind in ("email", "idn-email"):
        return f"{payload.value}@example.com"
    if kind in ("uri", "url"):
        return f"https://example.com/{payload.value}"
    return payload.value


def _too_long(slot: Slot, payload: Payload) -> bool:
    most = slot.schema.get("maxLength")
    return isinstance(most, int) and len(payload.value) > most


def _is_password(slot: Slot) -> bool:
    return bool(re.search(r"pass|pwd|secret|pin$", slot.leaf, re.IGNORECASE))

