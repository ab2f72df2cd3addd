"""Writes the measured table into docs/box.md: `python tests/box/table.py`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from attacks import ATTACKS
from interpreters import with_packages
from world import MODES, world

PAGE = Path(__file__).parents[2] / "docs/box.md"
START, END = "<!-- table: tests/box/table.py writes it -->", "<!-- end of the table -->"


def rows() -> list[str]:
    """The table, line by line, each cell measured now."""
    lines = ["| what the code tries | " + " | ".join(MODES) + " |", "|---|" + "---|" * len(MODES)]
    packages = with_packages()
    for attack in ATTACKS:
        cells = []
        for mode in MODES:
            if attack.needs and not packages:
                cells.append("not measured")
                continue
            with tempfile.TemporaryDirectory(prefix="box-") as folder, world(Path(folder)) as made:
                cells.append(
                    made.run(mode, attack.code, packages if attack.needs else sys.executable).word
                )
        lines.append(
            f"| {attack.name} | "
            + " | ".join("**through**" if cell == "through" else cell for cell in cells)
            + " |"
        )
    return lines


def main() -> None:
    """Replace what stands between the two comments."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n" + "\n".join(rows()) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
