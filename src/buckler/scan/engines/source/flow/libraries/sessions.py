"""``request.session``: what one request puts there, a later one of the same visitor takes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.objects import Container, External, deep_taints, things
from buckler.scan.engines.source.flow.values import NONE, UNKNOWN, Value, join, one_text

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

SESSION = "web.Session"
MOST_KEYS = 64


def kept(frame: Frame, thing: External, key: str | None, value: Value) -> None:
    """Put something under a key, beside what other requests put there."""
    if key is None or (f"[{key}]" not in thing.fields and len(thing.fields) >= MOST_KEYS):
        return
    if frame.state is not None:
        value = frame.state.baked(value)
    name = f"[{key}]"
    old = thing.fields.get(name)
    thing.fields[name] = value if old is None else join([old, value])
    if old is None and any(v.taints for v in deep_taints(value)):
        frame.run.stored = True


def session_method(frame: Frame, thing: External, name: str, given: Arguments) -> Value | None:
    """``get``, ``pop``, ``setdefault`` and ``update`` of a session; None for other methods."""
    key = one_text(given.at(0))
    if name == "update":
        for each in given.positional:
            for table in things(each, Container):
                for k, v in table.items.items():
                    kept(frame, thing, k if isinstance(k, str) else None, v)
        for k, v in given.named.items():
            kept(frame, thing, k, v)
        return NONE
    if name not in ("get", "pop", "setdefault"):
        return None
    if name == "setdefault":
        kept(frame, thing, key, given.at(1))
    known = thing.fields.get(f"[{key}]", UNKNOWN)
    default = given.given(1, "default")
    return known if default is None else join([known, default])
