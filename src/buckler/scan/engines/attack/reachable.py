"""The operations that can be asked again, each with the request that reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.explore import Explorer, order_of
from buckler.scan.engines.attack.run import Run
from buckler.scan.model.application import Operation


def reachable(
    run: Run, explorer: Explorer, *, ordered: bool = False
) -> Iterator[tuple[Operation, Draft]]:
    """Operations over HTTP that have a draft; one that is lost meanwhile is left out from then on.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        ordered: Whether those that read come before those that change something.
    """
    operations = sorted(run.operations, key=order_of) if ordered else run.operations
    for operation in operations:
        draft = explorer.drafts.get(operation.key)
        if draft is not None and not operation.is_websocket and not run.states[operation.key].lost:
            yield operation, draft
