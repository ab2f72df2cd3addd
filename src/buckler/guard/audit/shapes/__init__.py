"""What a record looks like as JSON: our own shape, ECS, OCSF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, Literal

from buckler.guard.audit.record import AuditRecord
from buckler.guard.options import GuardError

Shape = Callable[[AuditRecord], Mapping[str, Any]]
"""Makes a mapping of a record; everything in it must be fit for JSON."""
ShapeName = Literal["json", "ecs", "ocsf"]
SHAPES: Final = ("json", "ecs", "ocsf")


def shape_of(shape: ShapeName | Shape) -> Shape:
    """The shape of that name, or one of your own.

    Raises:
        GuardError: There is none of that name.
    """
    if callable(shape):
        return shape
    if shape not in SHAPES:
        raise GuardError(f"there is no shape {shape!r}", hint=f"one of {', '.join(SHAPES)}")
    found: Shape = import_module(f"{__name__}.{'own' if shape == 'json' else shape}").shape
    return found


def line(shape: Shape, record: AuditRecord) -> str:
    """One line of JSON in ASCII, without the line's end: nothing in it can break it (CWE-117).

    Raises:
        ValueError: A shape of your own gave what JSON has not.
    """
    return json.dumps(shape(record), separators=(",", ":"), allow_nan=False)
