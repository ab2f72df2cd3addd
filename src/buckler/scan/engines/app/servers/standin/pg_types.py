"""Values on the wire of PostgreSQL, as text and binary (PostgreSQL manual, chapter 55, and the
``send`` and ``recv`` functions of each type).
"""

from __future__ import annotations

import json
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

OIDS: Mapping[str, int] = {
    "integer": 20,
    "real": 701,
    "numeric": 1700,
    "text": 25,
    "boolean": 16,
    "timestamp": 1114,
    "timestamptz": 1184,
    "date": 1082,
    "time": 1083,
    "uuid": 2950,
    "json": 114,
    "blob": 17,
    "oid": 26,
    "char": 18,
}
ARRAYS: Mapping[str, int] = {
    "integer": 1016,
    "real": 1022,
    "numeric": 1231,
    "text": 1009,
    "boolean": 1000,
    "timestamp": 1115,
    "timestamptz": 1185,
    "date": 1182,
    "uuid": 2951,
    "oid": 1028,
}
"""Of arrays, by what is in them."""
CATEGORIES: Mapping[int, str] = {
    **{oid: name for name, oid in OIDS.items()},
    **{oid: f"{name}[]" for name, oid in ARRAYS.items()},
    **dict.fromkeys((21, 23), "integer"),
    **dict.fromkeys((19, 1042, 1043, 705), "text"),
    700: "real",
    3802: "json",
    **dict.fromkeys((1005, 1007), "integer[]"),
    1015: "text[]",
}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = date(2000, 1, 1)
_SECOND = timedelta(microseconds=1)
_WHOLE = {1: "!b", 2: "!h", 4: "!i", 8: "!q"}
_REAL = {4: "!f", 8: "!d"}
_NEGATIVE, _NAN = 0x4000, 0xC000
MAX_ITEMS = 10_000
_ITEM = re.compile(r'("(?:[^"\\]|\\.)*")|([^,"]+)', re.DOTALL)


def oid_of(category: str) -> int:
    """The OID of a category; unknown ones are texts."""
    if category.endswith("[]"):
        return ARRAYS.get(category[:-2], ARRAYS["text"])
    return OIDS.get(category, OIDS["text"])


def encoded(value: object, category: str, binary: bool) -> bytes | None:
    """A value as the client wants it; None, and what does not fit its category, is NULL."""
    if value is None:
        return None
    try:
        if category.endswith("[]"):
            return _array(value, category[:-2], binary)
        if binary:
            return _BINARY.get(category, _text)(value)
        return _shown(value, category).encode()
    except (ValueError, TypeError, OverflowError, struct.error, InvalidOperation):
        return None


def decoded(data: bytes | None, oid: int, wanted: str, binary: bool) -> object:
    """A parameter as SQLite takes it; arrays come out as JSON texts.

    Args:
        data: As it was sent; None for NULL.
        oid: Of its type as the client or we said; 0 where nobody did.
        wanted: The category that the statement asks for.
        binary: How it was sent.

    Raises:
        ValueError: It is none of that type.
    """
    if data is None:
        return None
    category = CATEGORIES.get(oid, wanted)
    if not binary:
        return _read_text(data.decode(), category)
    try:
        if category.endswith("[]"):
            return json.dumps(_read_array(data, category[:-2]))
        return _READERS.get(category, bytes.decode)(data)
    except (struct.error, OverflowError, KeyError) as error:
        raise ValueError(f"a value of {len(data)} bytes is no {category}") from error


def _shown(value: object, category: str) -> str:
    if category == "boolean":
        return "t" if _truth(value) else "f"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if category == "integer":
        return str(int(str(value)))
    if category == "timestamptz":
        return f"{_moment(value):%Y-%m-%d %H:%M:%S.%f}+00"
    if category == "timestamp":
        return f"{_moment(value):%Y-%m-%d %H:%M:%S.%f}"
    return str(value)[:10] if category == "date" else str(value)


def _truth(value: object) -> bool:
    return str(value).lower() not in ("0", "f", "false", "")


def _moment(value: object) -> datetime:
    found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _micros(value: object) -> bytes:
    return struct.pack("!q", (_moment(value) - _EPOCH) // _SECOND)


def _text(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _days(value: object) -> bytes:
    return struct.pack("!i", (date.fromisoformat(str(value)[:10]) - _DAY).days)


def _clock(value: object) -> bytes:
    found = time.fromisoformat(str(value))
    whole = timedelta(
        hours=found.hour,
        minutes=found.minute,
        seconds=found.second,
        microseconds=found.microsecond,
    )
    return struct.pack("!q", whole // _SECOND)


def _numeric(value: object) -> bytes:
    """Groups of four decimal digits, with the weight of the first (``numeric_send``)."""
    number = Decimal(str(value))
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return struct.pack("!HhHH", 0, 0, _NAN, 0)
    scale = max(-exponent, 0)
    text = ("".join(map(str, digits)) + "0" * max(exponent, 0)).zfill(scale)
    whole, part = (text[: len(text) - scale], text[len(text) - scale :]) if scale else (text, "")
    whole = whole.zfill(-(-len(whole) // 4) * 4)
    part = part.ljust(-(-len(part) // 4) * 4, "0")
    groups = [int((whole + part)[at : at + 4]) for at in range(0, len(whole + part), 4)]
    weight = len(whole) // 4 - 1
    head = struct.pack("!HhHH", len(groups), weight, _NEGATIVE if sign else 0, scale)
    return head + b"".join(struct.pack("!H", group) for group in groups)


def _array(value: object, inner: str, binary: bool) -> bytes:
    items = json.loads(str(value)) if str(value).startswith("[") else []
    items = items[:MAX_ITEMS] if isinstance(items, list) else []
    if not binary:
        shown = ("NULL" if item is None else _quoted(_shown(item, inner)) for item in items)
        return ("{" + ",".join(shown) + "}").encode()
    made = [encoded(item, inner, True) for item in items]
    head = struct.pack("!iii", 1 if made else 0, int(None in made), oid_of(inner))
    head += struct.pack("!ii", len(made), 1) if made else b""
    parts = (struct.pack("!i", -1) if m is None else struct.pack("!i", len(m)) + m for m in made)
    return head + b"".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_BINARY: Mapping[str, Callable[[object], bytes]] = {
    "integer": lambda value: struct.pack("!q", int(str(value))),
    "oid": lambda value: struct.pack("!I", int(str(value))),
    "real": lambda value: struct.pack("!d", float(str(value))),
    "numeric": _numeric,
    "boolean": lambda value: b"\1" if _truth(value) else b"\0",
    "timestamp": _micros,
    "timestamptz": _micros,
    "date": _days,
    "time": _clock,
    "uuid": lambda value: uuid.UUID(str(value)).bytes,
}


def _read_text(text: str, category: str) -> object:
    if category == "integer":
        return int(text)
    if category == "real":
        return float(text)
    if category == "boolean":
        return int(text.lower() in ("t", "true", "1", "y", "yes", "on"))
    if category == "blob" and text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    if category.endswith("[]") and text.startswith("{"):
        return json.dumps([_read_item(item, category[:-2]) for item in _ITEM.findall(text[1:-1])])
    return text


def _read_item(found: tuple[str, str], inner: str) -> object:
    """One item of an array: in quotes, where a backslash stands before what is meant, or bare."""
    quoted, bare = found
    if quoted:
        return _read_text(re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL), inner)
    return None if bare == "NULL" else _read_text(bare, inner)


def _read_numeric(data: bytes) -> str:
    count, weight, sign, scale = struct.unpack_from("!HhHH", data)
    if sign == _NAN:
        return "NaN"
    groups = struct.unpack_from(f"!{count}H", data, 8)
    number = sum(
        (Decimal(g) * Decimal(10000) ** (weight - n) for n, g in enumerate(groups)), Decimal()
    )
    return f"{-number if sign == _NEGATIVE else number:.{min(scale, 100)}f}"


def _read_array(data: bytes, inner: str) -> list[object]:
    dimensions, _, oid = struct.unpack_from("!iii", data)
    if not dimensions:
        return []
    count, _ = struct.unpack_from("!ii", data, 12)
    found: list[object] = []
    at = 12 + 8 * dimensions
    for _ in range(min(count, MAX_ITEMS)):
        (length,) = struct.unpack_from("!i", data, at)
        at += 4
        item = None if length < 0 else data[at : at + length]
        at += max(length, 0)
        found.append(decoded(item, oid, inner, True))
    return found


def _since(data: bytes, zone: str) -> str:
    (micros,) = struct.unpack("!q", data)
    return f"{_EPOCH + timedelta(microseconds=micros):%Y-%m-%d %H:%M:%S.%f}{zone}"


_READERS: Mapping[str, Callable[[bytes], object]] = {
    "integer": lambda data: struct.unpack(_WHOLE[len(data)], data)[0],
    "oid": lambda data: struct.unpack("!I", data)[0],
    "real": lambda data: struct.unpack(_REAL[len(data)], data)[0],
    "numeric": _read_numeric,
    "boolean": lambda data: int(data != b"\0"),
    "timestamp": lambda data: _since(data, ""),
    "timestamptz": lambda data: _since(data, "+00:00"),
    "date": lambda data: (_DAY + timedelta(days=struct.unpack("!i", data)[0])).isoformat(),
    "time": lambda data: str(_EPOCH + timedelta(microseconds=struct.unpack("!q", data)[0]))[11:26],
    "uuid": lambda data: str(uuid.UUID(bytes=data)),
    "json": lambda data: data.removeprefix(b"\1").decode(),
    "blob": bytes,
}
