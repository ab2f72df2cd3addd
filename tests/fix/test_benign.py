"""What counts as the same kind of answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.engines.interface import Answer
from buckler.scan.fix.benign import alike, seen_of, shape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id": 1, "name": "a"}, {"id": 2, "name": "b"}, True),
        ({"id": 1}, {"id": "1"}, False),
        ({"id": 1}, {"id": 1, "more": 2}, False),
        ({"id": None}, {"id": 1}, True),
        ([], [{"id": 1}], True),
        ([{"id": 1}], [{"id": "1"}], False),
        ([1, 2], [3], True),
        ({"a": 1}, [1], False),
        ("a", 1, False),
        (True, 1, False),
        (1, 1.5, True),
    ],
)
def test_shapes(one, other, same) -> None:
    assert alike(shape(one), shape(other)) is same
    assert alike(shape(other), shape(one)) is same


@given(JSON)
def test_a_value_is_like_itself(value) -> None:
    assert alike(shape(value), shape(value))


def test_status_media_type_and_body_are_told_apart() -> None:
    json = (("content-type", "application/json"),)
    before = seen_of(Answer(200, json, b'{"a": 1}'))
    assert before.differs(seen_of(Answer(200, json, b'{"a": 2}'))) == ""
    assert before.differs(seen_of(Answer(201, json, b'{"a": 1}'))) == "200 became 201"
    assert "text/html" in before.differs(
        seen_of(Answer(200, (("content-type", "text/html"),), b"<p>"))
    )
    assert "shape" in before.differs(seen_of(Answer(200, json, b'{"b": 1}')))
