"""Sends payloads: first a bare canary into each slot, then what each rule has to say there.

The bare canary, in several shapes, shows which sinks a slot leads to. The rules that care for
those sinks send all of their payloads, one slot at a time. The others send their likeliest,
all slots of a kind in one request: a sink may be reached only with a value that looks right,
so no rule is left out altogether. Each canary names its slot, so nothing is mixed up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from buckler.scan.engines.attack.branches import branches
from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.encodings import PLAIN, SHAPES, encoders_of, fitted
from buckler.scan.engines.attack.explore import SLOW_MS, UNIQUE, Explorer, entered
from buckler.scan.engines.attack.harvest import resource_of
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.seen import ANSWERED, leaves_of, seen_in
from buckler.scan.engines.attack.slots import typed_slots_of
from buckler.scan.engines.attack.stored import SecondOrder
from buckler.scan.engines.interface import Attacks, Exchange, Payload, Probe, Request, Slot
from buckler.scan.model.application import Operation

TRACER = "tracer"
STRONG_TAIL = "Aa1!x"
OPERATION_SECONDS = 2.0
"""CPU that one operation may cost, once it has got all that is meant for it."""
SLOW_SECONDS = 0.7
"""The same where every single request is slow."""
WAITED_SECONDS = 15.0
MAX_CREATED = 150
GROUPS = (
    ("path", "query"),
    ("header", "cookie"),
    ("json", "form", "file", "filename", "body", "message"),
)


@dataclass(slots=True)
class Touched:
    """Where the canary of a slot was seen: sinks, each with the encodings it came in."""

    sinks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def deep(self) -> bool:
        """Whether it was seen at a sink, not in the answer alone."""
        return not ANSWERED.issuperset(self.sinks)

    def encodings(self, wanted: Iterable[str]) -> list[str]:
        """The encodings in which one of these sinks is reached; empty where none is."""
        return list(dict.fromkeys(name for sink in wanted for name in self.sinks.get(sink, ())))


Bundle = tuple[Probe, ...]


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
        self._second = SecondOrder(run, explorer, judge)
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
        spent = waited = 0.0
        alone: list[Slot] = []
        for bundle, exchange in self._exchanges(
            self._tracers(operation, slots, identity), draft, unique
        ):
            self._judge.answer(exchange)
            self._trace(touched, bundle, exchange)
            spent += exchange.answer.cpu / 1000
            if _is_plain(bundle) and len(bundle) > 1:
                through = exchange.reached and exchange.answer.ok
                alone += [p.slot for p in bundle if not (through and touched[p.slot.key].deep)]
        singles = ((self._tracer(operation, slot, identity, PLAIN),) for slot in alone)
        for bundle, exchange in self._exchanges(singles, draft, unique):
            self._judge.answer(exchange)
            self._trace(touched, bundle, exchange)
            spent += exchange.answer.cpu / 1000
        typed = self._typed(operation, draft, identity, unique)
        touched.update(typed)
        slots = [
            *self._explorer.slots(operation),
            *(s for s in typed_slots_of(operation) if s.key in typed),
        ]
        touched.update({slot.key: Touched() for slot in slots if slot.key not in touched})
        cut = False
        sent: set[str] = set()
        for bundle, exchange in self._exchanges(
            self._bundles(operation, slots, identity, touched), draft, unique
        ):
            self._judge.answer(exchange)
            sent.update(probe.slot.key for probe in bundle)
            self._created(exchange)
            spent += exchange.answer.cpu / 1000
            waited += exchange.answer.ms / 1000
            slow = exchange.answer.cpu > SLOW_MS and spent > SLOW_SECONDS
            if slow or spent > OPERATION_SECONDS or waited > WAITED_SECONDS or run.out_of_time:
                cut = True
                break
        if not cut and not self._explorer.is_slow(operation):
            self._branches(operation, draft, identity, unique, touched)
            self._second.attack(operation, self._freshened(draft) if unique else draft)
        state.slots = len(slots)
        state.attacked = 0 if state.lost else len(sent) if cut else len(slots)
        if cut:
            why = (
                f"it answers slowly: the payloads left after {OPERATION_SECONDS:g} s were not sent"
            )
            if not run.out_of_time:
                run.gap(operation.key, why, "")

    def _branches(
        self,
        operation: Operation,
        draft: Draft,
        identity: str | None,
        unique: bool,
        touched: dict[str, Touched],
    ) -> None:
        """Follow canaries through the branches that other values lead into."""
        slots = self._explorer.slots(operation)
        able = {slot.key: slot for slot in (*slots, *typed_slots_of(operation))}
        for chosen, other in branches(draft, list(able.values()), self._run.compared):
            rest = [slot for slot in slots if slot.key != chosen.key]
            here = {slot.key: Touched() for slot in rest}
            tracers = (
                tuple(self._tracer(operation, slot, identity, PLAIN) for slot in group)
                for group in _groups(rest)
            )
            for bundle, exchange in self._exchanges(tracers, other, unique):
                self._judge.answer(exchange)
                self._trace(here, bundle, exchange)
            fresh = [
                slot for slot in rest if set(here[slot.key].sinks) - set(touched[slot.key].sinks)
            ]
            probes = (
                bundle
                for slot in fresh
                for rule in self._attackers
                if here[slot.key].encodings(set(rule.sinks) - set(touched[slot.key].sinks))
                for bundle in self._whole(rule, operation, slot, identity, PLAIN)
            )
            for _, exchange in self._exchanges(probes, other, unique):
                self._judge.answer(exchange)
                self._created(exchange)
            for slot in fresh:
                touched[slot.key].sinks.update(here[slot.key].sinks)

    def _typed(
        self, operation: Operation, draft: Draft, identity: str | None, unique: bool
    ) -> dict[str, Touched]:
        """Slots of another type that lead to a sink before their type is checked."""
        tracers = (
            (self._tracer(operation, slot, identity, PLAIN),) for slot in typed_slots_of(operation)
        )
        touched: dict[str, Touched] = {}
        for bundle, exchange in self._exchanges(tracers, draft, unique):
            here = {bundle[0].slot.key: Touched()}
            self._trace(
                here,
                bundle,
                replace(exchange, answer=replace(exchange.answer, body=b"", headers=())),
            )
            touched.update({key: seen for key, seen in here.items() if seen.sinks})
        return touched

    def _needs_fresh_values(self, operation: Operation, draft: Draft, identity: str | None) -> bool:
        """Whether the same request is refused the second time, as a sign-up is."""
        if operation.method not in ("POST", "PUT"):
            return False
        cell = self._run.seen.matrix.get(operation.key, {}).get(identity)
        if cell is None or not cell.answer.ok:
            return cell is not None and cell.answer.status in (400, 409)
        answer = self._run.send(
            draft.request(self._run.identity(identity), self._run.client()), operation
        )
        return answer is not None and not answer.ok

    def _tracers(
        self, operation: Operation, slots: list[Slot], identity: str | None
    ) -> Iterator[Bundle]:
        for group in _groups(slots):
            names = dict.fromkeys(name for slot in group for name in encoders_of(slot))
            for name in names:
                able = [slot for slot in group if name in encoders_of(slot)]
                yield tuple(self._tracer(operation, slot, identity, name) for slot in able)
            for shape in SHAPES:
                yield tuple(self._tracer(operation, slot, identity, shape) for slot in group)

    def _tracer(self, operation: Operation, slot: Slot, identity: str | None, name: str) -> Probe:
        """A bare canary in one encoding or shape."""
        canary = self._run.canaries.new()
        text = SHAPES.get(name, "{word}").format(word=canary.text, host=canary.host)
        if name == PLAIN and _is_password(slot):
            text += STRONG_TAIL
        payload = Payload(text, canary, raw=name == "address")
        encoding = PLAIN if name in SHAPES else name
        return self._probe(TRACER, operation, slot, payload, identity, encoding)

    def _bundles(
        self,
        operation: Operation,
        slots: list[Slot],
        identity: str | None,
        touched: dict[str, Touched],
    ) -> Iterator[Bundle]:
        for slot in slots:
            for rule in self._attackers:
                encodings = touched[slot.key].encodings(rule.sinks)
                if not encodings and getattr(rule, "likes", _no)(slot):
                    encodings = [PLAIN]
                for encoding in encodings:
                    yield from self._whole(rule, operation, slot, identity, encoding)
        for group in _groups(slots):
            for rule in self._attackers:
                yield from self._likeliest(rule, operation, group, identity, touched)

    def _whole(
        self, rule: Attacks, operation: Operation, slot: Slot, identity: str | None, encoding: str
    ) -> Iterator[Bundle]:
        """Every payload of a rule into a slot that leads to its sinks."""
        for payload in rule.attack(slot, self._run.canaries.new):
            if self._judge.is_proved(rule.id, operation, slot):
                return
            if not _too_long(slot, payload):
                yield (self._probe(rule.id, operation, slot, payload, identity, encoding),)

    def _likeliest(
        self,
        rule: Attacks,
        operation: Operation,
        group: list[Slot],
        identity: str | None,
        touched: dict[str, Touched],
    ) -> Iterator[Bundle]:
        """The first payloads of a rule into all slots that were not seen to lead anywhere."""
        untouched = [s for s in group if not touched[s.key].encodings(rule.sinks)]
        lead = getattr(rule, "lead", 0)
        made = [list(_first(rule.attack(slot, self._run.canaries.new), lead)) for slot in untouched]
        for turn in range(lead):
            bundle = [
                self._probe(rule.id, operation, slot, payloads[turn], identity)
                for slot, payloads in zip(untouched, made, strict=True)
                if turn < len(payloads) and not _too_long(slot, payloads[turn])
            ]
            if bundle:
                yield tuple(bundle)

    def _probe(
        self,
        rule: str,
        operation: Operation,
        slot: Slot,
        payload: Payload,
        identity: str | None,
        encoding: str = PLAIN,
    ) -> Probe:
        probe = Probe(rule, operation, slot, payload, identity, encoding)
        self._run.canaries.own(payload.canary, probe)
        return probe

    def _exchanges(
        self, bundles: Iterator[Bundle], draft: Draft, unique: bool
    ) -> Iterator[tuple[Bundle, Exchange]]:
        """Send bundles and yield them with their exchanges."""
        sent: list[Bundle] = []

        def requests() -> Iterator[Request]:
            for bundle in bundles:
                filled = self._freshened(draft) if unique else draft
                carried = []
                for probe in bundle:
                    try:
                        filled = filled.with_value(probe.slot, fitted(probe))
                    except CannotCarry:
                        continue
                    carried.append(probe)
                if carried:
                    sent.append(tuple(carried))
                    yield filled.request(
                        self._run.identity(carried[0].identity), self._run.client()
                    )

        operation = draft.operation
        for number, (request, answer) in enumerate(self._run.send_all(requests(), operation)):
            yield (
                sent[number],
                Exchange(operation, request, answer, reached=entered(operation, answer)),
            )

    def _freshened(self, draft: Draft) -> Draft:
        """The draft with other names, addresses and the like, so that it is not a duplicate."""
        self._fresh += 1
        for slot in self._explorer.slots(draft.operation):
            if (
                slot.where in ("json", "form")
                and UNIQUE.search(slot.leaf)
                and "enum" not in slot.schema
            ):
                text = f"casey{self._fresh}"
                if (
                    slot.schema.get("format") in ("email", "idn-email")
                    or "mail" in slot.leaf.lower()
                ):
                    text += "@example.com"
                draft = draft.with_value(slot, text)
        return replace(draft, attacked=frozenset())

    def _created(self, exchange: Exchange) -> None:
        """Remember what a payload made, to look at it again at the end."""
        if (
            exchange.request.method not in ("POST", "PUT")
            or not exchange.answer.ok
            or exchange.operation is None
        ):
            return
        resource = resource_of(exchange.operation)
        for key, value in leaves_of(exchange.answer, resource):
            kept = self._run.created.setdefault(key, [])
            if len(kept) < MAX_CREATED and value not in kept:
                kept.append(value)

    def _trace(self, touched: dict[str, Touched], bundle: Bundle, exchange: Exchange) -> None:
        for probe in bundle:
            for sink in seen_in(exchange.answer, probe.payload.canary.text):
                known = touched[probe.slot.key].sinks.setdefault(sink, [])
                if probe.encoding not in known:
                    known.append(probe.encoding)


def _no(_: Slot) -> bool:
    return False


def _is_plain(bundle: Bundle) -> bool:
    """Whether a bundle carries its canaries as they are, in no shape."""
    return all(
        p.encoding == PLAIN and not p.payload.raw and "/" not in p.payload.value for p in bundle
    )


def _groups(slots: list[Slot]) -> Iterator[list[Slot]]:
    for kinds in GROUPS:
        group = [slot for slot in slots if slot.where in kinds]
        if group:
            yield group


def _first(payloads: Iterable[Payload], count: int) -> Iterator[Payload]:
    for number, payload in enumerate(payloads):
        if number >= count:
            return
        yield payload


def _too_long(slot: Slot, payload: Payload) -> bool:
    most = slot.schema.get("maxLength")
    return isinstance(most, int) and len(payload.value) > most


def _is_password(slot: Slot) -> bool:
    return bool(re.search(r"pass|pwd|secret|pin$", slot.leaf, re.IGNORECASE))
