"""JSON Schema of the models that check an answer: Pydantic 2 and 1, msgspec, dataclasses, types."""

from __future__ import annotations

import dataclasses
import sys
import typing
import warnings
from typing import Any, Dict, Optional, Set

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_known: Dict[int, Any] = {}
MAX_KNOWN = 500


def schema_of(kind: Any) -> Dict[str, Any]:
    """The schema of a class or of a type; empty where it has none."""
    known = _known.get(id(kind))
    if known is not None and known[0] is kind:
        found: Dict[str, Any] = known[1]
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = _schema(kind)
        except Exception:
            # A type without a schema (a plain class, a callable) is legal in an application.
            made = {}
    if len(_known) < MAX_KNOWN:
        _known[id(kind)] = (kind, made)
    return made


def is_model(kind: Any) -> bool:
    """Whether calling this class with an answer's values checks them."""
    if not isinstance(kind, type):
        return False
    return (
        hasattr(kind, "model_json_schema")
        or hasattr(kind, "__fields__")
        or hasattr(kind, "__struct_fields__")
        or dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or (issubclass(kind, (dict, tuple)) and _annotated(kind))
    )


def _schema(kind: Any) -> Dict[str, Any]:
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if hasattr(kind, "model_json_schema"):
        return dict(kind.model_json_schema())
    if hasattr(kind, "__fields__") and hasattr(kind, "schema"):
        made = dict(kind.schema())
        return {**made, "$defs": made.get("definitions", {})}
    msgspec = sys.modules.get("msgspec")
    if msgspec is not None and hasattr(kind, "__struct_fields__"):
        return dict(msgspec.json.schema(kind))
    adapter = getattr(sys.modules.get("pydantic"), "TypeAdapter", None)
    if adapter is not None and not hasattr(kind, "__attrs_attrs__"):
        return dict(adapter(kind).json_schema())
    return _hinted(kind, set())


def _hinted(kind: Any, seen: Set[int]) -> Dict[str, Any]:
    """The schema that annotations give, without any library's help."""
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (list, set, frozenset, tuple):
        return {"type": "array", "items": _hinted(args[0], seen) if args else {}}
    if origin is dict:
        return {"type": "object", "additionalProperties": _hinted(args[1], seen)}
    if args and type(None) in args:
        return _hinted(next(a for a in args if a is not type(None)), seen)
    if not isinstance(kind, type) or id(kind) in seen or not _annotated(kind):
        return {}
    properties = {
        name: _hinted(hint, seen | {id(kind)}) for name, hint in typing.get_type_hints(kind).items()
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _annotated(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or bool(getattr(kind, "__annotations__", None))


def property_of(schema: Dict[str, Any], name: str) -> Optional[Dict[str, Any]]:
    """The schema of one field, by its name or its alias."""
    properties = schema.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(found, dict):
        return None
    return {"$defs": schema.get("$defs", {}), **found}
