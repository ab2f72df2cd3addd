"""Input in the filters of document databases."""

from __future__ import annotations

from dataclasses import replace

from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import Taint, Value, bit, texts_of

CODE = frozenset({"$where", "$function", "$accumulator", "$expr", "mapReduce"})


def where_text(flow: Flow) -> bool:
    """Whether input stands in code of a filter, be it text or not."""
    for thing in things(flow.value, Container):
        for key, value in thing.items.items():
            if where_text(replace(flow, value=value)):
                return True
            if key in ("$where", "$function") and _is_run(value, flow):
                return True
    return False


def _is_run(value: Value, flow: Flow) -> bool:
    """Whether input may be more than a literal of JavaScript, as ``json.dumps`` writes one."""
    code = bit("code")
    texts = texts_of(value)
    if not texts:
        return any(not flow.cleared(t) & code for t in value.taints)
    for text in texts:
        before = ""
        for part in text:
            if isinstance(part, str):
                before = part
            elif part and (
                before.endswith(("'", '"')) or any(not flow.cleared(t) & code for t in part)
            ):
                return True
    return False


def reaches_operators(flow: Flow) -> bool:
    """Whether harmful input may be an operator: what stands under ``$eq`` is compared with, whatever it is."""
    return any(not flow.is_clean(t) for t in _open(flow.value, 0))


def _open(value: Value, depth: int) -> list[Taint]:
    made = list(value.taints)
    if depth < 5:
        for thing in things(value, Container):
            for key, item in thing.items.items():
                if key not in ("$eq", "$ne", "$in", "$nin") or not isinstance(key, str):
                    made += _open(item, depth + 1)
            if thing.rest is not None:
                made += _open(thing.rest, depth + 1)
    return made


def pattern_text(value: Value, flow: Flow, depth: int = 0) -> bool:
    """Whether input is a pattern (``$regex``) as it comes: it may take for ever, and match what it likes."""
    for thing in things(value, Container) if depth < 5 else ():
        for key, item in thing.items.items():
            if key == "$regex" and any(
                not flow.cleared(t) & bit("regex")
                for text in texts_of(item)
                for part in text
                if not isinstance(part, str)
                for t in part
            ):
                return True
            if pattern_text(item, flow, depth + 1):
                return True
        if thing.rest is not None and pattern_text(thing.rest, flow, depth + 1):
            return True
    return False
