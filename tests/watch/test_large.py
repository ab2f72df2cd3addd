"""Reports that are too large, too deep, or make more than they look like: refused with a reason, before they are stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.watch.errors import RefusedError
from buckler.watch.reports import document
from buckler.watch.reports.any import read
from buckler.watch.reports.bounds import MOST_KEPT
from buckler.watch.reports.document import MOST_DEPTH, MOST_FINDINGS, MOST_TABLES
from tests.watch.asking import Api, pushed

MIB = 1 << 20
PIECES = st.sampled_from(['"', "\\", "[", "{", '\\"[', "]}", "", "\\\\"])


def deep(levels: int, texts: list[str]) -> Any:
    """A value of so many levels, with these texts beside and as names."""
    made: Any = 1
    for number in range(levels):
        text = texts[number % len(texts)]
        made = [made, text] if number % 2 else {text: made, f"{text}.": text}
    return made


@settings(max_examples=60, deadline=None)
@given(st.integers(MOST_DEPTH - 3, MOST_DEPTH + 3), st.lists(PIECES, min_size=1, max_size=5))
def test_depth_is_that_of_brackets_outside_of_strings(levels: int, texts: list[str]) -> None:
    body = json.dumps({"x": deep(levels - 1, texts)}).encode()
    if levels <= MOST_DEPTH:
        document.load(body)
        return
    with pytest.raises(RefusedError, match="nested more than"):
        document.load(body)


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[{" * 101])
def test_what_is_never_closed_is_deep(body: bytes) -> None:
    with pytest.raises(RefusedError, match="nested more than"):
        document.load(body)


@pytest.mark.parametrize("body", [b'{"a":"' + b'\\"' * 30 * MIB, b"{" + b'"' * 60 * MIB])
def test_quotes_without_end_are_no_json(body: bytes) -> None:
    with pytest.raises(RefusedError, match="no JSON"):
        document.load(body)


def test_many_small_lists_are_much_memory() -> None:
    with pytest.raises(RefusedError, match="lists and objects"):
        document.load(b'{"a":[' + b"[]," * MOST_TABLES + b"[]]}")


def sarif(runs: int, results: int, text: str) -> dict[str, Any]:
    rule = {"id": "X", "help": {"text": text}}
    listed = [{"ruleIndex": 0, "message": {"text": "m"}}] * results
    run = {"tool": {"driver": {"name": "t", "rules": [rule]}}, "results": listed}
    return {"version": "2.1.0", "runs": [run] * runs}


def cyclonedx(vulnerabilities: int, affected: int, text: str) -> dict[str, Any]:
    refs = [{"ref": f"pkg:pypi/a{number}@1"} for number in range(affected)]
    listed = [
        {"id": f"CVE-1-{number}", "description": text, "affects": refs}
        for number in range(vulnerabilities)
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "vulnerabilities": listed,
    }


@pytest.mark.parametrize("make", [sarif, cyclonedx])
def test_findings_of_many_lists_are_counted_together(make: Any) -> None:
    with pytest.raises(RefusedError, match=f"more than {MOST_FINDINGS} findings together"):
        read(document.load(json.dumps(make(3, MOST_FINDINGS // 3 + 1, "")).encode()))


@pytest.mark.parametrize("make", [sarif, cyclonedx])
def test_a_text_that_is_said_once_and_kept_for_each_finding_counts_for_each(make: Any) -> None:
    each = 16_000
    body = json.dumps(make(1, MOST_KEPT // each + 1, "a" * each)).encode()
    assert len(body) < 2 * MIB
    with pytest.raises(RefusedError, match="texts of all findings"):
        read(document.load(body))


def test_200_mib_are_refused_before_they_are_there(api: Api, ann: str) -> None:
    shop, sent = pushed(api, ann), []

    def body() -> Iterator[bytes]:
        yield b'{"schema":"'
        for number in range(200):
            sent.append(number)
            yield b"a" * MIB

    answer = api.ask(ann, "POST", f"/api/targets/{shop}/reports", content=body())
    assert (answer.status_code, answer.json()["title"]) == (413, "The body is too large")
