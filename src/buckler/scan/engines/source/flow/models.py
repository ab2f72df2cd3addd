"""Models: their fields by name, what they dump, and methods that they have without saying so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import (
    fresh,
    is_model,
)
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Instance,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Source,
    Value,
    constant,
    hole,
    joined_taints,
    obj,
    one_text,
)

if TYPE_CHECKING:
    pass

BROUGHT = "web.Brought"
"""An object that says of a value in a dump that a request brought it."""


def fields_of(cls: ClassObject) -> dict[str, tuple[ClassObject, ast.expr]]:
    """The annotated fields of a model, those of its bases first; private attributes of Pydantic's are none."""
    made: dict[str, tuple[ClassObject, ast.expr]] = {}
    for one in reversed(cls.line_of_descent()):
        for name, annotation in one.annotations.items():
            made[name] = (one, annotation)
    none = {n for n in made if n.startswith("_") or n == "model_config"}
    if none and _is_pydantic(cls):
        return {n: f for n, f in made.items() if n not in none}
    return made


def _is_pydantic(cls: ClassObject) -> bool:
    return any(b.startswith(("pydantic.", "sqlmodel.")) for b in cls.external_bases())


def _each(frame: Frame, node: ast.AST, made: Instance) -> Value:
    """What a loop over a model gives: Pydantic's give names with values, named tuples the values."""
    each = [(n, frame.run.field(frame, node, made, n)) for n in fields_of(made.cls)]
    path = frame.run.path
    if not _is_pydantic(made.cls):
        return obj(Container("tuple", path, dict(enumerate(v for _, v in each))))
    pairs = [obj(Container("tuple", path, {0: constant(n), 1: v})) for n, v in each]
    return obj(Container("tuple", path, dict(enumerate(pairs))))


def column(frame: Frame, made: Instance, name: str) -> Value | None:
    """A column or relationship that is declared by a call; None where it is neither."""
    declared = made.cls.lookup(name)
    lazy = made.lazy
    for thing in things(declared, External) if declared is not None and lazy is not None else ():
        short = thing.name.rpartition(".")[2]
        source = Source("database", name, lazy.path, lazy.line, lazy.text) if lazy else None
        if source is None or short not in ("Column", "mapped_column", "relationship"):
            continue
        types = {t.name.rpartition(".")[2] for v in thing.given for t in things(v, External)}
        if types & _NUMBERS:
            return Value(kind="int")
        value = fresh(frame, source)
        if short != "relationship":
            return value
        listed = Container("list", frame.run.path)
        listed.rest = value
        return Value(None, (listed,), value.taints)
    return None


_NUMBERS = frozenset(
    {
        "Integer",
        "BigInteger",
        "SmallInteger",
        "Float",
        "Numeric",
        "Boolean",
        "DateTime",
        "Date",
        "Time",
    }
    | {"Double", "DECIMAL", "INTEGER", "BIGINT", "Uuid", "UUID", "Enum", "Interval", "REAL"}
)


def factory(value: Value) -> Value | None:
    """What makes the default of a field: ``field(default_factory=new_id)``."""
    found: list[Value] = [
        t.named["default_factory"]
        for t in things(value, External)
        if t.instance and "default_factory" in t.named
    ]
    return found[0] if found and found[0].objs else None


def field_default(value: Value) -> Value | None:
    """The default of a field that is declared by a call; None where it is the value itself."""
    for thing in things(value, External):
        short = thing.name.rpartition(".")[2]
        if thing.instance and short in (
            "Field",
            "field",
            "mapped_column",
            "Column",
            "relationship",
        ):
            default: Value | None = thing.named.get("default")
            if default is None and short == "Field" and thing.given:
                default = thing.given[0]
            return UNKNOWN if default is None else default
    return None


def dumped(frame: Frame, made: Instance) -> Value:
    """The fields of an object as a dictionary."""
    frame.run.materialize(frame, obj(made))
    inner = {k: v for k, v in made.fields.items() if not k.startswith("__")}
    if made.lazy is not None:
        inner = {k: _brought(v, made.lazy) for k, v in inner.items()}
        if takes_extra(made.cls):
            rest = fresh(frame, made.lazy)
            return obj(Container("dict", frame.run.path, inner, rest))
    elif is_model(made.cls):
        missing = [n for n in fields_of(made.cls) if n not in inner]
        inner |= {n: frame.run.field(frame, frame.run.nowhere, made, n) for n in missing}
    return obj(Container("dict", frame.run.path, dict(inner)))


def _brought(value: Value, source: Source) -> Value:
    """A field of a dump of what a request sent, of whatever type: it is still the sender's choice."""
    if value.taints:
        return value
    return Value(value.alts, (*value.objs, External(BROUGHT, True, source=source)), (), value.kind)


def takes_extra(cls: ClassObject) -> bool:
    """Whether a Pydantic model keeps fields that it does not declare: ``extra="allow"``."""
    for one in cls.line_of_descent():
        for keyword in one.node.keywords:
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Constant):
                return keyword.value.value == "allow"
    config = cls.lookup("model_config")
    for thing in config.objs if config is not None else ():
        named = thing.named if type(thing) is External else getattr(thing, "items", {})
        extra = named.get("extra")
        if extra is not None:
            return one_text(extra) == "allow"
    inner = cls.lookup("Config")
    for old in things(inner, ClassObject) if inner is not None else ():
        extra = old.lookup("extra")
        names = {getattr(t, "name", "") for t in extra.objs} if extra is not None else set()
        return extra is not None and (one_text(extra) == "allow" or "pydantic.Extra.allow" in names)
    return False


def _picked(value: Value, given: Arguments) -> Value:
    """A dump with ``include`` and ``exclude`` as far as they are known."""
    only_, without = _names_in(given.given(-1, "include")), _names_in(given.given(-1, "exclude"))
    for thing in things(value, Container):
        if only_ is not None:
            thing.items = {k: v for k, v in thing.items.items() if k in only_}
            thing.rest = None
        for name in without or ():
            thing.items.pop(name, None)
    return value


def _names_in(value: Value | None) -> set[str] | None:
    if value is None or not things(value, Container):
        return None
    found: set[str] = set()
    for thing in things(value, Container):
        keys = list(thing.items) if thing.kind == "dict" else [one_text(v) for v in thing.all()]
        found |= {k for k in keys if isinstance(k, str)}
    return found


def model_method(
    frame: Frame, node: ast.AST, made: Instance, name: str, given: Arguments
) -> Value | None:
    """Methods that models have without saying so."""
    if name in ("model_dump", "dict", "_asdict"):
        return _picked(dumped(frame, made), given)
    if name in ("model_dump_json", "json"):
        frame.run.materialize(frame, obj(made))
        taints = joined_taints(*(v.taints for v in made.fields.values()))
        return hole(taints, "str")
    if name in ("model_copy", "copy", "_replace"):
        frame.run.hits.reached(frame, node, "pydantic.BaseModel.model_copy", given, obj(made))
        for thing in things(given.at(0, "update"), Container):
            for key, item in thing.items.items():
                made.fields[str(key)] = item
        return obj(made)
    if name == "get" and made.lazy is not None:
        key = given.at(0).alts
        if key and isinstance(key[0], str):
            return frame.run.field(frame, node, made, key[0])
    if name == "__getitem__" and is_model(made.cls):
        key = given.at(0).alts
        if key and isinstance(key[0], str):
            return frame.run.field(frame, node, made, key[0])
        if key and isinstance(key[0], int):
            names = list(fields_of(made.cls))
            if -len(names) <= key[0] < len(names):
                return frame.run.field(frame, node, made, names[key[0]])
        return UNKNOWN
    if name == "__iter__" and is_model(made.cls):
        return _each(frame, node, made)
    return None


def class_method(
    frame: Frame, node: ast.AST, cls: ClassObject, name: str, given: Arguments
) -> Value | None:
    """Class methods that models have without saying so."""
    if name in ("model_validate", "parse_obj", "from_orm", "model_construct", "construct"):
        inner = Arguments()
        from buckler.scan.engines.source.flow.calls import unpack

        unpack(frame, node, given.at(0), inner)
        if name.endswith("construct"):
            inner = given
        return frame.run.invoke(frame, node, obj(cls), inner)
    if name in ("model_validate_json", "parse_raw"):
        inner = Arguments([], {}, given.at(0))
        return frame.run.invoke(frame, node, obj(cls), inner)
    if name == "__members__":
        return obj(Container("dict", frame.run.path, dict(cls.attrs)))
    return None
