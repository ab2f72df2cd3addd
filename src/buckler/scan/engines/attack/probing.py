"""Sends payloads: first a bare canary into each slot, then what each rule has to say there.

The bare canary, in several shapes, shows which sinks a slot leads to. The rules that care for
those sinks send all of their payloads, one slot at a time. The others send their likeliest,
all slots of a kind in one request: a sink may be reached only with a value that looks right,
so no rule is left out altogether.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from buckler.core.finding import Finding
from buckler.scan.engines.attack import restoring
from buckler.scan.engines.attack.branches import branches
from buckler.scan.engines.attack.bundles import Aim, Bundle, Bundles, groups
from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.encodings import PLAIN
from buckler.scan.engines.attack.explore import SLOW_MS, Explorer
from buckler.scan.engines.attack.harvest import resource_of
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.renewing import renewed
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.seen import leaves_of
from buckler.scan.engines.attack.slots import typed_slots_of
from buckler.scan.engines.attack.stored import SecondOrder
from buckler.scan.engines.attack.token_headers import TokenHeaders
from buckler.scan.engines.attack.tracing import Touched, Tracing
from buckler.scan.engines.interface import Answer, Attacks, Exchange, Payload, Slot
from buckler.scan.model.application import Operation

OPERATION_SECONDS = 2.0
"""CPU that one operation may cost, once it has got all that is meant for it."""
SLOW_SECONDS = 0.7
"""The same where every single request is slow."""
WAITED_SECONDS = 15.0
"""Time that one operation may take to answer its payloads."""
MAX_CREATED = 150


@dataclass(slots=True)
class _Payloads:
    """The payloads of one operation, while they are sent.

    Attributes:
        cpu: Seconds of CPU that the operation has cost, its tracing included.
        waited: Seconds until their answers were there.
        sent: Keys of the slots that got one.
        cut: Whether some were left unsent, because it took too long.
    """

    cpu: float
    waited: float = 0.0
    sent: set[str] = field(default_factory=set)
    cut: bool = False

    def add(self, bundle: Bundle, answer: Answer) -> None:
        """Count one request."""
        self.sent.update(probe.slot.key for probe in bundle)
        self.cpu += answer.cpu / 1000
        self.waited += answer.ms / 1000

    def cost_too_much(self, last: Answer) -> bool:
        """Whether the operation has had its share, with the answer that came last."""
        slow = last.cpu > SLOW_MS and self.cpu > SLOW_SECONDS
        return slow or self.cpu > OPERATION_SECONDS or self.waited > WAITED_SECONDS


def suspected(findings: Iterable[Finding]) -> frozenset[tuple[str, str, str]]:
    """Operation, slot and rule of each flow that the source engine has shown: all payloads go there."""
    return frozenset(
        (str(p.data["operation"]), str(p.data["slot"]).removesuffix(":path"), finding.rule)
        for finding in findings
        for p in finding.proof
        if p.kind == "flow" and p.data.get("operation") and p.data.get("slot")
    )


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
        self._suspected = suspected(run.seen.earlier)
        self._bundles = Bundles(run, explorer)
        self._tracing = Tracing(run, explorer, judge, self._bundles)
        self._second = SecondOrder(run, explorer, judge)
        self._token_headers = TokenHeaders(run, explorer, judge)

    def attack(self, operation: Operation) -> None:
        """Send every payload that makes sense to one operation."""
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or self._run.states[operation.key].lost:
            return
        identity = self._explorer.best_identity(operation)
        aim = self._repeatable(Aim(draft, identity))
        trail = self._tracing.trace(aim)
        slots = [*self._explorer.slots(operation), *trail.typed]
        for slot in slots:  # one that is known only since tracing was not seen anywhere yet
            trail.touched.setdefault(slot.key, Touched())
        payloads = self._send(aim, slots, trail.touched, _Payloads(trail.cpu))
        if not payloads.cut and not self._explorer.is_slow(operation):
            self._branches(aim, trail.touched)
            self._second.attack(operation, self._bundles.draft(aim))
            self._token_headers.attack(operation, identity)
        self._count(operation, slots, payloads)

    def _repeatable(self, aim: Aim) -> Aim:
        """How the same request is taken again: as it is, with other values, or with the databases
        put back before it.
        """
        operation, restorable = aim.operation, self._run.kept.stores > 0
        if operation.method not in ("POST", "PUT") and not (restorable and operation.changes_state):
            return aim
        cell = self._run.seen.matrix.get(operation.key, {}).get(aim.identity)
        if cell is None or not cell.answer.ok:
            return replace(aim, unique=cell is not None and cell.answer.status in (400, 409))
        if self._is_taken(aim, aim.draft):
            return aim
        fresh = replace(aim, unique=operation.method in ("POST", "PUT"))
        if not restorable or self._is_taken(fresh, self._bundles.draft(fresh)):
            return fresh
        restoring.restore(self._run)
        if self._is_taken(aim, aim.draft):
            return replace(aim, spent=True)
        other = renewed(self._run, self._explorer, operation)
        if other is None:
            return fresh
        restoring.keep(self._run)
        return replace(aim, draft=other, spent=True) if self._is_taken(aim, other) else fresh

    def _is_taken(self, aim: Aim, draft: Draft) -> bool:
        """Whether a benign request succeeds; where the application was lost over it, nobody knows."""
        request = draft.request(self._run.identity(aim.identity), self._run.client())
        answer = self._run.send(request, aim.operation)
        return answer is None or answer.ok

    def _send(
        self, aim: Aim, slots: list[Slot], touched: dict[str, Touched], payloads: _Payloads
    ) -> _Payloads:
        """Send what the rules have for these slots, until it costs too much."""
        bundles = self._of_all_rules(aim, slots, touched)
        for bundle, exchange in self._bundles.exchanges(bundles, aim):
            self._judge.answer(exchange)
            self._keep_created(exchange)
            payloads.add(bundle, exchange.answer)
            if payloads.cost_too_much(exchange.answer) or self._run.out_of_time:
                payloads.cut = True
                break
        return payloads

    def _count(self, operation: Operation, slots: list[Slot], payloads: _Payloads) -> None:
        """Tell the coverage how many slots there are and how many were attacked."""
        state = self._run.states[operation.key]
        attacked = len(payloads.sent) if payloads.cut else len(slots)
        state.slots, state.attacked = len(slots), 0 if state.lost else attacked
        if payloads.cut and not self._run.out_of_time:
            self._run.gap(
                operation.key,
                f"it answers slowly: the payloads left after {OPERATION_SECONDS:g} s were not sent",
            )

    def _branches(self, aim: Aim, touched: dict[str, Touched]) -> None:
        """Follow canaries through the branches that other values lead into."""
        slots = self._explorer.slots(aim.operation)
        able = {slot.key: slot for slot in (*slots, *typed_slots_of(aim.operation))}
        for chosen, draft in branches(aim.draft, list(able.values()), self._run.compared):
            rest = [slot for slot in slots if slot.key != chosen.key]
            self._branch(replace(aim, draft=draft), rest, touched)

    def _branch(self, aim: Aim, slots: list[Slot], touched: dict[str, Touched]) -> None:
        """Attack the slots that lead somewhere else in this branch than they were seen to."""
        here = self._tracing.trace_plain(aim, slots).touched
        new = {slot.key: set(here[slot.key].sinks) - set(touched[slot.key].sinks) for slot in slots}
        fresh = [slot for slot in slots if new[slot.key]]
        bundles = (
            bundle
            for slot in fresh
            for rule in self._attackers
            if new[slot.key].intersection(rule.sinks)
            for bundle in self._whole(rule, aim, slot, PLAIN)
        )
        for _, exchange in self._bundles.exchanges(bundles, aim):
            self._judge.answer(exchange)
            self._keep_created(exchange)
        for slot in fresh:
            touched[slot.key].sinks.update(here[slot.key].sinks)

    def _of_all_rules(
        self, aim: Aim, slots: list[Slot], touched: dict[str, Touched]
    ) -> Iterator[Bundle]:
        for slot in slots:
            for rule in self._attackers:
                encodings = touched[slot.key].encodings(rule.sinks)
                wanted = (aim.operation.key, slot.key, rule.id) in self._suspected
                if not encodings and (wanted or getattr(rule, "likes", _no)(slot)):
                    encodings = [PLAIN]
                known = replace(slot, folders=tuple(sorted(touched[slot.key].folders)))
                for encoding in encodings:
                    yield from self._whole(rule, aim, known, encoding)
        for group in groups(slots):
            for rule in self._attackers:
                yield from self._likeliest(rule, aim, group, touched)

    def _whole(self, rule: Attacks, aim: Aim, slot: Slot, encoding: str) -> Iterator[Bundle]:
        """Every payload of a rule into a slot that leads to its sinks."""
        for payload in rule.attack(slot, self._run.canaries.new):
            if self._judge.is_proved(rule.id, aim.operation, slot):
                return
            if not _too_long(slot, payload):
                yield (self._bundles.probe(rule.id, aim, slot, payload, encoding),)

    def _likeliest(
        self, rule: Attacks, aim: Aim, group: list[Slot], touched: dict[str, Touched]
    ) -> Iterator[Bundle]:
        """The first payloads of a rule into all slots that were not seen to lead anywhere."""
        untouched = [s for s in group if not touched[s.key].encodings(rule.sinks)]
        lead = getattr(rule, "lead", 0)
        made = [list(islice(rule.attack(slot, self._run.canaries.new), lead)) for slot in untouched]
        for turn in range(lead):
            bundle = [
                self._bundles.probe(rule.id, aim, slot, payloads[turn])
                for slot, payloads in zip(untouched, made, strict=True)
                if turn < len(payloads) and not _too_long(slot, payloads[turn])
            ]
            if bundle:
                yield tuple(bundle)

    def _keep_created(self, exchange: Exchange) -> None:
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


def _no(_: Slot) -> bool:
    return False


def _too_long(slot: Slot, payload: Payload) -> bool:
    most = slot.schema.get("maxLength")
    return isinstance(most, int) and len(payload.value) > most
