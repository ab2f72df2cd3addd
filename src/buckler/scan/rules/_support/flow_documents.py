"""Input in the filters of document databases."""

from __future__ import annotations

from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import Container, things

CODE = frozenset({"$where", "$function", "$accumulator", "$expr", "mapReduce"})


def where_text(flow: Flow) -> bool:
    """Whether input stands in code of a filter, be it text or not."""
    for thing in things(flow.value, Container):
        for key, value in thing.items.items():
            if key in ("$where", "$function") and value.taints:
                return any(isinstance(p, str) for t in (value.alts or ()) if isinstance(t, tuple) for p in t) or bool(value.taints)
    return False
