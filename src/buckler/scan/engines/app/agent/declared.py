"""Classes of settings as Pydantic has them: which variable a field is read from, and what it takes.

Both generations of Pydantic are read, without importing either.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any, Callable, Dict, Iterator, List, Mapping, Tuple

from . import fitting


def owner(error: BaseException) -> Any:
    """The class of settings that an error comes from, None where it is no such class.

    Pydantic 2 answers the old name of the base with an error of its own.
    """
    base = None
    for module in ("pydantic_settings", "pydantic"):
        try:
            base = base or getattr(sys.modules.get(module), "BaseSettings", None)
        except Exception:
            continue
    if base is None:
        return None
    title = str(getattr(error, "title", ""))
    model = getattr(error, "model", None)
    for found in _subclasses(base):
        configured = getattr(found, "model_config", None) or {}
        if found is model or title in (found.__name__, configured.get("title") or found.__name__):
            return found
    return None


def _subclasses(base: Any) -> Iterator[Any]:
    for child in reversed(base.__subclasses__()):
        yield child
        yield from _subclasses(child)


def _fields(cls: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(cls, "model_fields", None) or getattr(cls, "__fields__", {})
    return found


def _field(cls: Any, told: str) -> str:
    """The name of a field that an error tells by its name or by one of its aliases."""
    fields = _fields(cls)
    if told in fields:
        return told
    return next((name for name, info in fields.items() if told in _aliases(info)), told)


def _aliases(info: Any) -> List[str]:
    found: List[str] = []
    for alias in (getattr(info, "validation_alias", None), getattr(info, "alias", None)):
        for choice in getattr(alias, "choices", [alias]):
            if isinstance(choice, str):
                found.append(choice)
    return found


def variable(cls: Any, location: Tuple[Any, ...]) -> str:
    """The environment variable of a field, or of one in a model below it."""
    told = str(location[0])
    name = _field(cls, told)
    info = _fields(cls).get(name)
    config = getattr(cls, "model_config", None) or {}
    if not config and hasattr(cls, "__config__"):
        config = {
            key: getattr(cls.__config__, key, None)
            for key in ("env_prefix", "case_sensitive", "env_nested_delimiter")
        }
    extra = getattr(getattr(info, "field_info", None), "extra", {})
    if extra.get("env_names"):
        found = str(sorted(extra["env_names"])[0])
    elif told != name or told in _aliases(info):
        found = told
    else:
        found = str(config.get("env_prefix") or "") + name
    delimiter = config.get("env_nested_delimiter")
    if delimiter and len(location) > 1 and _given(found + delimiter):
        found = delimiter.join((found, *map(str, location[1:])))
    return found if config.get("case_sensitive") else found.upper()


def _given(prefix: str) -> bool:
    """Whether somebody gave parts of a model, so that only the others are made up."""
    return any(name.upper().startswith(prefix.upper()) for name in os.environ)


def choices(cls: Any, location: Tuple[Any, ...]) -> List[str]:
    """Values that the field takes, by its schema; those that it is sure to take come first."""
    name = _field(cls, str(location[0]))
    info = _fields(cls).get(name)
    kind = str(getattr(info, "annotation", ""))
    schema = _schema(cls, name)
    nested = variable(cls, location) != variable(cls, location[:1])
    for part in location[1:] if nested else ():
        schema = fitting.inner(schema, str(part))
        name, kind = str(part), ""
    if not schema:
        return [fitting.by_name(name)]
    made = fitting.texts(name, schema, kind)
    return made if nested else sorted(made, key=lambda text: not _is_taken(info, text))


def _schema(cls: Any, name: str) -> Dict[str, Any]:
    """The JSON Schema of a field; empty where Pydantic cannot make one."""
    try:
        if hasattr(cls, "model_json_schema"):
            whole = cls.model_json_schema(by_alias=False)
        else:
            whole = cls.schema(by_alias=False)
    except Exception:
        return _schema_alone(cls, name)
    return {
        **whole.get("properties", {}).get(name, {}),
        "$defs": whole.get("$defs") or whole.get("definitions") or {},
    }


def _schema_alone(cls: Any, name: str) -> Dict[str, Any]:
    """The schema of one field where another field of the class has none."""
    adapter = getattr(sys.modules.get("pydantic"), "TypeAdapter", None)
    info = _fields(cls).get(name)
    try:
        return dict(adapter(info.annotation).json_schema()) if adapter and info else {}
    except Exception:
        return {}


def _is_taken(info: Any, text: str) -> bool:
    """Whether a field's own type takes a text as the environment would give it."""
    adapter = getattr(sys.modules.get("pydantic"), "TypeAdapter", None)
    if adapter is None or not hasattr(info, "annotation"):
        return True
    kind = info.annotation
    for item in getattr(info, "metadata", ()):
        kind = Annotated[kind, item] if item is not None else kind
    return _validates(adapter, kind, lambda: text) or _validates(
        adapter, kind, lambda: json.loads(text)
    )


def _validates(adapter: Any, kind: Any, value: Callable[[], Any]) -> bool:
    try:
        adapter(kind).validate_python(value())
    except Exception:
        return False
    return True
