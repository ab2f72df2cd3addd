"""The corpus of flows is what it says: every case labelled, every label true to a file, balanced.

That the labels are true is shown by ``python tests/corpus/flows/prove.py``, which executes them.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from buckler.core.registry import Registry
from tests.conftest import ROOT

FLOWS = ROOT / "tests/corpus/flows"
KEYS = ["vulnerable", "rule", "cwe", "file", "line", "why"]
TO_COME = {
    "ldap-injection",
    "xpath-injection",
    "csv-formula-injection",
    "token-key-lookup",
    "weak-cipher",
    "static-nonce",
}


@pytest.fixture(scope="module")
def labels() -> dict[str, dict[str, Any]]:
    return json.loads((FLOWS / "labels.json").read_text(encoding="utf-8"))


def cases() -> list[Path]:
    return sorted(path.parent for path in FLOWS.glob("*/*/main.py"))


def test_every_case_has_a_label_and_a_way_to_prove_it(labels: dict[str, Any]) -> None:
    names = {path.relative_to(FLOWS).as_posix() for path in cases()}
    proofs = {
        f"{path.parent.name}/{name}"
        for path in FLOWS.glob("*/proofs.json")
        for name in json.loads(path.read_text(encoding="utf-8"))
    }
    assert names == set(labels) == proofs
    assert {path.relative_to(FLOWS).as_posix() for path in FLOWS.glob("*/[0-9]*")} == names


def test_every_label_points_at_code(labels: dict[str, dict[str, Any]]) -> None:
    known = {rule.name for rule in Registry.load("buckler.scan.rules")} | TO_COME
    for name, label in labels.items():
        assert list(label) == KEYS, name
        assert label["rule"] in known, name
        assert label["why"], name
        lines = (FLOWS / name / label["file"]).read_text(encoding="utf-8").splitlines()
        assert lines[label["line"] - 1].strip(), name


def test_every_file_parses() -> None:
    for path in FLOWS.glob("*/*/**/*.py"):
        ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_the_corpus_is_large_and_balanced(labels: dict[str, dict[str, Any]]) -> None:
    folders: dict[str, list[bool]] = {}
    for name, label in labels.items():
        folders.setdefault(name.partition("/")[0], []).append(label["vulnerable"])
    assert len(folders) >= 25
    assert len(labels) >= 300
    for folder, marks in folders.items():
        assert 0.45 <= sum(marks) / len(marks) <= 0.55, folder
    several = [path for path in cases() if len(list(path.rglob("*.py"))) > 1]
    assert len(several) >= 0.4 * len(labels)
