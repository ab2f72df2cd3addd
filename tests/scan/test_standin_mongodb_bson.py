"""The BSON of the stand-in for MongoDB against that of pymongo, and against bytes that are none."""

from __future__ import annotations

import random
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128, create_decimal128_context
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.objectid import ObjectId
from bson.regex import Regex
from bson.timestamp import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.scan.engines.app.servers.standin import mongo_bson as ours
from buckler.scan.engines.app.servers.standin import mongo_numbers, mongo_order

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_MS,
    uuid_representation=UuidRepresentation.UNSPECIFIED,
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**40), 2**40).map(Int64),
    st.floats(),
    TEXTS,
    st.binary(max_size=20),
    st.builds(Binary, st.binary(max_size=20), st.sampled_from([0, 1, 2, 5, 6, 128, 255])),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(-(2**62), 2**62).map(DatetimeMS),
    st.builds(Regex, NAMES, st.sampled_from(["", "i", "im", "imsx"])),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
    NAMES.map(bson.Code),
    st.builds(bson.Code, NAMES, st.dictionaries(NAMES, st.integers(0, 9), max_size=2)),
    st.just(MinKey()),
    st.just(MaxKey()),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


@given(DOCUMENTS)
@settings(max_examples=400, deadline=None)
def test_what_a_driver_writes_is_read_and_written_again(document: dict[str, Any]) -> None:
    data = bson.encode(document, codec_options=OPTIONS)
    read = ours.decode(data)
    assert ours.encode(read) == data
    assert bson.encode(bson.decode(ours.encode(read), OPTIONS), codec_options=OPTIONS) == data


@pytest.mark.parametrize(
    ("kind", "body", "value"),
    [
        (0x06, b"", ours.Undefined()),
        (0x0C, b"\x02\0\0\0n\0" + bytes(12), ours.Pointer("n", bytes(12))),
        (0x0E, b"\x02\0\0\0n\0", ours.Symbol("n")),
    ],
)
def test_types_of_long_ago(kind: int, body: bytes, value: Any) -> None:
    inner = bytes((kind,)) + b"a\0" + body + b"\0"
    data = struct.pack("<i", len(inner) + 4) + inner
    assert ours.decode(data) == {"a": value}
    assert ours.encode({"a": value}) == data


def test_values_are_those_that_were_meant() -> None:
    when = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)
    read = ours.decode(bson.encode({"d": when, "n": 2**31, "b": b"x", "s": "ä", "l": [1, None]}))
    assert read == {
        "d": ours.Date(int(when.timestamp() * 1000)),
        "n": 2**31,
        "b": ours.Binary(b"x"),
        "s": "ä",
        "l": [1, None],
    }


@given(st.binary(max_size=60))
@settings(max_examples=500, deadline=None)
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    try:
        read = ours.decode(data)
    except ours.BsonError:
        return
    assert len(ours.encode(read)) <= len(data)


@given(DOCUMENTS, st.data())
@settings(max_examples=300, deadline=None)
def test_a_document_that_was_changed_on_the_way_is_refused_or_read(
    document: dict[str, Any], data: st.DataObject
) -> None:
    raw = bytearray(bson.encode(document, codec_options=OPTIONS))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    try:
        read = ours.decode(bytes(raw))
    except ours.BsonError:
        return
    # By what is shown of it: not-a-number is not equal to itself.
    assert repr(ours.decode(ours.encode(read))) == repr(read)


@pytest.mark.parametrize("array", [False, True])
def test_nesting_has_an_end(array: bool) -> None:
    data = b"\x05\0\0\0\0"
    for _ in range(ours.MAX_DEPTH + 1):
        inner = (b"\x04" if array else b"\x03") + b"0\0" + data + b"\0"
        data = struct.pack("<i", len(inner) + 4) + inner
    with pytest.raises(ours.BsonError, match="nested"):
        ours.decode(data)
    value: Any = 1
    for _ in range(ours.MAX_DEPTH + 1):
        value = [value] if array else {"a": value}
    with pytest.raises(ours.BsonError, match="nested"):
        ours.encode({"a": value})


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, object(), "\ud800", {"a\0b": 1}])
def test_what_bson_cannot_hold(value: Any) -> None:
    with pytest.raises(ours.BsonError):
        ours.encode({"a": value})


DECIMALS = ["0", "-0", "1.5", "-1E+6111", "9.999E-6170", "NaN", "Infinity", "-Infinity", "1" * 34]


@pytest.mark.parametrize("text", DECIMALS)
def test_decimal_numbers_are_read_and_written(text: str) -> None:
    there = Decimal128(text)
    read = mongo_numbers.decimal_of(ours.Decimal128(there.bid))
    assert str(read) == str(there.to_decimal())
    assert mongo_numbers.decimal_from(read).raw == there.bid


@given(st.decimals(allow_nan=False, allow_infinity=False))
@settings(max_examples=200, deadline=None)
def test_decimal_numbers_are_rounded_as_the_driver_does(number: Decimal) -> None:
    context = create_decimal128_context()
    rounded = context.create_decimal(number)
    assert mongo_numbers.decimal_from(number).raw == Decimal128(rounded).bid


RAW = st.binary(min_size=16, max_size=16)


@given(RAW, RAW)
@settings(max_examples=400, deadline=None)
def test_any_sixteen_bytes_are_a_decimal_number(first: bytes, second: bytes) -> None:
    one, other = (Decimal128.from_bid(raw).to_decimal() for raw in (first, second))
    keys = [mongo_order.order(ours.Decimal128(raw)) for raw in (first, second)]
    # Not-a-number is equal to itself, and before all others (the manual: "Comparison/Sort Order").
    smaller = not other.is_nan() if one.is_nan() else not other.is_nan() and one < other
    alike = one.is_nan() and other.is_nan() if one.is_nan() or other.is_nan() else one == other
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (smaller, alike)


def test_types_sort_as_the_manual_has_it() -> None:
    ordered: list[Any] = [
        ours.MinKey(),
        None,
        float("nan"),
        float("-inf"),
        -1,
        ours.Decimal128(Decimal128("-0.5").bid),
        0.25,
        ours.Int64(7),
        "a",
        "b",
        {},
        {"a": 1},
        {"a": 2},
        {"b": 0},
        [],
        [1],
        ours.Binary(b"zz"),
        ours.Binary(b"aaa"),
        ours.ObjectId(bytes(12)),
        False,
        True,
        ours.Date(-5),
        ours.Date(5),
        ours.Timestamp(0, 1),
        ours.Regex("a"),
        ours.MaxKey(),
    ]
    mixed = list(ordered)
    random.Random(7).shuffle(mixed)
    assert sorted(mixed, key=mongo_order.order) == ordered
