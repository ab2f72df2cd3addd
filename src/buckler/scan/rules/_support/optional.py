"""Requests that were let in without what they ought to have, where a wrong one of it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Confidence, Finding
from buckler.core.rule import Rule
from buckler.scan.engines.attack.absent import SIGNATURE
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.evidence import at, at_place, shown
from buckler.scan.rules._support.gates import found_around, found_in_source


def missing(rule: Rule, app: AppModel, seen: Observations) -> Iterable[Finding]:
    """Signatures that were left out and codes that were empty, where wrong ones are refused."""
    told = [
        (
            key,
            f"header:{name}",
            f"{key} lets in a request without {name}, and refuses a wrong one.",
            pair,
        )
        for key, (name, *pair) in seen.unsigned.items()
        if SIGNATURE.search(name) or _suspected(rule, app.find(key), seen)
    ] + [
        (
            key,
            slot,
            f"{key} takes an empty {slot.partition(':')[2]}, and refuses a wrong one.",
            pair,
        )
        for key, (slot, *pair) in seen.emptied.items()
    ]
    for key, slot, message, (taken, refused) in told:
        operation = app.find(key)
        if operation is not None:
            place = found_around(rule.id, operation, seen)
            yield rule.found(
                message,
                confidence=Confidence.PROVED,
                location=replace(place, slot=slot) if place else at(operation, slot),
                proof=(
                    shown(taken, seen.identities, why="let in without it"),
                    shown(refused, seen.identities, why="a wrong one is refused"),
                ),
            )


def _suspected(rule: Rule, operation: Operation | None, seen: Observations) -> bool:
    """Whether source shows that what is missing is compared with what is missing."""
    return operation is not None and found_around(rule.id, operation, seen) is not None


def lax(rule: Rule, operation: Operation, seen: Observations) -> Iterable[Finding]:
    """No key is let in and a wrong one is not.

    An optional credential looks the same from outside, so somebody has to be signed in besides,
    or the source has to show what is compared.
    """
    scheme, without, wrong = seen.lax[operation.key]
    gate = next((d for d in operation.dependencies if d.name in scheme.through[-1:]), None)
    others = [s for s in operation.security if s is not scheme]
    shared = any(set(s.through) & set(scheme.through) for s in others)
    alone = without.request.identity is None
    if gate is None or gate.place is None or shared:
        return
    if alone and not found_in_source(rule.id, gate.place, seen):
        return
    yield rule.found(
        f"{operation.key} answers without {scheme.name}, and refuses a wrong one.",
        confidence=Confidence.PROVED,
        location=at_place(gate.place, operation),
        proof=(
            shown(without, seen.identities, why=f"answered without {scheme.name}"),
            shown(wrong, seen.identities, why=f"a wrong {scheme.name} is refused"),
        ),
    )
