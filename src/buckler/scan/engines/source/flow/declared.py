"""What an annotation says of a value: which class it has, and what input of that type may hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import clean_after
from buckler.scan.engines.source.flow.lengths import bounded
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.libraries.returns import class_known
from buckler.scan.engines.source.flow.masking import masked
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.values import (
    ALL,
    UNKNOWN,
    Source,
    Taint,
    Token,
    Value,
    bit,
    constant,
    hole,
    join,
    obj,
    one_text,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

HARMLESS = frozenset(
    {
        "builtins.int",
        "builtins.float",
        "builtins.bool",
        "builtins.complex",
        "uuid.UUID",
        "decimal.Decimal",
    }
    | {
        "datetime.datetime",
        "datetime.date",
        "datetime.time",
        "datetime.timedelta",
        "typing.Literal",
    }
    | {f"pydantic.UUID{n}" for n in (1, 3, 4, 5, 6, 7, 8)}
    | {
        f"pydantic.{p}{k}"
        for p in ("Positive", "Negative", "NonNegative", "NonPositive", "Strict")
        for k in ("Int", "Float", "Bool")
    }
    | {"pydantic.conint", "pydantic.confloat", "pydantic.condecimal", "pydantic.IPvAnyAddress"}
    | {
        "pydantic.PastDate",
        "pydantic.FutureDate",
        "pydantic.AwareDatetime",
        "pydantic.NaiveDatetime",
    }
    | {
        "pydantic.PastDatetime",
        "pydantic.FutureDatetime",
        "pydantic.Json",
        "builtins.NoneType",
        "pydantic.Base64Bytes",
    }
    | {"ipaddress.IPv4Address", "ipaddress.IPv6Address", "pydantic.ByteSize", "builtins.None"}
)
_LISTS = (
    frozenset({"builtins.list", "builtins.set", "builtins.tuple", "builtins.frozenset"})
    | {
        f"typing.{n}"
        for n in ("List", "Set", "Tuple", "Sequence", "Iterable", "FrozenSet", "Collection")
    }
    | {
        "typing.AbstractSet",
        "typing.MutableSequence",
        "typing.Iterator",
        "pydantic.conlist",
        "pydantic.conset",
    }
)
_DICTS = frozenset({"builtins.dict", "typing.Dict", "typing.Mapping", "typing.MutableMapping"})
_LINES = frozenset(
    {"pydantic.EmailStr", "pydantic.HttpUrl", "pydantic.AnyUrl", "pydantic.AnyHttpUrl"}
)
MOST_DEPTH = 6
MOST_TYPES = 90


def is_generic(name: str) -> bool:
    """Whether ``name[…]`` is a type."""
    return name.startswith("typing.") or name in _LISTS or name in _DICTS


def type_of(frame: Frame, node: ast.expr | None) -> Value:
    """The classes that an annotation names, as values."""
    if node is None:
        return UNKNOWN
    if frame.parent is not None:
        return _at_depth(frame, node)  # it may name what the function around it was given
    known = frame.run.types.get(node)
    if known is None:
        known = frame.run.types[node] = _at_depth(frame, node)
    return known


def _at_depth(frame: Frame, node: ast.expr) -> Value:
    """Types within types, or texts within texts, are followed so far and no further."""
    if frame.run.depth > MOST_TYPES:
        frame.run.shortened = True
        return UNKNOWN
    frame.run.depth += 1
    try:
        return _type_of(frame, node)
    finally:
        frame.run.depth -= 1


def _type_of(frame: Frame, node: ast.expr) -> Value:
    from buckler.scan.engines.source.flow.expressions import evaluate

    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return UNKNOWN
            return type_of(frame, inner)
        return obj(External("builtins.NoneType")) if node.value is None else UNKNOWN
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return join([type_of(frame, one) for one in _united(node)])
    if isinstance(node, ast.Subscript):
        base = type_of(frame, node.value)
        return _subscripted(frame, base, node)
    return evaluate(frame, node)


def _united(node: ast.expr) -> list[ast.expr]:
    """``a | b | c`` from left to right."""
    made: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        made.append(node.right)
        node = node.left
    return [node, *reversed(made)]


def _subscripted(frame: Frame, base: Value, node: ast.Subscript) -> Value:
    from buckler.scan.engines.source.flow.expressions import evaluate

    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    names = {t.name for t in things(base, External)}
    if names & {"typing.Optional", "typing.Union"}:
        return join([type_of(frame, item) for item in inner])
    if names & {"sqlalchemy.orm.Mapped"}:
        return type_of(frame, inner[0])
    if names & {"typing.Annotated"}:
        first = type_of(frame, inner[0])
        given = (first, *(evaluate(frame, item) for item in inner[1:]))
        return obj(External("typing.Annotated", True, given))
    if names & {"typing.Literal"}:
        return obj(External("typing.Literal", True, tuple(evaluate(frame, i) for i in inner)))
    if names & (_LISTS | _DICTS):
        return obj(External(next(iter(names)), True, tuple(type_of(frame, i) for i in inner)))
    if names & {"typing.Type", "builtins.type", "typing.Callable", "typing.Generator"}:
        return UNKNOWN
    return base


def typed(frame: Frame, value: Value, annotation: ast.expr) -> Value:
    """A value of which nothing is known, with the class of its annotation."""
    if any(type(t) is not Method for t in value.objs):
        return value
    if value.alts is not None or value.taints:
        return value
    run = frame.run
    made: list[Any] = []
    for thing in unwrapped(type_of(frame, annotation)).objs:
        if type(thing) is ClassObject and not is_enum(thing):
            made.append(Instance(thing, run.path))
        elif type(thing) is External and not thing.instance:
            known = class_known(canonical(thing.name))
            if known in ("builtins.int", "builtins.float", "builtins.bool", "builtins.str"):
                return Value(kind=known.rpartition(".")[2])
            if not known.startswith(("builtins.", "typing.")):
                made.append(External(known, True))
    return Value(None, tuple(made)) if made else value


def unwrapped(value: Value) -> Value:
    """The classes without ``Annotated``."""
    found = [t for t in things(value, External) if t.name == "typing.Annotated" and t.instance]
    if not found:
        return value
    return join([unwrapped(t.given[0]) for t in found if t.given])


def metadata(value: Value) -> list[Value]:
    """What ``Annotated`` adds to a class, the innermost first."""
    made: list[Value] = []
    for thing in things(value, External):
        if thing.name == "typing.Annotated" and thing.instance and thing.given:
            made += metadata(thing.given[0])
            made += thing.given[1:]
    return made


def is_enum(cls: ClassObject) -> bool:
    """Whether a class is an enumeration."""
    return any(name.startswith("enum.") for name in cls.external_bases())


def is_model(cls: ClassObject) -> bool:
    """Whether a class is filled by what a request sends: a Pydantic model, a data class, a typed dictionary."""
    names = cls.external_bases()
    if any(
        n.startswith(("pydantic.", "sqlmodel.", "pydantic_settings.", "msgspec.")) for n in names
    ):
        return True
    if any(n in ("typing.NamedTuple", "typing.TypedDict") for n in names):
        return True
    return any(one.attrs.get("@dataclass") is not None for one in cls.line_of_descent())


def input_of(frame: Frame, kind: Value, source: Source, depth: int = 0) -> Value:
    """What a request may put into a value of a type.

    Args:
        frame: Where the annotation stands.
        kind: The classes, as :func:`type_of` gives them.
        source: Where it comes from.
        depth: How deep inside of another type.
    """
    if not kind.objs or depth > MOST_DEPTH:
        return fresh(frame, source)
    options: list[Value | None] = []
    for thing in kind.objs:
        if type(thing) is ClassObject:
            options.append(_of_class(frame, thing, source))
        elif type(thing) is External:
            options.append(_of_external(frame, thing, source, depth))
        else:
            options.append(fresh(frame, source))
    values = [o for o in options if o is not None]
    return join(values) if values else fresh(frame, source)


def fresh(frame: Frame, source: Source, kind: str = "", clean: int = 0) -> Value:
    """A text that a request brings."""
    token = frame.run.token(source)
    step = frame.run.first_step(source)
    if source.kind == "path" and not source.name.endswith(":path"):
        # ``{name}`` holds no slash: it cannot climb by more than one folder, nor name a host's path.
        clean |= bit("slash", "dotdot", "segment")
    if source.kind in ("header", "cookie"):
        clean |= bit("newline")  # a line end would have ended the header
    return hole((Taint(token, clean, step),), kind)


def _of_class(frame: Frame, cls: ClassObject, source: Source) -> Value:
    if is_enum(cls):
        members = [v for k, v in cls.attrs.items() if not k.startswith("_") and not v.objs]
        return obj(_member(frame, cls, members))
    return obj(Instance(cls, frame.run.path, source))


def _member(frame: Frame, cls: ClassObject, members: list[Value]) -> Instance:
    made = Instance(cls, frame.run.path)
    made.fields = {"value": join(members) if members else UNKNOWN, "name": Value(kind="str")}
    return made


def _of_external(frame: Frame, thing: External, source: Source, depth: int) -> Value | None:
    name = canonical(thing.name)
    if name == "builtins.NoneType":
        return None
    if name == "typing.Annotated" and thing.instance:
        return _annotated(frame, thing, source, depth)
    if name in HARMLESS or name.startswith("datetime."):
        return Value(kind="int")
    if name in _LISTS:
        inner = thing.given[0] if thing.given else UNKNOWN
        made = Container("list", frame.run.path)
        made.rest = input_of(frame, inner, source, depth + 1)
        return obj(made)
    if name in _DICTS:
        made = Container("dict", frame.run.path)
        inner = thing.given[1] if len(thing.given) > 1 else UNKNOWN
        made.rest = join([input_of(frame, inner, source, depth + 1), fresh(frame, source)])
        return obj(made)
    if name == "pydantic.constr":
        return constrained(frame, fresh(frame, source, "str", bit("nosql")), thing.named)
    if name in ("builtins.str", "builtins.bytes"):
        return fresh(frame, source, "str", bit("nosql"))
    if name in _LINES:
        return fresh(
            frame,
            source,
            "str",
            bit("nosql", "header", "log", "slash") if name.endswith("EmailStr") else bit("nosql"),
        )
    if name in ("pydantic.SecretStr", "pydantic.SecretBytes", "pydantic.Secret"):
        return masked(fresh(frame, source))
    if name == "starlette.datastructures.UploadFile":
        return obj(External(name, True, (), {}, {}, source))
    return fresh(frame, source)


def _annotated(frame: Frame, thing: External, source: Source, depth: int) -> Value:
    value = input_of(frame, thing.given[0], source, depth)
    for extra in thing.given[1:]:
        value = refined(frame, value, extra)
    return value


def refined(frame: Frame, value: Value, extra: Value) -> Value:
    """The value after what stands beside its type: constraints, and functions that check or change it."""
    for thing in things(extra, External):
        short = thing.name.rpartition(".")[2]
        if thing.name.startswith("buckler.guard."):
            value = value.mapped(lambda t: t.cleaned(ALL))
        elif short in ("AfterValidator", "BeforeValidator", "PlainValidator") and thing.given:
            value = frame.run.invoke(frame, frame.run.nowhere, thing.given[0], Arguments([value]))
        elif thing.instance and thing.named:
            value = constrained(frame, value, thing.named)
    return value


def constrained(frame: Frame, value: Value, named: dict[str, Value]) -> Value:
    """The value with what its constraints leave of it; Pydantic's patterns search, so they need both anchors."""
    length = bounded(named)
    if length:
        value = value.mapped(lambda t: t.cleaned(length))
    pattern = named.get("pattern") or named.get("regex")
    text = one_text(pattern) if pattern is not None else None
    if text is None:
        return value
    kinds = clean_after(text, whole=False)
    return value.mapped(lambda t: t.cleaned(kinds))


def default_source(frame: Frame, kind: str, name: str, node: ast.AST) -> Source:
    """A source at a node of the frame's module."""
    line = getattr(node, "lineno", frame.line)
    return Source(kind, name, frame.module.path, line, frame.module.line(line))


__all__ = ["Function", "Token", "constant", "default_source", "input_of", "type_of", "typed"]
