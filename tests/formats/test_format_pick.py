from __future__ import annotations

import pytest

from buckler.core.errors import UsageError
from buckler.scan.formats import FORMATS, by_name, for_path, names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("report.html", "html"),
        ("out/REPORT.JSON", "json"),
        ("a.b.sarif", "sarif"),
        ("summary.md", "markdown"),
        ("junit.xml", "junit"),
        ("log.txt", "text"),
    ],
)
def test_the_ending_picks_the_format(path: str, name: str) -> None:
    assert for_path(path).name == name


@pytest.mark.parametrize("path", ["report.pdf", "report", ".json/report"])
def test_an_unknown_ending_lists_the_known_ones(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        for_path(path)
    for ending in (".html", ".json", ".sarif", ".md", ".xml", ".txt"):
        assert ending in caught.value.message


def test_by_name() -> None:
    assert [by_name(name.upper()).name for name in names()] == [f.name for f in FORMATS]
    with pytest.raises(UsageError) as caught:
        by_name("pdf")
    assert "sarif" in caught.value.hint


def test_two_formats_do_not_share_an_ending() -> None:
    endings = [ending for item in FORMATS for ending in item.suffixes]
    assert len(endings) == len(set(endings))
