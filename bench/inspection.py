"""What the look at values sees, and what it takes for an attack that is none.

Without arguments: the values of tests/guard/inspection. With ``--attacks FILE...`` each line of other files, and
with ``--ordinary FOLDER...`` each paragraph of the texts in other folders, /usr/share/doc for example; those have
no budget, since every machine has others.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from _table import Figure, calibrate, figure, report

sys.path.insert(0, str(Path(__file__).parent.parent))

from buckler.guard.inspection.engine import engine
from buckler.guard.inspection.source import Value
from tests.guard.inspection.apps import judged
from tests.guard.inspection.corpus import lines

LONGEST = 300_000
SHOWN = 10


def share(name: str, budget: float, *, attacks: bool) -> Figure:
    """Per cent of the values of one of our own files that are told, in a body."""
    found = judged(lines(name), query=False)
    told = 100 * sum(bool(seen) for _, _, seen in found) / len(found)
    label = f"{name.replace('_', ' ')}, {len(found)} values, told"
    return figure(label, told, "%", budget, at_most=not attacks)


def told(texts: Iterable[str]) -> tuple[int, list[str]]:
    """How many texts there are, and those that are told."""
    patterns, count, found = engine(), 0, []
    for text in texts:
        count += 1
        if patterns.judge(Value(text)):
            found.append(text)
    return count, found


def paragraphs(folders: Iterable[Path]) -> Iterator[str]:
    """Each paragraph once, of whatever can be read as text."""
    seen: set[int] = set()
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        opened = gzip.open if path.suffix == ".gz" else open
        try:
            with opened(path, "rt", encoding="utf-8") as file:
                text = file.read(LONGEST)
        except (OSError, EOFError, UnicodeDecodeError):
            continue
        for part in re.split(r"\n\s*\n", text):
            stripped = part.strip()
            if len(stripped) > 2 and hash(stripped) not in seen:
                seen.add(hash(stripped))
                yield stripped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attacks", nargs="+", type=Path, default=[])
    parser.add_argument("--ordinary", nargs="+", type=Path, default=[])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    for path in chosen.attacks:
        text = path.read_text(encoding="utf-8", errors="replace")
        count, found = told(line for line in text.splitlines() if line)
        print(f"{path.name}: {len(found)} of {count} lines told", file=sys.stderr)
    if chosen.ordinary:
        count, found = told(paragraphs(chosen.ordinary))
        print(f"{len(found)} of {count} paragraphs told", file=sys.stderr)
        for text in found[:SHOWN]:
            print(f"  {text[:120]!r}", file=sys.stderr)
    report(
        [
            share("attacks", 99, attacks=True),
            share("attacks_held_out", 95, attacks=True),
            share("ordinary", 0, attacks=False),
            share("ordinary_held_out", 1, attacks=False),
        ],
        calibrate(),
    )


if __name__ == "__main__":
    main()
