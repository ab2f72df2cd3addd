"""Hands what a probe reached to the rule that sent it, and makes findings of the verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from buckler.core.events import FindingFound
from buckler.core.finding import Confidence, Finding, Location
from buckler.core.rule import Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import (
    Answer,
    ChecksExchange,
    ChecksHit,
    Exchange,
    Hit,
    Probe,
    Slot,
    Verdict,
)
from buckler.scan.model.application import Operation, Place

Line = Callable[[str, int], str]
MAX_TEMPLATE_LINES = 2000


class Judge:
    """Judges exchanges as they come.

    Args:
        run: The run that gets the findings.
        line: Gives the text of a line of the project, for fingerprints.
    """

    def __init__(self, run: Run, line: Line) -> None:
        self._run = run
        self._line = line
        self._rules: Mapping[str, Rule] = {rule.id: rule for rule in run.rules}
        self._found: dict[tuple[str, str, str, str, int], Finding] = {}
        self._proved: set[tuple[str, str, str]] = set()

    def is_proved(self, rule: str, operation: Operation, slot: Slot) -> bool:
        """Whether more payloads of that rule into that slot would show nothing new."""
        return (rule, operation.key, slot.key) in self._proved

    def answer(self, exchange: Exchange) -> None:
        """Judge one exchange: its sink hits, and canaries that stand in the answer.

        The canaries may be those of an earlier request, whose payload was stored.
        """
        answer = exchange.answer
        self._run.keep_failure(exchange)
        about = {
            "effects": answer.effects,
            "status": answer.status,
            "media_type": answer.media_type,
        }
        for hit in (replace(hit, more={**hit.more, **about}) for hit in answer.hits):
            for _, probe in self._run.canaries.find(hit.text):
                self._hit(hit, probe, exchange)
        if self._run.canaries.inside(_visible(answer)):
            for _, probe in self._run.canaries.find(_visible(answer)):
                self._exchange(probe, exchange)

    def _hit(self, hit: Hit, probe: Probe, exchange: Exchange) -> None:
        rule = self._rules.get(probe.rule)
        if (
            rule is None
            or not isinstance(rule, ChecksHit)
            or hit.sink not in getattr(rule, "sinks", ())
        ):
            return
        verdict = rule.check_hit(hit, probe)
        if verdict is not None:
            self._add(rule, verdict, probe, exchange, hit)

    def _exchange(self, probe: Probe, exchange: Exchange) -> None:
        rule = self._rules.get(probe.rule)
        if rule is None or not isinstance(rule, ChecksExchange):
            return
        verdict = rule.check_exchange(exchange, probe)
        if verdict is not None:
            self._add(rule, verdict, probe, exchange, made_at(exchange.answer, probe))

    def _add(
        self, rule: Rule, verdict: Verdict, probe: Probe, exchange: Exchange, hit: Hit | None
    ) -> None:
        location = self._location(probe, hit, exchange)
        anchor = self._line(location.path, location.line) if location.path and location.line else ""
        evidence = []
        if hit is not None and hit.sink != "response":
            evidence.append(proofs.sink(hit, verdict.mark, self._run.redactor))
        evidence.append(
            proofs.exchange(
                exchange, self._run.redactor, mark=verdict.mark or probe.payload.canary.text
            )
        )
        if exchange.operation is not None and exchange.operation.key != probe.operation.key:
            evidence.append(proofs.stored(probe, exchange))
        finding = rule.found(
            verdict.message,
            confidence=Confidence.PROVED if verdict.certain else Confidence.OBSERVED,
            severity=verdict.severity,
            location=location,
            proof=tuple(evidence),
            anchor=anchor,
        )
        finding = replace(
            finding, context={"identity": probe.identity, "payload": probe.payload.note}
        )
        key = (
            rule.id,
            location.operation or "",
            location.slot or "",
            location.path or "",
            location.line or 0,
        )
        self._proved.add((rule.id, probe.operation.key, probe.slot.key))
        known = self._found.get(key)
        if known is not None and known.confidence.rank <= finding.confidence.rank:
            return
        self._found[key] = finding
        if known is None:
            self._run.emit(FindingFound(finding))

    def _location(self, probe: Probe, hit: Hit | None, exchange: Exchange) -> Location:
        operation = probe.operation
        if hit is not None and hit.frames:
            path, line, _ = self._unescaped(hit) or hit.frames[0]
            return Location(path, line, operation.key, probe.slot.key)
        # What one request stored comes out in the handler of another.
        place = (exchange.operation or operation).place
        if place is None:
            return Location(operation=operation.key, slot=probe.slot.key)
        line = (
            return_line(place, self._line) if hit is None or hit.sink == "response" else place.line
        )
        return Location(place.path, line, operation.key, probe.slot.key)

    def _unescaped(self, hit: Hit) -> tuple[str, int, str] | None:
        """The line of a template that marks the value as safe, where one does."""
        path = hit.more.get("template")
        if not isinstance(path, str):
            return None
        names = [str(name) for name in hit.more.get("names", ()) if name]
        for number in range(1, MAX_TEMPLATE_LINES):
            text = self._line(path, number)
            if re.search(r"\|\s*safe\b", text) and any(
                re.search(rf"\b{re.escape(n)}\b", text) for n in names
            ):
                return path, number, ""
        return None

    def findings(self) -> list[Finding]:
        """All findings so far; a hit seen without the project's lines is dropped where the
        same slot has one with them.
        """
        placed = {
            (f.rule, f.location.operation, f.location.slot)
            for f in self._found.values()
            if f.proof and f.proof[0].kind == "sink" and f.proof[0].data.get("path")
        }
        return [
            f
            for f in self._found.values()
            if f.proof[0].kind != "sink"
            or f.proof[0].data.get("path")
            or (f.rule, f.location.operation, f.location.slot) not in placed
        ]


def made_at(answer: Answer, probe: Probe) -> Hit | None:
    """The line at which the part of the answer with the canary was made, if the project made it."""
    canary = probe.payload.canary.text
    made = [
        h for h in answer.hits if h.sink == "response" and canary in h.text.lower() and h.frames
    ]
    return made[0] if made else None


def return_line(place: Place, line: Line) -> int:
    """The handler's ``return`` where it has just one, else its first line: a body that is
    returned as text becomes an answer in the framework, out of sight of the project's lines.
    """
    numbers = range(place.line, max(place.end, place.line) + 1)
    returns = [
        n for n in numbers if line(place.path, n).startswith(("return ", "return(", "yield "))
    ]
    return returns[0] if len(returns) == 1 else place.line


def _visible(answer: Answer) -> str:
    return answer.text + "\n" + "\n".join(f"{n}: {v}" for n, v in answer.headers)
