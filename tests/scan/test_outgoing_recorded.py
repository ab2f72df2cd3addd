"""What a project has recorded may be anything: whatever a file holds, reading it ends and raises nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.scan.engines.app.agent.outgoing import cassettes, told

WORDS = (
    "log entries request response interactions mappings responses status code headers body string"
    " base64_string method url uri urlPath content text encoding mimeType name value jsonBody"
).split()
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["GET", "https://far.example/x", "https://[x/", "200", "base64", "a\r\nb"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
        | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=40,
)


@settings(max_examples=400, deadline=None)
@given(VALUES, st.sampled_from([".har", ".json", ".yaml"]))
def test_any_json_is_survived(value, ending) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recorded" + ending)
        path.write_text(json.dumps(value), encoding="utf-8")
        for example in cassettes.read(str(path), path.stat().st_size):
            assert 200 <= example.status <= 599
            assert all(text.isascii() and text.isprintable() for h in example.headers for text in h)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".har", ".json", ".yaml"]))
def test_any_bytes_are_survived(data, ending) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "recorded" + ending)
        path.write_bytes(data)
        assert all(200 <= example.status <= 599 for example in cassettes.read(str(path), len(data)))


@given(st.text())
def test_a_path_is_told_without_what_could_be_a_secret(path) -> None:
    shown = told.general(path)
    assert "?" not in shown
    assert shown.isascii()
    assert len(shown) <= told.MAX_PATH


def test_segments_that_vary_are_not_told() -> None:
    assert told.general("/v1/users/4711/orders?key=word") == "/v1/users/*/orders"
    assert told.general("/hooks/T0AB12CD3/B0XY98ZW7/9fQk2LmN8pRs4TuVwXyZ1a") == (
        "/hooks/T0AB12CD3/B0XY98ZW7/*"
    )
