"""Every pair of package and version that the published advisories list, against an evaluator without any shortcut."""

from __future__ import annotations

import functools
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.advisories.update import update
from tests.scan.packages.osv import published

AMBIGUOUS = {"PYSEC-2022-42972", "PYSEC-2023-72"}
"""One version is both the end of one range and the beginning of the next, in this order of the file: first the
beginning. The schema does not say which of two events at one version comes first. Here the range goes on, as their
texts say ("0.13.0 to 0.13.2", "3.2.1 and before"); read in the order of the file it would end there."""


@pytest.fixture(scope="module")
def raw() -> list[dict[str, Any]]:
    with zipfile.ZipFile(published()) as stream:
        return [json.loads(stream.read(name)) for name in stream.namelist()]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "advisories.sqlite"
    update(str(published()), path)
    return path


@functools.cache
def number(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def in_range(version: Version, events: list[dict[str, str]]) -> bool:
    """Section "Evaluation" of the OSV schema, word for word."""

    def order(event: dict[str, str]) -> Version:
        text = next(iter(event.values()))
        return Version("0.dev0") if text == "0" else Version(text)

    vulnerable = False
    for event in sorted(events, key=order):
        if "introduced" in event:
            if event["introduced"] == "0" or version >= Version(event["introduced"]):
                vulnerable = True
        elif "fixed" in event:
            if version >= Version(event["fixed"]):
                vulnerable = False
        elif version > Version(event["last_affected"]):
            vulnerable = False
    return vulnerable


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    listed = affected.get("versions", [])
    parsed = number(version)
    if version in listed:
        return True
    if parsed is None:
        return False
    return any(number(one) == parsed for one in listed) or any(
        in_range(parsed, one["events"])
        for one in affected.get("ranges", [])
        if one["type"] == "ECOSYSTEM"
    )


def test_every_listed_pair_has_the_verdict_of_the_schema(
    raw: list[dict[str, Any]], index: Path
) -> None:
    about: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    pairs = []
    for record in raw:
        if "withdrawn" in record:
            continue
        for affected in record["affected"]:
            name = canonicalize_name(affected["package"]["name"])
            about.setdefault(name, []).append((record["id"], affected))
            pairs += [(name, version) for version in affected.get("versions", [])]
    assert len(pairs) > 139_000
    with Index(index) as opened:
        known = opened.known(about)
        ids = {n: a.id for n, a in opened.records(range(len(raw))).items()}
    differ: dict[str, set[tuple[str, str]]] = {}
    for name, version in set(pairs):
        expected = {id_ for id_, affected in about[name] if is_affected(version, affected)}
        found = {ids[item.number] for item in known.get(name, ()) if item.affects(version)}
        assert expected, "it is listed"
        for id_ in expected ^ found:
            differ.setdefault(id_, set()).add((name, version))
    assert differ.keys() == AMBIGUOUS
    assert sum(len(items) for items in differ.values()) == 9


def test_the_index_is_small(index: Path) -> None:
    assert index.stat().st_size < 2_000_000


def test_withdrawn_records_are_left_out(raw: list[dict[str, Any]], index: Path) -> None:
    with Index(index) as opened:
        withdrawn = [record["id"] for record in raw if "withdrawn" in record]
        assert opened.about.left_out == len(withdrawn)
        assert [found for id_ in withdrawn for found in opened.named(id_) if found.id == id_] == []
