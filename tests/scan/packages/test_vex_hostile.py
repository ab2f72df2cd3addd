"""Files with statements that somebody made to break the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.scan.engines.packages.documents import fields, reading
from buckler.scan.engines.packages.documents.answers import Answers
from buckler.scan.engines.packages.documents.bill import Application
from tests.scan.packages import shop

WORDS = st.sampled_from(
    [
        *("not_affected", "fixed", "affected", "resolved", "false_positive", "code_not_present"),
        *("component_not_present", "pkg:pypi/labels@1.4.1", "pkg:pypi/labels", "CVE-1", "labels"),
        *(
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-01-01",
            "buckler:expires",
        ),
    ]
)
SCALARS = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)
)
KEYS = st.sampled_from(
    [
        *("@id", "name", "aliases", "status", "justification", "impact_statement", "timestamp"),
        *("last_updated", "products", "subcomponents", "identifiers", "purl", "vulnerability"),
        *("id", "analysis", "state", "detail", "affects", "ref", "versions", "version", "bom-ref"),
        *("properties", "value", "references", "components", "component", "group"),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
OPENVEX = st.fixed_dictionaries(
    {"@context": st.just("https://openvex.dev/ns/v0.2.0"), "statements": VALUES},
    optional={"timestamp": SCALARS},
)
STATEMENT = st.fixed_dictionaries(
    {"status": WORDS, "vulnerability": st.just({"name": "CVE-1"})},
    optional={
        "products": st.one_of(VALUES, st.just([{"@id": "pkg:pypi/labels"}])),
        "justification": SCALARS,
        "impact_statement": SCALARS,
        "timestamp": SCALARS,
    },
)
CYCLONEDX = st.fixed_dictionaries(
    {"bomFormat": st.just("CycloneDX"), "vulnerabilities": VALUES},
    optional={"components": VALUES, "metadata": VALUES, "properties": VALUES},
)
DOCUMENTS = st.one_of(
    OPENVEX,
    CYCLONEDX,
    st.fixed_dictionaries(
        {
            "@context": st.just("https://openvex.dev/ns/v0.2.0"),
            "timestamp": WORDS,
            "statements": st.lists(STATEMENT, max_size=3),
        }
    ),
)
SHOP = Application("corner-shop", "2.1", stated=True)


def read(folder: Path, data: bytes) -> tuple[Answers, int]:
    (folder / "vex.json").write_bytes(data)
    said, problems = reading.statements(folder, ["vex.json"])
    return Answers(said, SHOP, shop.NOW, max_age=30), len(problems)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vex")


@settings(suppress_health_check=list(HealthCheck), max_examples=300, deadline=None)
@given(document=DOCUMENTS)
def test_whatever_the_types_are_it_is_read_or_told(place: Path, document: dict[str, Any]) -> None:
    answers, _ = read(place, json.dumps(document).encode())
    answer = answers.about("labels", "1.4.1", ["CVE-1"])
    if answer is None or answer.over or not answer.statement.status.closes:
        return
    # Whatever closes has its status, its weakness and its reason in the file itself.
    said = document.get("statements") or document.get("vulnerabilities")
    written = json.dumps(said)
    assert any(word in written for word in ("not_affected", "fixed", "resolved", "false_positive"))
    assert "CVE-1" in written
    assert "labels" in json.dumps(document)


@settings(suppress_health_check=list(HealthCheck), max_examples=200, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=60), st.text('{}[]":,0\\\n a', max_size=40).map(str.encode))
)
def test_whatever_the_bytes_are_it_is_told(place: Path, data: bytes) -> None:
    answers, problems = read(place, data)
    assert answers.about("labels", "1.4.1", ["CVE-1"]) is None
    assert problems == 1


@settings(max_examples=200, deadline=None)
@given(
    before=st.dictionaries(st.text(max_size=4), VALUES, max_size=3),
    values=st.lists(VALUES, max_size=6),
    indent=st.sampled_from([None, 0, 3]),
)
def test_lines_are_those_of_the_elements(
    before: dict[str, Any], values: list[Any], indent: int | None
) -> None:
    """Each element is cut out at its line by the parser of the standard library."""
    before.pop("list", None)
    text = json.dumps({**before, "list": values, "after": [[1], {"list": [2]}]}, indent=indent)
    lines = fields.element_lines(text, "list")
    assert len(lines) == len(values)
    if indent is None:
        assert set(lines) <= {1}
        return
    rows = text.split("\n")
    for value, line in zip(values, lines, strict=True):
        rest = "\n".join(rows[line - 1 :]).lstrip()
        assert json.dumps(json.JSONDecoder().raw_decode(rest)[0]) == json.dumps(value)


@pytest.mark.parametrize("deep", ["[", '{"a":'], ids=["lists", "objects"])
def test_depth_ends_nothing(tmp_path: Path, deep: str) -> None:
    statement = deep * 100_000
    data = '{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [' + statement
    answers, problems = read(tmp_path, data.encode())
    assert problems == 1
    assert answers.about("labels", "1.4.1", ["CVE-1"]) is None


def test_the_last_of_many_statements_counts_and_a_file_without_an_end_is_refused(
    tmp_path: Path,
) -> None:

    def document(count: int) -> bytes:
        one = {
            "vulnerability": {"name": "CVE-1"},
            "products": ["pkg:pypi/other"],
            "status": "fixed",
        }
        rows = [json.dumps(one)] * count + [json.dumps({**one, "products": ["pkg:pypi/labels"]})]
        head = '{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-05-30T00:00:00Z", '
        return (head + '"statements": [' + ",\n".join(rows) + "]}").encode()

    answers, problems = read(tmp_path, document(5_000))
    assert problems == 0
    answer = answers.about("labels", "1.4.1", ["CVE-1"])
    assert answer is not None and answer.statement.line == 5_001
    _, problems = read(tmp_path, b" " * (reading.MAX_BYTES + 1))
    assert problems == 1


def test_many_broken_statements_are_counted(tmp_path: Path) -> None:
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{}] * 5_000}
    (tmp_path / "vex.json").write_text(json.dumps(document))
    _, problems = reading.statements(tmp_path, ["vex.json"])
    assert len(problems) == reading.MOST_PROBLEMS + 1
    assert problems[-1].what.startswith("4900 ")


def test_references_that_go_round_are_no_loop(tmp_path: Path) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "components": [{"bom-ref": "a", "name": "labels"}, {"bom-ref": "b", "name": "paper"}],
        "dependencies": [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a"]}],
        "vulnerabilities": [
            {"id": "CVE-1", "analysis": {"state": "resolved"}, "affects": [{"ref": "a"}]}
        ],
    }
    answers, _ = read(tmp_path, json.dumps(document).encode())
    assert answers.about("labels", "1", ["CVE-1"]) is not None
