"""What a place in a query is read as."""

from __future__ import annotations

import pytest

from buckler.scan.languages.javascript import stands_outside
from buckler.scan.languages.mongo import is_expression, is_operator, is_pattern, is_script

OPERATORS = [
    "filter.email.$ne",
    "filter.$ne",
    "filter.$or.0.email.$ne",
    "filter.email.$not.$ne",
    "filter.lines.$elemMatch.sku.$ne",
    "filter.lines.$elemMatch.$ne",
    "filter.$expr.$ne",
    "pipeline.0.$match.email.$ne",
    "pipeline.0.$project.x.$ne",
    "pipeline.0.$lookup.pipeline.0.$match.x.$ne",
    "update.$ne",
    "update.$pull.tags.$ne",
    "array_filters.0.x.$ne",
    "command.filter.email.$ne",
    "command.updates.0.q.email.$ne",
    "requests.0.filter.email.$ne",
    "projection.x.$ne",
]
VALUES = [
    "filter.email.$eq.$ne",
    "filter.email.$in.0.$ne",
    "filter.email.sub.$ne",
    "filter.email.ne",
    "filter.$expr.$literal.$ne",
    "update.$set.email.$ne",
    "update.0.email.$ne",
    "document.email.$ne",
    "documents.0.$ne",
    "replacement.$ne",
    "requests.0.document.$ne",
    "requests.0.update.$set.x.$ne",
    "command.documents.0.x.$ne",
    "pipeline.0.$sort.x.$ne",
    "limit.$ne",
]


def way(text: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in text.split(".")]


@pytest.mark.parametrize("place", OPERATORS)
def test_operators(place: str) -> None:
    assert is_operator(way(place))


@pytest.mark.parametrize("place", VALUES)
def test_values(place: str) -> None:
    assert not is_operator(way(place))


def test_nothing_is_no_operator() -> None:
    assert not is_operator([])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("filter.$where", True),
        ("filter.$or.1.$where", True),
        ("command.filter.$where", True),
        ("filter.$expr.$function.body", True),
        ("pipeline.0.$group.x.$accumulator.init", True),
        ("command.map", True),
        ("command.comment", False),
        ("filter.body", False),
        ("document.$where", False),
        ("filter.email.$eq.$where", False),
    ],
)
def test_scripts(place: str, expected: bool) -> None:
    assert is_script(way(place)) is expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("filter.name.$regex", True),
        ("filter.$or.0.name.$regex", True),
        ("pipeline.0.$match.$expr.$regexMatch.regex", True),
        ("filter.regex", False),
        ("filter.name", False),
    ],
)
def test_patterns(place: str, expected: bool) -> None:
    assert is_pattern(way(place)) is expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("filter.$expr.$eq.1", True),
        ("pipeline.0.$group._id", True),
        ("pipeline.0.$match.owner", False),
        ("pipeline.0.$match.$expr.$eq.1.$literal", False),
        ("filter.owner", False),
        ("update.$set.owner", False),
    ],
)
def test_expressions(place: str, expected: bool) -> None:
    assert is_expression(way(place)) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("this.a == WORD", True),
        ("this.a == 'x' || WORD || ''", True),
        ("`a ${WORD}`", True),
        ("'it\\'s' + WORD", True),
        ("// a comment\nWORD", True),
        ("this.a == 'WORD'", False),
        ('this.a == "a\\" WORD"', False),
        ("`WORD`", False),
        ("// WORD", False),
        ("/* ' WORD */ 'x'", False),
        ("'WORD", False),
    ],
)
def test_words_in_javascript(source: str, expected: bool) -> None:
    assert stands_outside(source, "WORD") is expected
