"""Statements that a project names close findings, and no others."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.packages.documents.render import render
from tests.scan.packages import openvex as specification
from tests.scan.packages import shop

LABELS, RIBBON = "labels CVE-2026-99001", "ribbon CVE-2026-99002"
WHY = "vulnerable_code_not_in_execute_path"


def openvex(*statements: dict[str, Any], **more: Any) -> str:
    """A document, one statement a line from line 7 on."""
    head = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "urn:uuid:0",
        "author": "The shop",
        "timestamp": "2026-05-01T00:00:00Z",
        "version": 1,
        **more,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    return "\n".join(
        ["{", *lines, '"statements": [', ",\n".join(map(json.dumps, statements)), "]}"]
    )


def said(product: Any = "pkg:pypi/labels@1.4.1", **more: Any) -> dict[str, Any]:
    """A statement that closes the weakness of labels."""
    products = [{"@id": product}] if isinstance(product, str) else [product]
    made = {
        "vulnerability": {"name": "CVE-2026-99001"},
        "products": products,
        "status": "not_affected",
        "justification": WHY,
        **more,
    }
    return {key: value for key, value in made.items() if value is not None}


def cyclonedx(*vulnerabilities: dict[str, Any], **more: Any) -> str:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": "2026-05-01T00:00:00Z"},
        **more,
        "vulnerabilities": list(vulnerabilities),
    }
    return json.dumps(document)


def analysed(ref: str = "pkg:pypi/labels@1.4.1", **more: Any) -> dict[str, Any]:
    return {
        "id": "CVE-2026-99001",
        "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
        "affects": [{"ref": ref}],
        **more,
    }


def closed(folder: Path, document: str, **given: Any) -> tuple[list[str], list[str], list[str]]:
    shop.write(folder, {**shop.FILES, "security/vex.json": document})
    return shop.closed(folder, "security/vex.json", **given)


def in_product(part: str, product: str = "pkg:generic/corner-shop@2.1") -> dict[str, Any]:
    return {"@id": product, "subcomponents": [{"@id": part}]}


CLOSING: dict[str, str] = {
    "version": openvex(said()),
    "every version": openvex(said("pkg:pypi/labels")),
    "another spelling": openvex(said("pkg:pypi/LABELS@1.4.1.0")),
    "identifier": openvex(said({"@id": "https://shop.example/labels", "identifiers": {"purl": "pkg:pypi/labels"}})),
    "alias": openvex(said(vulnerability={"name": "SHOP-2026-1"})),
    "one of its own aliases": openvex(said(vulnerability={"name": "X-1", "aliases": ["cve-2026-99001"]})),
    "impact alone": openvex(said(justification=None, impact_statement="We give it constants.")),
    "fixed": openvex(said(status="fixed", justification=None)),
    "part of the application": openvex(said(in_product("pkg:pypi/labels@1.4.1"))),
    "part of an image": openvex(said(in_product("pkg:pypi/labels", "pkg:oci/corner@sha256%3Aabc"))),
    "part of an address": openvex(said(in_product("pkg:pypi/labels", "https://shop.example/"))),
    "the application": openvex(said("pkg:pypi/Corner.Shop@2.1")),
    "old format": openvex({"vulnerability": "CVE-2026-99001", "products": ["pkg:pypi/labels"], "status": "fixed"}),
    "later than affected": openvex(
        said(status="affected", action_statement="wait", timestamp="2026-05-02T00:00:00Z"),
        said(timestamp="2026-05-03T00:00:00Z"),
    ),
    "cyclonedx": cyclonedx(analysed()),
    "cyclonedx alias": cyclonedx(analysed(id="X-1", references=[{"id": "SHOP-2026-1", "source": {}}])),
    "cyclonedx resolved": cyclonedx(analysed(analysis={"state": "resolved"})),
    "cyclonedx false positive": cyclonedx(analysed(analysis={"state": "false_positive", "detail": "It is a name."})),
    "cyclonedx component": cyclonedx(
        analysed("c-1"), components=[{"type": "library", "bom-ref": "c-1", "name": "Labels", "version": "1.4.1"}]
    ),
    "cyclonedx nested component": cyclonedx(
        analysed("c-1"),
        components=[{"name": "a", "components": [{"bom-ref": "c-1", "name": "x", "purl": "pkg:pypi/labels"}]}],
    ),
    "cyclonedx bom-link": cyclonedx(
        analysed("urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Apypi%2Flabels%401.4.1")
    ),
    "cyclonedx application": cyclonedx(
        analysed("root"),
        metadata={"component": {"type": "application", "bom-ref": "root", "name": "corner-shop", "version": "2.1"}},
    ),
    "cyclonedx version": cyclonedx(
        analysed(affects=[{"ref": "pkg:pypi/labels", "versions": [{"version": "1.4.1", "status": "unaffected"}]}])
    ),
    "cyclonedx not over": cyclonedx(analysed(properties=[{"name": "buckler:expires", "value": "2026-06-02"}])),
}  # fmt: skip

OPEN: dict[str, str] = {
    "another version": openvex(said("pkg:pypi/labels@1.4.0")),
    "another package": openvex(said("pkg:pypi/labels-extra@1.4.1")),
    "another ecosystem": openvex(said("pkg:npm/labels@1.4.1")),
    "another weakness": openvex(said(vulnerability={"name": "CVE-2026-9900"})),
    "affected": openvex(said(status="affected", justification=None, action_statement="wait")),
    "under investigation": openvex(said(status="under_investigation", justification=None)),
    "part of another application": openvex(said(in_product("pkg:pypi/labels@1.4.1", "pkg:pypi/other@1"))),
    "part of a dependency": openvex(said(in_product("pkg:pypi/labels@1.4.1", "pkg:pypi/paper@1"))),
    "part of another version of the application": openvex(said(in_product("pkg:pypi/labels", "pkg:generic/corner-shop@2.0"))),
    "another part": openvex(said(in_product("pkg:pypi/paper", "pkg:generic/corner-shop@2.1"))),
    "another version of the application": openvex(said("pkg:pypi/corner-shop@2.0")),
    "a later affected": openvex(
        said(timestamp="2026-05-02T00:00:00Z"),
        said(status="affected", justification=None, action_statement="wait", timestamp="2026-05-03T00:00:00+02:00"),
    ),
    "affected at the same time": openvex(
        said(status="affected", justification=None, action_statement="wait"), said()
    ),
    "purl before id": openvex(said({"@id": "pkg:pypi/labels", "identifiers": {"purl": "pkg:pypi/paper"}})),
    "cyclonedx exploitable": cyclonedx(analysed(analysis={"state": "exploitable"})),
    "cyclonedx in triage": cyclonedx(analysed(analysis={"state": "in_triage", "justification": "code_not_present"})),
    "cyclonedx nobody analysed": cyclonedx({"id": "CVE-2026-99001", "affects": [{"ref": "pkg:pypi/labels"}]}),
    "cyclonedx npm component": cyclonedx(
        analysed("c-1"), components=[{"bom-ref": "c-1", "name": "labels", "version": "1.4.1", "purl": "pkg:npm/labels@1.4.1"}]
    ),
    "cyclonedx other link": cyclonedx(analysed("urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg:pypi/paper"))
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CLOSING))
def test_a_statement_closes(tmp_path: Path, name: str) -> None:
    kept, apart, gaps = closed(tmp_path, CLOSING[name])
    assert (kept, gaps) == ([RIBBON], [])
    assert [text.partition(":")[0] for text in apart] == [LABELS]


@pytest.mark.parametrize("name", sorted(OPEN))
def test_a_statement_that_is_not_about_it_leaves_it_open(tmp_path: Path, name: str) -> None:
    kept, apart, gaps = closed(tmp_path, OPEN[name])
    assert (kept, apart, gaps) == ([LABELS, RIBBON], [], [])


BROKEN: dict[str, tuple[str, str]] = {
    "no reason": (openvex(said(justification=None)), "security/vex.json:8: "),
    "blank reason": (openvex(said(justification=None, impact_statement="  ")), "security/vex.json:8: "),
    "unknown reason": (openvex(said(justification="trust_me")), "security/vex.json:8: "),
    "unknown status": (openvex(said(status="harmless")), "security/vex.json:8: "),
    "no product": (openvex(said(products=[])), "security/vex.json:8: "),
    "products of a wrong type": (openvex(said(products={"@id": "pkg:pypi/labels"})), "security/vex.json:8: "),
    "no name": (openvex(said(vulnerability={"@id": "CVE-2026-99001"})), "security/vex.json:8: "),
    "broken time": (openvex(said(timestamp="last week")), "security/vex.json:8: "),
    "no time": (openvex(said(), timestamp=""), "security/vex.json:8: "),
    "the third": (openvex(said(OTHER := "pkg:pypi/a"), said(OTHER), said(status=3)), "security/vex.json:10: "),
    "no JSON": (openvex(said())[:-3], "security/vex.json:8: this is not JSON"),
    "merge conflict": ("{\n<<<<<<< ours\n" + openvex(said())[1:], "security/vex.json:2: this is not JSON"),
    "empty": ("", "security/vex.json:1: this is not JSON"),
    "a list": ("[]", "security/vex.json: the document is not an object"),
    "statements of a wrong type": (openvex()[:-2] + "], \"statements\": 3}", "security/vex.json: 'statements' stands twice"),
    "twice": (openvex(said()).replace('"status": ', '"status": "affected", "status": '), "security/vex.json: 'status' stands twice"),
    "another format": ('{"document": {"category": "csaf_vex"}}', "security/vex.json: it is neither OpenVEX"),
    "nested": ("[" * 200_000, "security/vex.json: it is nested too deep"),
    "no number": (openvex(said(version=math.nan)), "security/vex.json: NaN is no value of JSON"),
    "digits": (openvex(said()).replace('"version": 1', '"version": ' + "1" * 5000), "security/vex.json: a number has too many digits"),
    "cyclonedx no reason": (cyclonedx(analysed(analysis={"state": "not_affected"})), "security/vex.json:1: "),
    "cyclonedx state": (cyclonedx(analysed(analysis={"state": "fine"})), "security/vex.json:1: "),
    "cyclonedx justification": (cyclonedx(analysed(analysis={"state": "not_affected", "justification": "no"})), "security/vex.json:1: "),
    "cyclonedx unknown reference": (cyclonedx(analysed("c-1")), "security/vex.json:1: "),
    "cyclonedx range": (cyclonedx(analysed(affects=[{"ref": "pkg:pypi/labels", "versions": [{"range": "vers:pypi/<2"}]}])), "security/vex.json:1: "),
    "cyclonedx expiry": (cyclonedx(analysed(properties=[{"name": "buckler:expires", "value": "soon"}])), "security/vex.json:1: "),
    "cyclonedx expiry without a date": (cyclonedx(analysed(properties=[{"name": "buckler:expires"}])), "security/vex.json:1: "),
    "cyclonedx reference twice": (
        cyclonedx(analysed("c"), components=[{"bom-ref": "c", "name": "labels"}, {"bom-ref": "c", "name": "paper"}]),
        "security/vex.json: two components",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_broken_closes_nothing_and_is_told(tmp_path: Path, name: str) -> None:
    document, gap = BROKEN[name]
    kept, apart, gaps = closed(tmp_path, document)
    assert (kept, apart) == ([LABELS, RIBBON], [])
    assert len(gaps) == 1 and gaps[0].startswith(gap)


def test_beside_a_broken_statement_the_others_count(tmp_path: Path) -> None:
    kept, _, gaps = closed(tmp_path, openvex({}, said(), 3))
    assert kept == [RIBBON]
    assert [gap.partition(": ")[0] for gap in gaps] == [
        "security/vex.json:8",
        "security/vex.json:10",
    ]


@pytest.mark.parametrize("path", ["none.json", "../outside.json", "link.json", "security", "pipe"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, path: str) -> None:
    import os

    folder = tmp_path / "project"
    (tmp_path / "outside.json").parent.mkdir(exist_ok=True)
    (tmp_path / "outside.json").write_text(openvex(said()))
    shop.write(folder, {**shop.FILES, "security/keep": ""})
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    os.mkfifo(folder / "pipe")
    kept, apart, gaps = shop.closed(folder, path)
    assert (kept, apart) == ([LABELS, RIBBON], [])
    assert len(gaps) == 1 and gaps[0].startswith(f"{path}: ")


def test_the_reason_says_who_says_it(tmp_path: Path) -> None:
    _, apart, _ = closed(tmp_path, openvex(said(impact_statement="We give it constants.")))
    assert apart == [
        f"{LABELS}: not_affected, says security/vex.json:8: {WHY.replace('_', ' ')}; We give it constants."
    ]


@pytest.mark.parametrize(
    ("document", "given", "over"),
    [
        (cyclonedx(analysed(properties=[{"name": "buckler:expires", "value": "2026-06-01"}])), {}, "ended on 2026-06-01"),
        (cyclonedx(analysed(properties=[{"name": "buckler:expires", "value": "2026-06-01T13:59:59+02:00"}])), {}, "ended on 2026-06-01"),
        (cyclonedx(analysed(), properties=[{"name": "buckler:expires", "value": "2026-05-31"}]), {}, "ended on 2026-05-31"),
        (openvex(said()), {"max_age": 30}, "of 2026-05-01"),
        (cyclonedx(analysed(), metadata={}), {"max_age": 30}, "no date"),
    ],
    ids=["day", "moment", "whole document", "age", "no date"],
)  # fmt: skip
def test_what_is_over_is_open_again_and_told(
    tmp_path: Path, document: str, given: dict[str, Any], over: str
) -> None:
    kept, apart, gaps = closed(tmp_path, document, **given)
    assert (kept, apart) == ([LABELS, RIBBON], [])
    assert len(gaps) == 1 and over in gaps[0] and LABELS in gaps[0]


def test_what_is_not_over_yet(tmp_path: Path) -> None:
    assert closed(tmp_path, openvex(said()), max_age=32)[0] == [RIBBON]
    looked_at_again = said(last_updated="2026-05-30T00:00:00Z")
    assert closed(tmp_path, openvex(looked_at_again), max_age=5)[0] == [RIBBON]
    before = shop.NOW - timedelta(days=20)
    assert closed(tmp_path, openvex(said()), max_age=30, now=before)[0] == [RIBBON]


def test_what_people_said_stands_in_the_documents(tmp_path: Path) -> None:
    document = openvex(said(impact_statement="We give it constants."))
    folder = shop.write(tmp_path, {**shop.FILES, "vex.json": document})
    bill = shop.bill(folder, "vex.json")
    made = json.loads(render("vex-openvex", bill))
    assert specification.errors(made) == []
    first = made["statements"][0]
    assert (first["status"], first["justification"]) == ("not_affected", WHY)
    assert (
        "We give it constants." in first["status_notes"] and "vex.json:8" in first["status_notes"]
    )
    other = json.loads(render("vex-cyclonedx", bill))["vulnerabilities"][0]["analysis"]
    assert (other["state"], other["justification"]) == ("not_affected", "code_not_reachable")


@pytest.mark.parametrize("kind", ["vex-openvex", "vex-cyclonedx", "sbom-cyclonedx"])
def test_our_own_documents_are_read_again(tmp_path: Path, kind: str) -> None:
    """What was said in one format is said by the document of every other."""
    folder = shop.write(tmp_path, {**shop.FILES, "vex.json": openvex(said())})
    written = render(kind, shop.bill(folder, "vex.json"))
    kept, apart, gaps = closed(folder, written)
    assert (kept, gaps) == ([RIBBON], [])
    assert len(apart) == 1
