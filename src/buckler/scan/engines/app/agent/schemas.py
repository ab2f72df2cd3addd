"""JSON Schema of a field, from Pydantic 2 or 1, and plain values for whatever is an option."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Dict

MAX_TEXT = 500


def of_field(field: Any, mode: str) -> Dict[str, Any]:
    """The schema of a parameter, body or response field; empty where it cannot be had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _schema(field, mode)
        except Exception as error:
            # A type without a schema (a plain class, a callable) is legal in an application.
            return {"x-buckler-unknown": f"{type(error).__name__}: {error}"[:200]}


def _schema(field: Any, mode: str) -> Dict[str, Any]:
    adapter = getattr(field, "_type_adapter", None)
    if adapter is not None:
        schema = dict(adapter.json_schema(mode=mode, ref_template="#/$defs/{model}"))
        extra = getattr(field.field_info, "examples", None)
        if extra and "examples" not in schema:
            schema["examples"] = plain(list(extra)[:5])
        return schema
    return _version_one(field)


def _version_one(field: Any) -> Dict[str, Any]:
    module: Any = sys.modules.get("pydantic.schema")
    if module is None:
        import pydantic.schema as module
    models = module.get_flat_models_from_field(field, known_models=set())
    names = module.get_model_name_map(models)
    schema, definitions, _ = module.field_schema(field, model_name_map=names, ref_prefix="#/$defs/")
    if definitions:
        schema = dict(schema)
        schema["$defs"] = definitions
    return dict(schema)


def _annotation(field: Any) -> Any:
    kind = getattr(getattr(field, "field_info", None), "annotation", None) or getattr(
        field, "type_", None
    )
    for _ in range(3):
        args = [a for a in getattr(kind, "__args__", ()) if a is not type(None)]
        if isinstance(kind, type) or not args:
            break
        kind = args[0]
    return kind


def is_model(field: Any) -> bool:
    """Whether a field's type is a Pydantic model."""
    pydantic = sys.modules.get("pydantic")
    kind = _annotation(field)
    return pydantic is not None and isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def is_table(field: Any) -> bool:
    """Whether it is an SQLModel class with ``table=True``."""
    return is_model(field) and hasattr(_annotation(field), "__table__")


def plain(value: Any, depth: int = 0) -> Any:
    """A JSON value that tells a person and a rule what an option is."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, (list, tuple, set, frozenset)) and depth < 4:
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item, depth + 1) for item in list(items)[:100]]
    if isinstance(value, dict) and depth < 4:
        return {str(k): plain(v, depth + 1) for k, v in list(value.items())[:100]}
    pattern = getattr(value, "pattern", None)
    if isinstance(pattern, str):
        return pattern[:MAX_TEXT]
    return f"<{type(value).__name__}>"
