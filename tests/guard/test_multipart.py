"""Forms of lines that begin like a delimiter: what they cost, and that they hide no part."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard.limits.multipart import MultipartShape

KIND = b"multipart/form-data; boundary=bound"
MANY = 10**6
ALMOST = [b"\r\n--boundx", b"\r\n--bound-", b"\r\n--boun"]
FIELD = b'\r\n--bound\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'\r\n--bound\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'


def calls_into_c(work: Callable[[], object]) -> int:
    """How many functions that are not Python's are called: searches, and little else."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "c_call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("begun", [b"", b"--bound\r\n\r\n"], ids=["before", "in a part"])
@pytest.mark.parametrize("end", [b"", b"\r\n--bound", b"\r\n--bound--\r\n"])
def test_many_lines_that_begin_like_a_delimiter_cost_no_more_searches_than_few(
    begun: bytes, end: bytes
) -> None:
    def searched(many: int) -> int:
        meter = MultipartShape(KIND, MANY, MANY)
        body = begun + b"\r\n--boundx" * many + end
        return calls_into_c(lambda: meter.feed(body, last=False))

    searched(2)  # what is compiled once is compiled
    assert searched(2) == searched(20_000)


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([*ALMOST, FIELD, FILE])),
    step=st.integers(1, 80),
)
def test_lines_that_begin_like_a_delimiter_hide_none(pieces: list[bytes], step: int) -> None:
    meter = MultipartShape(KIND, MANY, MANY)
    body = b"".join(pieces)
    for at in range(0, len(body), step):
        assert meter.feed(body[at : at + step], last=at + step >= len(body)) is None
    counted = MANY - meter._parts, MANY - meter._files
    assert counted == (pieces.count(FIELD) + pieces.count(FILE), pieces.count(FILE))
