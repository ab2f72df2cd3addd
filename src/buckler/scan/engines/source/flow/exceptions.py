"""What exceptions say: the text of one that nobody wrote for a reader tells of paths, hosts and statements.

An exception of the project holds what it was made with. One of a library holds what only the library
knows, unless the project itself has raised it with words of its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Instance,
    deep_taints,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    hole,
    join,
    joined_taints,
    obj,
    texts_of,
)

KIND = "exception"
REFUSED_BODY = "*:refused"
"""The name of a body that a validation error holds: any of the application's, sign-ins included."""
REFUSED = "fastapi.exceptions.RequestValidationError"
WORDED = frozenset(
    f"builtins.{name}"
    for name in (
        "ValueError",
        "TypeError",
        "LookupError",
        "KeyError",
        "IndexError",
        "RuntimeError",
        "PermissionError",
        "NotImplementedError",
        "ArithmeticError",
        "AssertionError",
    )
)
"""Exceptions of Python that programs raise with a message for whoever called them."""
FOR_CLIENTS = frozenset(
    {
        "fastapi.HTTPException",
        "fastapi.exceptions.RequestValidationError",
        "fastapi.exceptions.WebSocketRequestValidationError",
        "fastapi.exceptions.RequestErrorModel",
        "fastapi.WebSocketException",
        "fastapi.WebSocketDisconnect",
        "starlette.exceptions.WebSocketException",
        "starlette.websockets.WebSocketDisconnect",
        "pydantic.ValidationError",
        "pydantic.PydanticCustomError",
        "werkzeug.exceptions.HTTPException",
    }
)
"""Exceptions whose text is made for the one who sent the request."""
INTERNAL = re.compile(
    r"(?<![\w<])/\w+/\w+|\w+://|\w:\d{2,5}\b|\\\w+\\|\b(select|insert|update)\b.+\b(from|into|set)\b",
    re.I,
)
"""A path, an address, a port, a statement."""
_HELD = frozenset(
    {"args", "strerror", "filename", "filename2", "orig", "message", "msg", "reason", "detail"}
    | {"stderr", "stdout", "output", "cmd", "statement", "params", "doc", "object", "diag"}
    | {"pgerror", "__cause__", "__context__", "__notes__", "__dict__", "exceptions", "value"}
)


class Exceptions:
    """Remembers what the project raises.

    Attributes:
        raised: Objects of its own classes.
        said: Arguments of exceptions of others that it has raised, by class.
        causes: What an exception was raised from, by its serial number.
    """

    def __init__(self) -> None:
        self.raised: dict[ClassObject, list[Instance]] = {}
        self.said: dict[str, list[Value]] = {}
        self.causes: dict[int, Value] = {}

    def raising(self, frame: Frame, node: ast.Raise, value: Value) -> None:
        """An exception is raised: whoever catches it gets what it holds."""
        cause = evaluate(frame, node.cause) if node.cause is not None else UNKNOWN
        for thing in things(value, Instance):
            known = self.raised.setdefault(thing.cls, [])
            if len(known) < 8 and thing not in known:
                known.append(thing)
            if cause.taints or cause.objs:
                self.causes[thing.serial] = cause
        for made in things(value, External):
            self.said.setdefault(canonical(made.name), []).extend(made.given)

    def caught(self, frame: Frame, handler: ast.ExceptHandler) -> Value:
        """The exception that a handler names."""
        kinds = evaluate(frame, handler.type) if handler.type is not None else UNKNOWN
        return self.of(frame, kinds, handler)

    def of(self, frame: Frame, kinds: Value, node: ast.AST) -> Value:
        """An exception of one of these classes."""
        found: list[Value] = []
        for thing in _classes(kinds):
            if type(thing) is ClassObject:
                found += [obj(made) for made in self.made_of(frame, thing)]
            elif type(thing) is External:
                found.append(self._of_library(frame, canonical(thing.name), node))
        return join(found) if found else self._unknown(frame, "", node)

    def made_of(self, frame: Frame, cls: ClassObject) -> list[Instance]:
        """What may have been raised of a class: the objects that were, or one of which nothing is known."""
        made = [
            i for known, each in self.raised.items() if cls in known.line_of_descent() for i in each
        ]
        return made[:6] or [Instance(cls, frame.run.path)]

    def _of_library(self, frame: Frame, name: str, node: ast.AST) -> Value:
        if name == "fastapi.exceptions.RequestValidationError":
            return obj(External(REFUSED, True))
        if name in FOR_CLIENTS:
            return UNKNOWN
        said = self.said.get(name, []) if name in WORDED else []
        short = name.rpartition(".")[2]
        if said and any(_internal(value) for value in said):
            return self._unknown(frame, f"{short} that names something of the inside", node)
        if said:
            return hole(joined_taints(*(v.taints for s in said for v in deep_taints(s))))
        return self._unknown(frame, short, node)

    def _unknown(self, frame: Frame, name: str, node: ast.AST) -> Value:
        return Value(None, (), fresh(frame, default_source(frame, KIND, name, node)).taints, KIND)

    def attribute(self, frame: Frame, node: ast.AST, owner: Value, name: str) -> Value | None:
        """What an attribute of an exception holds; None where it is no exception's."""
        if owner.kind == KIND and not owner.objs:
            return Value(None, (), owner.taints, KIND) if name in _HELD else Value(kind="int")
        if name == "body" and any(t.name == REFUSED for t in things(owner, External)):
            return fresh(frame, default_source(frame, "body", REFUSED_BODY, node))
        for thing in things(owner, Instance):
            if name in ("__cause__", "__context__") and thing.serial in self.causes:
                return self.causes[thing.serial]
            if name == "args" and "__args__" in thing.fields and "args" not in thing.fields:
                given: Value = thing.fields["__args__"]
                return given
        return None

    def initialized(self, thing: External, given: Arguments) -> None:
        """``super().__init__(message)`` of an exception of the project."""
        for made in things(thing.fields.get("@self", UNKNOWN), Instance):
            arguments = dict(enumerate([*given.positional, *given.named.values()]))
            made.fields["__args__"] = obj(Container("tuple", made.born, arguments))


def _classes(kinds: Value) -> Iterator[object]:
    for thing in kinds.objs:
        if type(thing) is Container:
            for item in thing.all():
                yield from item.objs
        else:
            yield thing


def _internal(value: Value) -> bool:
    """Whether a message names something of the inside."""
    return any(
        isinstance(part, str) and INTERNAL.search(part)
        for text in (texts_of(value) if value.alts is not None else ())
        for part in text
    )
