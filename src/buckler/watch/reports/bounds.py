"""How many findings a report may make, and how much text.

Threat: a small document that says a long text once and points at it from each of its results, or that spreads more
findings than a list may have over many lists, so that storing it takes all memory and holds everybody else up (CWE-405).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from buckler.watch.errors import RefusedError
from buckler.watch.reports.document import MOST_FINDINGS
from buckler.watch.reports.values import Seen

MOST_KEPT: Final = 128 * 1024 * 1024
"""Characters of all findings together."""


def bounded(found: Iterable[Seen], name: str) -> Iterator[Seen]:
    """The same findings, as long as they are not too many.

    Args:
        found: Of one report.
        name: Of the field that they come of.

    Raises:
        RefusedError: They are, or their texts are too long.
    """
    size = 0
    for number, one in enumerate(found, 1):
        if number > MOST_FINDINGS:
            raise RefusedError(
                f"{name}: more than {MOST_FINDINGS} findings together", hint="send it in parts"
            )
        size += len(one.title) + len(one.message) + len(one.suppression) + _length(one.detail)
        if size > MOST_KEPT:
            raise RefusedError(
                f"{name}: the texts of all findings have more than {MOST_KEPT // 1024**2} MiB",
                hint="shorten the texts of rules, or send it in parts",
            )
        yield one


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(_length(one) for one in value.values()) if isinstance(value, Mapping) else 0
