"""BSON for the stand-in for MongoDB: every type of the specification (bsonspec.org, version 1.1).

Threat: documents come from the application that is scanned. Lengths are checked against what is
there, nesting is bounded, and whatever is no BSON raises :class:`BsonError` and nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

MAX_DEPTH = 120
"""Documents inside of each other: those that are stored, 100 deep, with an answer around them."""

Document: TypeAlias = dict[str, Any]


class BsonError(ValueError):
    """Bytes that are no BSON, or a value that BSON cannot hold."""


class Int64(int):
    """A whole number that came as 64 bits, and is sent as such."""


class Code(str):
    """JavaScript; it is never run."""

    __slots__ = ()


class Symbol(str):
    """A text of the deprecated type for symbols."""

    __slots__ = ()


def fits(value: int, bits: int) -> bool:
    """Whether a whole number can be held by so many bits, one of them for the sign."""
    return -(1 << bits - 1) <= value < 1 << bits - 1


@dataclass(frozen=True, slots=True)
class ScopedCode:
    """JavaScript with variables (deprecated); never run."""

    code: str
    scope: Document

    def __hash__(self) -> int:
        return hash(self.code)


@dataclass(frozen=True, slots=True)
class ObjectId:
    """Twelve bytes."""

    raw: bytes

    def __str__(self) -> str:
        return self.raw.hex()


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes with their subtype; for subtype 2 the inner length is left out."""

    data: bytes
    subtype: int = 0


@dataclass(frozen=True, slots=True)
class Date:
    """Milliseconds since 1970, UTC."""

    ms: int


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Seconds since 1970 and a counter."""

    time: int
    inc: int


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern and its options, in the order in which they came."""

    pattern: str
    options: str = ""


@dataclass(frozen=True, slots=True)
class Decimal128:
    """Sixteen bytes of a decimal number (IEEE 754-2008), as they came."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Pointer:
    """A reference of the deprecated type DBPointer."""

    name: str
    id: bytes


@dataclass(frozen=True, slots=True)
class Undefined:
    """The deprecated value of that name."""


@dataclass(frozen=True, slots=True)
class MinKey:
    """Comes before everything."""


@dataclass(frozen=True, slots=True)
class MaxKey:
    """Comes after everything."""


def decode(data: bytes | memoryview) -> Document:
    """One document, which has to fill the bytes.

    Raises:
        BsonError: It is none.
    """
    reader = _Reader(bytes(data))
    found = reader.document(0)
    if reader.at != len(reader.data):
        raise BsonError("bytes are left behind the document")
    return found


def length_of(data: bytes, at: int) -> int:
    """The length that a document at this place announces, itself included.

    Raises:
        BsonError: It cannot be.
    """
    if at + 4 > len(data):
        raise BsonError("the document has no length")
    length = int.from_bytes(data[at : at + 4], "little", signed=True)
    if length < 5 or at + length > len(data):
        raise BsonError("the length of the document is wrong")
    return length


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def document(self, depth: int) -> Document:
        return dict(self._elements(depth))

    def _elements(self, depth: int) -> list[tuple[str, Any]]:
        if depth > MAX_DEPTH:
            raise BsonError(f"the document is nested more than {MAX_DEPTH} deep")
        end = self.at + length_of(self.data, self.at)
        self.at += 4
        found = []
        while True:
            kind = self._take(1)[0]
            if kind == 0:
                break
            name = self._name()
            read = _READERS.get(kind)
            if read is None:
                raise BsonError(f"the type {kind:#04x} is not known")
            found.append((name, read(self, depth)))
        if self.at != end:
            raise BsonError("the length of the document is wrong")
        return found

    def array(self, depth: int) -> list[Any]:
        """The keys of an array are not looked at, as drivers do it."""
        return [value for _, value in self._elements(depth)]

    def _take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if count < 0 or len(taken) != count:
            raise BsonError("the document ends in the middle")
        self.at += count
        return taken

    def _name(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise BsonError("a name does not end")
        raw = self.data[self.at : end]
        self.at = end + 1
        return _text(raw)

    def number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def string(self) -> str:
        raw = self._take(self.number("<i"))
        if not raw.endswith(b"\0"):
            raise BsonError("a text does not end with a zero")
        return _text(raw[:-1])

    def binary(self) -> Binary:
        length = self.number("<i")
        subtype = self._take(1)[0]
        data = self._take(length)
        if subtype == 2:
            if length < 4 or int.from_bytes(data[:4], "little", signed=True) != length - 4:
                raise BsonError("the inner length of a binary is wrong")
            data = data[4:]
        return Binary(data, subtype)

    def boolean(self) -> bool:
        value = self._take(1)[0]
        if value > 1:
            raise BsonError("a boolean is neither 0 nor 1")
        return value == 1

    def regex(self) -> Regex:
        return Regex(self._name(), self._name())

    def timestamp(self) -> Timestamp:
        inc = self.number("<I")
        return Timestamp(self.number("<I"), inc)

    def scoped(self, depth: int) -> ScopedCode:
        end = self.at + self.number("<i")
        code = ScopedCode(self.string(), self.document(depth + 1))
        if self.at != end:
            raise BsonError("the length of a code with scope is wrong")
        return code

    def pointer(self) -> Pointer:
        return Pointer(self.string(), self._take(12))

    def object_id(self) -> ObjectId:
        return ObjectId(self._take(12))

    def decimal(self) -> Decimal128:
        return Decimal128(self._take(16))


_READERS: dict[int, Callable[[_Reader, int], Any]] = {
    0x01: lambda r, _: r.number("<d"),
    0x02: lambda r, _: r.string(),
    0x03: lambda r, depth: r.document(depth + 1),
    0x04: lambda r, depth: r.array(depth + 1),
    0x05: lambda r, _: r.binary(),
    0x06: lambda r, _: Undefined(),
    0x07: lambda r, _: r.object_id(),
    0x08: lambda r, _: r.boolean(),
    0x09: lambda r, _: Date(r.number("<q")),
    0x0A: lambda r, _: None,
    0x0B: lambda r, _: r.regex(),
    0x0C: lambda r, _: r.pointer(),
    0x0D: lambda r, _: Code(r.string()),
    0x0E: lambda r, _: Symbol(r.string()),
    0x0F: lambda r, depth: r.scoped(depth),
    0x10: lambda r, _: r.number("<i"),
    0x11: lambda r, _: r.timestamp(),
    0x12: lambda r, _: Int64(r.number("<q")),
    0x13: lambda r, _: r.decimal(),
    0x7F: lambda r, _: MaxKey(),
    0xFF: lambda r, _: MinKey(),
}


def encode(document: Document, deepest: int = MAX_DEPTH) -> bytes:
    """The bytes of a document.

    Args:
        document: A document.
        deepest: How far it may be nested.

    Raises:
        BsonError: It is too deep, or holds what BSON cannot.
    """
    return _document(document, MAX_DEPTH - deepest)


def _document(document: Document, depth: int) -> bytes:
    return _framed(((name, value) for name, value in document.items()), depth)


def _framed(items: Any, depth: int) -> bytes:
    if depth > MAX_DEPTH:
        raise BsonError("the document is nested too deep")
    body = b"".join(_element(name, value, depth) for name, value in items)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _element(name: str, value: Any, depth: int) -> bytes:
    kind, body = _value(value, depth)
    return bytes((kind,)) + _cstring(name) + body


def _value(value: Any, depth: int) -> tuple[int, bytes]:
    if isinstance(value, list):
        return 0x04, _framed(((str(i), item) for i, item in enumerate(value)), depth + 1)
    if isinstance(value, dict):
        return 0x03, _document(value, depth + 1)
    write = _WRITERS.get(type(value))
    if write is None:
        raise BsonError(f"BSON cannot hold a {type(value).__name__}")
    return write(value)


def _integer(value: int) -> tuple[int, bytes]:
    if fits(value, 32):
        return 0x10, struct.pack("<i", value)
    return _long(value)


def _long(value: int) -> tuple[int, bytes]:
    if not fits(value, 64):
        raise BsonError("a whole number has more than 64 bits")
    return 0x12, struct.pack("<q", value)


def _binary(value: Binary) -> tuple[int, bytes]:
    data = struct.pack("<i", len(value.data)) + value.data if value.subtype == 2 else value.data
    return 0x05, struct.pack("<iB", len(data), value.subtype) + data


def _scoped(value: ScopedCode) -> tuple[int, bytes]:
    body = _string(value.code) + encode(value.scope)
    return 0x0F, struct.pack("<i", len(body) + 4) + body


_WRITERS: dict[type, Callable[[Any], tuple[int, bytes]]] = {
    float: lambda v: (0x01, struct.pack("<d", v)),
    str: lambda v: (0x02, _string(v)),
    Binary: _binary,
    Undefined: lambda _: (0x06, b""),
    ObjectId: lambda v: (0x07, v.raw),
    bool: lambda v: (0x08, b"\1" if v else b"\0"),
    Date: lambda v: (0x09, _long(v.ms)[1]),
    type(None): lambda _: (0x0A, b""),
    Regex: lambda v: (0x0B, _cstring(v.pattern) + _cstring(v.options)),
    Pointer: lambda v: (0x0C, _string(v.name) + v.id),
    Code: lambda v: (0x0D, _string(v)),
    Symbol: lambda v: (0x0E, _string(v)),
    ScopedCode: _scoped,
    int: _integer,
    Timestamp: lambda v: (0x11, struct.pack("<II", v.inc, v.time)),
    Int64: _long,
    Decimal128: lambda v: (0x13, v.raw),
    MaxKey: lambda _: (0x7F, b""),
    MinKey: lambda _: (0xFF, b""),
}


def _string(value: str) -> bytes:
    raw = _raw(value) + b"\0"
    return struct.pack("<i", len(raw)) + raw


def _cstring(value: str) -> bytes:
    raw = _raw(value)
    if b"\0" in raw:
        raise BsonError("a name holds a zero byte")
    return raw + b"\0"


def _raw(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise BsonError("a text cannot be written as UTF-8") from error


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BsonError("a text is no UTF-8") from error
