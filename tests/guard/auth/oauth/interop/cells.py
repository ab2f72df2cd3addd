"""The table of what programs of others completed: planned, run, passed and skipped, cell by cell.

A test plans its cells before it needs anything, and says which of them passed; what is told of a test goes along with its
report, from whichever worker. The table is printed at the end of the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Cell = tuple[str, str, str, str]
"""How the client shows who it is, how the request is sent, what tokens are bound to, and the flow."""
FLOWS = (
    *("code", "refresh", "client credentials", "device", "exchange", "introspect"),
    *("revoke", "logout"),
)
PROPERTY = "oauth cells"


class Cells:
    """What one test plans and completes.

    Args:
        record: ``record_property`` of pytest.
        program: Of others.
        planned: What it is to complete.
    """

    def __init__(
        self, record: Callable[[str, object], None], program: str, planned: Iterable[Cell]
    ) -> None:
        self._record = record
        self._program = program
        self._told("planned", planned)

    def passed(self, *cells: Cell) -> None:
        """These were completed."""
        self._told("passed", cells)

    def _told(self, what: str, cells: Iterable[Cell]) -> None:
        said = {"program": self._program, what: [list(one) for one in cells]}
        self._record(PROPERTY, json.dumps(said))


def table(reports: Iterable[tuple[bool, Sequence[tuple[str, Any]]]]) -> list[str]:
    """Lines of the table.

    Args:
        reports: Of each test whether it skipped, and its properties.
    """
    planned: dict[str, dict[Cell, bool]] = {}
    passed: set[tuple[str, Cell]] = set()
    for skipped, properties in reports:
        for name, value in properties:
            if name != PROPERTY:
                continue
            said = json.loads(value)
            for one in said.get("planned", ()):
                planned.setdefault(said["program"], {})[_cell(one)] = skipped
            passed |= {(said["program"], _cell(one)) for one in said.get("passed", ())}
    if not planned:
        return []
    lines = [f"{'':<44}" + "".join(f"{flow:>19}" for flow in FLOWS)]
    for program, cells in planned.items():
        rows = dict.fromkeys(cell[:3] for cell in cells)
        lines += [_row(program, row, cells, passed) for row in rows]
    whole = sum(map(len, planned.values()))
    skips = sum(skipped for cells in planned.values() for skipped in cells.values())
    lines.append(f"{whole - skips} cells run, {len(passed)} passed, {skips} skipped")
    return lines


def _row(
    program: str,
    row: tuple[str, ...],
    cells: Mapping[Cell, bool],
    passed: set[tuple[str, Cell]],
) -> str:
    shown = []
    for flow in FLOWS:
        cell = _cell([*row, flow])
        if cell not in cells:
            shown.append("-")
        elif cells[cell]:
            shown.append("skipped")
        else:
            shown.append("passed" if (program, cell) in passed else "FAILED")
    name = f"{program}, {', '.join(row)}"
    return f"{name:<44}" + "".join(f"{one:>19}" for one in shown)


def _cell(parts: Sequence[str]) -> Cell:
    method, way, bound, flow = parts
    return method, way, bound, flow
