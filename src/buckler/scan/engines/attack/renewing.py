"""Makes what an operation uses up anew: it cancels an order, so the next probe needs another one."""

from __future__ import annotations

from dataclasses import replace

from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.harvest import candidates, identifiers, leaves, resource_of
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Slot
from buckler.scan.model.application import Operation


def renewed(run: Run, explorer: Explorer, operation: Operation) -> Draft | None:
    """The draft of an operation with an object that is made for it now.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        operation: ``POST /orders/{id}/cancel``, for which ``POST /orders`` makes one.

    Returns:
        None where nothing makes one.
    """
    collection, _, rest = operation.path.partition("/{")
    identity = run.identity(explorer.best_identity(operation))
    for other in run.operations:
        draft = explorer.drafts.get(other.key)
        if other.method != "POST" or other.path.rstrip("/") != collection or draft is None:
            continue
        answer = run.send(draft.request(identity, run.client()), other)
        if not rest or answer is None or not answer.ok:
            continue
        made: dict[str, list[str]] = {}
        for key, value in leaves(answer.json, resource_of(other)):
            made.setdefault(key, []).append(value)
        for parameter, noun in identifiers(operation):
            new = next(iter(candidates(made, parameter, noun)), None)
            if new is not None and f"{{{parameter}" in operation.path:
                filled = explorer.drafts[operation.key].with_value(Slot("path", parameter), new)
                return replace(filled, attacked=frozenset())
    return None
