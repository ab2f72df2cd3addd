"""What is known of a value that an answer holds, as the code that reads it shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Union

RANK = ("", "boolean", "text", "date", "number", "integer", "array", "object", "schema")
"""Kinds, the vaguest first: what is formatted as a text may still be a number."""

_PLAIN = {"object": "object", "array": "array", "string": "text", "number": "number"}
_PLAIN.update(integer="integer", boolean="boolean")
_TELLING = frozenset(
    "properties enum const format pattern minimum maximum exclusiveMinimum exclusiveMaximum"
    " multipleOf minLength maxLength minItems prefixItems examples default allOf anyOf".split()
)


@dataclass
class Shape:
    """One value.

    Attributes:
        kind: One of :data:`RANK`; empty while nothing is known.
        fields: Of an object, by name.
        chosen: Fields whose names stand in variables: the expression, the number of the frame in
            which it is evaluated, and the value.
        item: Of an array, what it holds; of an object without names, each value.
        schema: JSON Schema, where a model checks it.
        literal: What it is compared with, in a list of one; empty while nothing is known.
        alike: What it is compared with where that stands in a variable: the expression and the
            number of the frame.
        nested: What it holds as JSON in a text.
        absent: Its presence means failure.
        formatted: Format of a date's text, for ``strptime``; ``stamp`` and the like else.
        count: How many items an array has at least.
    """

    kind: str = ""
    fields: Dict[str, "Shape"] = field(default_factory=dict)
    chosen: List[Tuple[Any, int, "Shape"]] = field(default_factory=list)
    item: Optional["Shape"] = None
    schema: Optional[Dict[str, Any]] = None
    literal: List[Any] = field(default_factory=list)
    alike: Optional[Tuple[Any, int]] = None
    nested: Optional["Shape"] = None
    absent: bool = False
    formatted: str = ""
    count: int = 1

    def become(self, kind: str) -> "Shape":
        """Know more; the more exact kind stays."""
        if RANK.index(kind) > RANK.index(self.kind):
            self.kind = kind
        return self

    def child(self, name: str) -> "Shape":
        """The field of that name."""
        self.become("object")
        return self.fields.setdefault(name, Shape())

    def each(self) -> "Shape":
        """What an array holds; the values of what is known to be an object."""
        if self.kind != "object":
            self.become("array")
        if self.item is None:
            self.item = Shape()
        return self.item

    def fits(self, schema: Dict[str, Any]) -> "Shape":
        """Know that a model checks it; an annotation like ``dict`` says no more than a kind."""
        plain = _PLAIN.get(str(schema.get("type")))
        inner = schema.get("items") or schema.get("additionalProperties")
        if plain is not None and not isinstance(inner, dict) and not _TELLING & set(schema):
            self.become(plain)
        elif schema and self.schema is None:
            self.schema = schema
            self.become("schema")
        return self

    def equals(self, value: Any) -> "Shape":
        """Know what it is compared with."""
        if not self.literal and (value is None or isinstance(value, (str, int, float))):
            self.literal.append(value)
        return self


@dataclass
class Response:
    """An answer.

    Attributes:
        body: The value that it holds.
        headers: An object of those that are read.
        status: The one that the code goes on with.
        json: The body is read as JSON.
        plain: The body is read as text.
        raw: How the text of the body is taken: ``html``, ``xml``, ``number``, or nothing known.
    """

    body: Shape = field(default_factory=Shape)
    headers: Shape = field(default_factory=lambda: Shape("object"))
    status: int = 200
    json: bool = False
    plain: bool = False
    raw: str = ""


@dataclass
class Raw:
    """The text or the bytes of an answer's body."""

    response: Response


@dataclass
class Status:
    """The status of an answer."""

    response: Response


@dataclass
class Group:
    """A collection that the code itself makes, or several answers at once.

    Attributes:
        items: Of a tuple, each.
        same: What stands for any of them, where they are alike.
        key: Of a dictionary, what stands for its keys.
    """

    items: List[Any]
    same: Any = None
    key: Optional[Shape] = None

    @property
    def first(self) -> Any:
        """What stands for any of them."""
        return self.same if self.same is not None else next((i for i in self.items if i), None)


@dataclass
class Record:
    """A dictionary that the code itself makes."""

    items: Dict[str, Any]


Value = Union[Shape, Response, Raw, Status, Group, Record, None]
