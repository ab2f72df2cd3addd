"""What ``str`` shows of an exception of the project: its arguments, and none of its other attributes."""

from __future__ import annotations

from buckler.scan.engines.source.flow.objects import ClassObject, Instance, deep_taints
from buckler.scan.engines.source.flow.values import Value, hole, joined_taints


def is_exception(cls: ClassObject) -> bool:
    """Whether a class of the project is one of exceptions."""
    return any(
        name.rpartition(".")[2].endswith(("Error", "Exception", "Warning"))
        for name in cls.external_bases()
    )


def shown_text(thing: Instance) -> Value | None:
    """What ``str`` shows of an exception of the project: its arguments; None where it is none."""
    if not is_exception(thing.cls) or "__args__" not in thing.fields:
        return None
    held = deep_taints(thing.fields["__args__"])
    return hole(joined_taints(*(v.taints for v in held)), "str")
