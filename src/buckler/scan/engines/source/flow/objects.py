"""The objects of an abstract run: containers, instances, functions, classes, modules, what libraries give."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow.values import UNKNOWN, Source, Taint, Value, bit, join

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame
    from buckler.scan.engines.source.flow.project import SourceModule

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
MOST_ITEMS = 64
SERIALS = itertools.count(1)
"""Numbers objects in the order in which they are made: what is older than a call is not its own."""


_MASS = bit("mass")


_DOCUMENTS = bit("pickle", "yaml", "xml", "unpack")
"""Nobody keeps a document as a key: what is read from under one is what was put there."""


def _unnamed(taint: Taint) -> Taint:
    return taint.cleaned(_MASS)


def _as_key(taint: Taint) -> Taint:
    return taint.cleaned(_DOCUMENTS)


class Container:
    """A list, tuple, set or dictionary: what is known of its elements, and what the others may be."""

    __slots__ = ("born", "items", "kind", "makes", "rest", "serial")

    def __init__(
        self, kind: str, born: int, items: dict[Any, Value] | None = None, rest: Value | None = None
    ) -> None:
        self.kind = kind
        self.born = born
        self.serial = next(SERIALS)
        self.items: dict[Any, Value] = items or {}
        self.rest = rest
        self.makes = ""

    @property
    def exact(self) -> bool:
        """Whether these are all of the elements."""
        return self.rest is None

    @property
    def ordered(self) -> bool:
        """Whether elements have a number."""
        return self.kind in ("list", "tuple")

    def all(self) -> list[Value]:
        """Every element, in order, what the others may be last."""
        return [*self.items.values(), *([self.rest] if self.rest is not None else [])]

    def element(self) -> Value:
        """What any of the elements may be."""
        return join(self.all())

    def get(self, key: Any) -> Value | None:
        """The element of a key; None where there is none."""
        if self.ordered and isinstance(key, int) and key < 0:
            if not self.exact:
                return self.element() if self.all() else None
            key += len(self.items)
        found = self.items.get(key)
        return found if found is not None else self.rest

    def put(self, key: Any, value: Value, *, surely: bool) -> None:
        """Set an element, beside what it was where it is not sure that this happens."""
        if not surely and key in self.items:
            value = join([self.items[key], value])
        if key in self.items or len(self.items) < MOST_ITEMS:
            self.items[key] = value
        else:
            self.spread(value)

    def spread(self, value: Value, key: Value | None = None) -> None:
        """An element of which the key is not known: whoever sends it names a field only by its key."""
        if key is not None:
            value = value.mapped(_unnamed)
            if key.taints:
                value = join([value, Value(None, (), key.taints).mapped(_as_key)])
        self.rest = value if self.rest is None else join([self.rest, value])

    def append(self, value: Value, *, surely: bool) -> None:
        """One more at the end."""
        if surely and self.exact and self.ordered and len(self.items) < MOST_ITEMS:
            self.items[len(self.items)] = value
        else:
            self.spread(value)

    def refill(self, values: list[Value]) -> None:
        """Other elements, numbered anew."""
        self.items = dict(enumerate(values))

    def loosen(self) -> None:
        """Forget which element is which."""
        if self.items:
            self.rest = self.element()
            self.items = {}


class Instance:
    """An object of a class of the project.

    Attributes:
        fields: Its attributes.
        lazy: Where its fields come from, for a model that a request fills: they are made when read.
    """

    __slots__ = ("born", "cls", "fields", "lazy", "read", "reading", "serial")

    def __init__(self, cls: ClassObject, born: int, lazy: Source | None = None) -> None:
        self.cls = cls
        self.born = born
        self.serial = next(SERIALS)
        self.fields: dict[str, Value] = {}
        self.lazy = lazy
        self.reading: set[str] = set()
        self.read = False


class ClassObject:
    """A class of the project."""

    __slots__ = ("annotations", "attrs", "bases", "frame", "module", "name", "node")

    def __init__(self, node: ast.ClassDef, module: SourceModule) -> None:
        self.node = node
        self.module = module
        self.name = node.name
        self.bases: list[Value] = []
        self.attrs: dict[str, Value] = {}
        self.annotations: dict[str, ast.expr] = {}
        self.frame: Frame | None = None

    def line_of_descent(self) -> list[ClassObject]:
        """The class and those of the project that it derives from, nearest first."""
        made: list[ClassObject] = []
        waiting: list[ClassObject] = [self]
        while waiting and len(made) < 24:
            one = waiting.pop(0)
            if one not in made:
                made.append(one)
                waiting += [b for base in one.bases for b in base.objs if type(b) is ClassObject]
        return made

    def external_bases(self) -> list[str]:
        """Dotted names of the classes of libraries that it derives from, project classes seen through."""
        return [
            thing.name
            for one in self.line_of_descent()
            for base in one.bases
            for thing in base.objs
            if type(thing) is External
        ]

    def lookup(self, name: str) -> Value | None:
        """An attribute of the class or of one it derives from."""
        for one in self.line_of_descent():
            if name in one.attrs:
                return one.attrs[name]
        return None


@dataclass(slots=True, eq=False)
class Function:
    """A function of the project, perhaps bound to an object, perhaps with arguments given already."""

    node: FunctionNode
    module: SourceModule
    frame: Frame | None = None
    bound: Value | None = None
    owner: ClassObject | None = None
    given: tuple[Value, ...] = ()
    named: dict[str, Value] = field(default_factory=dict)
    decorators: tuple[str, ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)
    wrapped: Function | None = None

    @property
    def name(self) -> str:
        """Its name; ``<lambda>`` for one that has none."""
        return self.node.name if not isinstance(self.node, ast.Lambda) else "<lambda>"


@dataclass(slots=True, eq=False)
class External:
    """Something of a library: a module, function or class by its dotted name, or an object of a class.

    Attributes:
        name: ``sqlalchemy.text``; of an instance, the name of its class.
        instance: Whether it is an object of that class.
        given: What it was made with, by position and name.
        origin: The name that the project calls it by, where the tables know it by another one.
    """

    name: str
    instance: bool = False
    given: tuple[Value, ...] = ()
    named: dict[str, Value] = field(default_factory=dict)
    fields: dict[str, Value] = field(default_factory=dict)
    source: Source | None = None
    row: ClassObject | None = None
    origin: str = ""


@dataclass(slots=True, eq=False)
class Method:
    """A method of a value that is no object of the project: ``"".join``, ``session.execute``."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Partial:
    """``functools.partial`` of anything that can be called."""

    called: Value
    given: tuple[Value, ...]
    named: dict[str, Value]


@dataclass(slots=True, eq=False)
class ModuleObject:
    """A module of the project."""

    module: SourceModule


@dataclass(slots=True, eq=False)
class Super:
    """``super()`` inside of a method."""

    owner: ClassObject
    bound: Value


def opaque(value: Value) -> Value | None:
    """The part of a value that is input of unknown shape, beside objects that say themselves what they hold."""
    if not value.taints or not value.objs:
        return None
    if any(type(t) not in (Container, Instance, ClassObject) for t in value.objs):
        return None
    return Value(None, (), value.taints)


def things(value: Value, kind: type) -> list[Any]:
    """The objects of one type that a value may be."""
    return [thing for thing in value.objs if type(thing) is kind]


MOST_HELD = 200


def deep_taints(value: Value) -> list[Value]:
    """The value and all that it holds, each once, as far as that goes."""
    made = [value]
    if not value.objs:
        return made
    seen: set[int] = set()
    waiting = list(value.objs)
    while waiting and len(made) < MOST_HELD:
        thing = waiting.pop()
        kind = type(thing)
        if kind is Container:
            held = thing.all()
        elif kind is Instance:
            held = list(thing.fields.values())
        else:
            continue
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for item in held:
            made.append(item)
            waiting += item.objs
    return made


__all__ = [
    "UNKNOWN",
    "ClassObject",
    "Container",
    "External",
    "Function",
    "Instance",
    "Method",
    "ModuleObject",
    "Partial",
    "Super",
    "deep_taints",
    "opaque",
    "things",
]
