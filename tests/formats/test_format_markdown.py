from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import format_reports
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from buckler.core.report import Report
from buckler.scan.formats import by_name
from buckler.scan.formats.markdown import code, escape, fence


class Tags(HTMLParser):
    """Collects what a reader's browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside = ""
        self.code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.code += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        if not self.code:
            self.outside += data


def seen(text: str) -> Tags:
    """Rendered by a reader that lets HTML through, as the worst of them do."""
    parser = Tags()
    parser.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return parser


def test_content(usual: Report) -> None:
    text = by_name("markdown").render(usual)
    page = seen(text)
    assert "**Grade F** (8/100) · 2 critical · 2 high · 1 medium · 1 info · 4 of 6 proved" in text
    assert page.tags.count("table") == 1
    assert page.tags.count("tr") == 7
    assert "1 known finding in the baseline is not graded: " in text
    assert "a redirect to our own shop only" in text
    assert "`ls a`, `ls b`: processes were stopped by the box: `--allow-processes`" in text
    assert "- db.execute" in text
    assert "+ db.execute" in text


def test_it_fits_into_a_comment(many: Report) -> None:
    assert len(by_name("markdown").render(many)) < 65_536


def test_nothing_found(empty: Report) -> None:
    text = by_name("markdown").render(empty)
    assert "No finding. Looked at: " in text
    assert "says nothing about it" in by_name("markdown").render(replace(empty, failed="boom"))


def test_hostile_text_makes_no_markup(hostile: Report) -> None:
    text = by_name("markdown").render(hostile)
    page = seen(text)
    ours = {"h2", "p", "strong", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "code"}
    ours |= {"pre", "ul", "li", "details", "summary"}
    assert set(page.tags) <= ours
    assert page.tags.count("tr") == 2
    assert page.tags.count("td") == 5
    assert "@everyone" not in page.outside
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


PIECES = ["`", "``", "```", "````", "~~~", "<b>", "<!--", "[a](b)", "![a](b)", "*a*", "_a_", "&lt;"]
PIECES += ["\n", "\r\n", " ", "a", "#", "- ", "1. ", "|", "\\", "<https://a.test>", "    "]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(TEXTS)
@pytest.mark.parametrize("make", [escape, code])
def test_inline_text_stays_text(make: object, text: str) -> None:
    page = seen(f"x {make(text)} y")  # type: ignore[operator]
    assert set(page.tags) <= {"p", "code"}


@given(TEXTS)
def test_escaped_text_at_the_start_of_a_line_stays_text(text: str) -> None:
    assert set(seen(escape(text)).tags) <= {"p"}


@given(TEXTS)
def test_a_fence_cannot_be_ended(text: str) -> None:
    page = seen("\n".join([*fence(text), "", "after"]))
    assert page.tags == ["pre", "code", "p"]
    assert page.outside.strip() == "after"


def test_a_table_row_keeps_its_cells() -> None:
    bad = format_reports.finding(path="a|b`c|.py", proof=())
    text = by_name("markdown").render(format_reports.report(bad))
    shown = MarkdownIt("commonmark").enable("table").render(text)
    assert "<td><code>a|b`c|.py:12</code></td>" in shown
