"""Text of the application cannot break out of a terminal or a data format."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from buckler.core.report import Report
from buckler.scan.formats import by_name, clean, print_report

SGR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


def strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(data, list):
        for item in data:
            yield from strings(item)


@pytest.mark.parametrize("limit", [None, 0, 5])
def test_a_terminal_gets_our_colours_only(hostile: Report, limit: int | None) -> None:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, color_system="truecolor", width=2000, _environ={}
    )
    print_report(hostile, console, limit=limit)
    text = SGR.sub("", out.getvalue())
    assert not CONTROL.search(text.replace("\n", ""))
    assert "\\x1b[31mred" in text
    assert "[bold]fat[/bold]" in text
    assert "\x1b]" not in out.getvalue()


def test_plain_text_is_ascii_without_control_characters(hostile: Report) -> None:
    text = by_name("text").render(hostile)
    assert text.isascii()
    assert not CONTROL.search(text.replace("\n", ""))


def test_json_is_ascii_and_keeps_the_evidence(hostile: Report) -> None:
    text = by_name("json").render(hostile)
    assert text.isascii()
    assert not CONTROL.search(text.replace("\n", ""))
    assert "\x1b[31mred" in json.loads(text)["findings"][0]["message"]


def test_sarif_has_no_control_characters(hostile: Report) -> None:
    text = by_name("sarif").render(hostile)
    assert text.isascii()
    for value in strings(json.loads(text)):
        assert not CONTROL.search(value.replace("\n", "")), value[:200]
    messages = [r["message"]["text"] for r in json.loads(text)["runs"][0]["results"]]
    assert all("\\[link](javascript" in message for message in messages)


@given(st.text())
def test_one_line_is_one_harmless_line(text: str) -> None:
    made = clean.line(text)
    assert "\n" not in made
    assert not CONTROL.search(made)
    made.encode()


@given(st.text())
def test_a_block_is_harmless(text: str) -> None:
    assert not CONTROL.search(clean.block(text).replace("\n", ""))


@given(st.text(alphabet="ab漢é", max_size=60), st.integers(0, 40))
def test_cut_keeps_the_width(text: str, columns: int) -> None:
    made = clean.cut(text, columns)
    assert clean.width(made) <= columns
    assert made == text or made.endswith("…") or columns == 0


@given(st.text(alphabet="abM", max_size=90), st.integers(8, 40))
def test_around_keeps_the_mark(text: str, columns: int) -> None:
    whole = f"{text}bkzq{text}"
    made = clean.around(whole, "bkzq", columns)
    assert len(made) <= columns
    assert "bkzq" in made


@given(st.text(alphabet="abK", max_size=40), st.sampled_from(["", "k", "ab"]))
def test_parts_lose_nothing(text: str, mark: str) -> None:
    pieces = clean.parts(text, mark)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece.lower() == mark for piece, hit in pieces if hit)
    assert sum(hit for _, hit in pieces) == (text.lower().count(mark) if mark else 0)
