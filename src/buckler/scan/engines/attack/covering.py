"""How far a run came with each operation, as the report has it."""

from __future__ import annotations

from buckler.core.report import OperationCoverage
from buckler.scan.engines.attack.run import Run


def covered(run: Run) -> list[OperationCoverage]:
    """How far each operation was looked at.

    Args:
        run: At its end, or where it was cut short.
    """
    rows = []
    for operation in run.operations:
        state = run.states.get(operation.key)
        if state is None:
            rows.append(OperationCoverage(operation.key, False, False, 0, 0, why="not tried"))
            continue
        rows.append(
            OperationCoverage(
                operation.key,
                state.reached,
                state.authenticated,
                state.slots,
                state.attacked if state.reached else 0,
                state.identity,
                state.status,
                state.why,
            )
        )
    return rows
