"""Rows of lists, made by a macro once for each state of what they show."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from markupsafe import Markup

from buckler.watch.web import shown
from buckler.watch.web.pages import environment


def findings(
    rows: Sequence[Any],
    names: Mapping[str, str],
    now: float,
    *,
    of_one: bool,
    writes: bool,
    marked: Container[str],
) -> Markup:
    """The rows of findings of a table.

    Args:
        rows: Of the database.
        names: Of the targets that may be named, by id.
        now: Seconds since 1970.
        of_one: All are of one target, which is not named.
        writes: They can be marked.
        marked: Ids of those that are.
    """
    made = _finding()
    return Markup().join(
        made(
            row.id,
            row.version,
            row.title or row.rule,
            row.rule,
            row.tool,
            row.operation or row.path or row.subject,
            shown.where(row),
            row.severity,
            row.confidence,
            row.state,
            row.accepted_until,
            row.target_id,
            names.get(row.target_id, ""),
            shown.due(row, now),
            of_one,
            writes,
            row.id in marked,
        )
        for row in rows
    )


@cache
def _finding() -> Any:
    """The macro; of values alone, so that a row that was shown before is not put together again."""
    rows: Any = environment().get_template("rows.html").module
    return lru_cache(maxsize=2_048)(rows.finding)
