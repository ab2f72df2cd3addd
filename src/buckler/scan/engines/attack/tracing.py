"""Follows a bare canary from each slot to the sinks it leads to, before any payload is sent.

A payload is worth sending where its sink is reached, in the encoding in which it is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from buckler.scan.engines.attack.bundles import Aim, Bundle, Bundles, groups
from buckler.scan.engines.attack.encodings import PLAIN, SHAPES, encoders_of
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.seen import ANSWERED, seen_in
from buckler.scan.engines.attack.slots import typed_slots_of
from buckler.scan.engines.interface import Exchange, Payload, Probe, Slot

TRACER = "tracer"
STRONG_TAIL = "Aa1!x"
"""What a canary lacks of a password that a policy takes."""


@dataclass(slots=True)
class Touched:
    """Where the canary of a slot was seen: sinks, each with the encodings it came in, and folders
    in which a file of that name was looked for.
    """

    sinks: dict[str, list[str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    @property
    def deep(self) -> bool:
        """Whether it was seen at a sink, not in the answer alone."""
        return not ANSWERED.issuperset(self.sinks)

    def encodings(self, wanted: Iterable[str]) -> list[str]:
        """The encodings in which one of these sinks is reached; empty where none is."""
        return list(dict.fromkeys(name for sink in wanted for name in self.sinks.get(sink, ())))


@dataclass(slots=True)
class Trail:
    """What the canaries of one operation showed.

    Attributes:
        touched: By slot key.
        typed: Slots whose type refuses a text, and from which one reached a sink all the same.
        cpu: Seconds of CPU that it cost the application.
    """

    touched: dict[str, Touched]
    typed: tuple[Slot, ...] = ()
    cpu: float = 0.0

    @classmethod
    def of(cls, slots: Iterable[Slot]) -> Trail:
        """One on which nothing was seen yet."""
        return cls({slot.key: Touched() for slot in slots})

    def add(self, bundle: Bundle, exchange: Exchange) -> None:
        """Note where the canaries of a bundle came out."""
        self.cpu += exchange.answer.cpu / 1000
        for probe in bundle:
            word, touched = probe.payload.canary.text, self.touched[probe.slot.key]
            touched.folders.update(_folders(exchange, word))
            for sink in seen_in(exchange.answer, word):
                known = touched.sinks.setdefault(sink, [])
                if probe.encoding not in known:
                    known.append(probe.encoding)


class Tracing:
    """Traces the slots of operations.

    Args:
        run: The run.
        explorer: Knows the slots of each operation.
        judge: Sees the answers too: a canary may prove something by itself.
        bundles: Makes probes and sends them.
    """

    def __init__(self, run: Run, explorer: Explorer, judge: Judge, bundles: Bundles) -> None:
        self._run = run
        self._explorer = explorer
        self._judge = judge
        self._bundles = bundles

    def trace(self, aim: Aim) -> Trail:
        """Follow canaries in every encoding and shape, out of every slot.

        Where a request with several of them did not get through, each slot is tried alone.
        """
        slots = self._explorer.slots(aim.operation)
        trail = Trail.of(slots)
        alone: list[Slot] = []
        for bundle, exchange in self._follow(self._in_every_form(aim, slots), aim, trail):
            if _is_plain(bundle) and len(bundle) > 1:
                through = exchange.reached and exchange.answer.ok
                alone += [
                    p.slot for p in bundle if not (through and trail.touched[p.slot.key].deep)
                ]
        for _ in self._follow(((self._tracer(aim, slot),) for slot in alone), aim, trail):
            pass
        typed = self._typed(aim)
        trail.touched.update(typed)
        trail.typed = tuple(s for s in typed_slots_of(aim.operation) if s.key in typed)
        return trail

    def trace_plain(self, aim: Aim, slots: list[Slot]) -> Trail:
        """Follow canaries as they are, the slots of a kind in one request."""
        trail = Trail.of(slots)
        together = (tuple(self._tracer(aim, slot) for slot in group) for group in groups(slots))
        for _ in self._follow(together, aim, trail):
            pass
        return trail

    def _follow(
        self, tracers: Iterator[Bundle], aim: Aim, trail: Trail
    ) -> Iterator[tuple[Bundle, Exchange]]:
        for bundle, exchange in self._bundles.exchanges(tracers, aim):
            self._judge.answer(exchange)
            trail.add(bundle, exchange)
            yield bundle, exchange

    def _typed(self, aim: Aim) -> dict[str, Touched]:
        """Slots of another type that lead to a sink before their type is checked."""
        tracers = ((self._tracer(aim, slot),) for slot in typed_slots_of(aim.operation))
        touched: dict[str, Touched] = {}
        for bundle, exchange in self._bundles.exchanges(tracers, aim):
            here = Trail.of([bundle[0].slot])
            refusal_left_out = replace(exchange.answer, body=b"", headers=())
            here.add(bundle, replace(exchange, answer=refusal_left_out))
            touched.update({key: seen for key, seen in here.touched.items() if seen.sinks})
        return touched

    def _in_every_form(self, aim: Aim, slots: list[Slot]) -> Iterator[Bundle]:
        for group in groups(slots):
            names = dict.fromkeys(name for slot in group for name in encoders_of(slot))
            for name in names:
                able = [slot for slot in group if name in encoders_of(slot)]
                yield tuple(self._tracer(aim, slot, name) for slot in able)
            for shape in SHAPES:
                yield tuple(self._tracer(aim, slot, shape) for slot in group)

    def _tracer(self, aim: Aim, slot: Slot, name: str = PLAIN) -> Probe:
        """A bare canary in one encoding or shape."""
        canary = self._run.canaries.new()
        text = SHAPES.get(name, "{word}").format(word=canary.text, host=canary.host)
        if name == PLAIN and _is_password(slot):
            text += STRONG_TAIL
        payload = Payload(text, canary, raw=name == "address")
        encoding = PLAIN if name in SHAPES else name
        return self._bundles.probe(TRACER, aim, slot, payload, encoding)


def _folders(exchange: Exchange, word: str) -> Iterator[str]:
    """The folders in which files of that name were looked for."""
    for hit in exchange.answer.hits:
        folder, found, _ = str(hit.more.get("resolved", "")).partition(f"/{word}")
        if found and folder:
            yield folder


def _is_plain(bundle: Bundle) -> bool:
    """Whether a bundle carries its canaries as they are, in no shape."""
    return all(
        p.encoding == PLAIN and not p.payload.raw and "/" not in p.payload.value for p in bundle
    )


def _is_password(slot: Slot) -> bool:
    return bool(re.search(r"pass|pwd|secret|pin$", slot.leaf, re.IGNORECASE))
