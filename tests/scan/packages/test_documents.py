"""Documents of packages, by the schemas and libraries of their formats."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packageurl import PackageURL
from spdx_tools.spdx.model import RelationshipType
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from buckler.core.errors import UsageError
from buckler.scan.engines.packages.documents.bill import Application, Bill, Component, bill_of
from buckler.scan.engines.packages.documents.licences import licences_of
from buckler.scan.engines.packages.documents.render import KINDS, render
from buckler.scan.engines.packages.documents.state import State, Status
from buckler.scan.engines.packages.inventory import environment
from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Package
from tests.scan.packages import openvex, shop

LABELS, PAPER, RIBBON, QUIET = (
    "pkg:pypi/labels@1.4.1",
    "pkg:pypi/paper@3%212.0%2Blocal.1",
    "pkg:pypi/ribbon@0.9",
    "pkg:pypi/quiet@5.0",
)
ROOT = "pkg:generic/corner-shop@2.1"
LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "corner-shop"
version = "2.1"
source = { editable = "." }
dependencies = [{ name = "labels" }]

[package.dev-dependencies]
dev = [{ name = "ribbon" }]

[[package]]
name = "labels"
version = "1.4.1"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "paper" }]

[[package]]
name = "paper"
version = "2.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "ribbon"
version = "0.9"
source = { registry = "https://index.example/simple" }
"""
LOCKED = {
    **{name: text for name, text in shop.FILES.items() if name != "requirements.txt"},
    "uv.lock": LOCK,
}


@pytest.fixture(scope="module")
def cyclonedx() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def spdx_errors(text: str) -> list[str]:
    document = JsonLikeDictParser().parse(json.loads(text))
    return [str(error) for error in validate_full_spdx_document(document, "SPDX-2.3")]


def check(bill: Bill, cyclonedx: JsonStrictValidator) -> None:
    for kind in ("sbom-cyclonedx", "vex-cyclonedx"):
        text = render(kind, bill)
        assert cyclonedx.validate_str(text) is None
        assert Bom.from_json(json.loads(text)) is not None
        _unique_references(json.loads(text))
    assert spdx_errors(render("sbom-spdx", bill)) == []
    assert openvex.errors(json.loads(render("vex-openvex", bill))) == []


def _unique_references(document: dict) -> None:
    named = [document["metadata"]["component"]["bom-ref"]]
    named += [item["bom-ref"] for item in (*document["components"], *document["vulnerabilities"])]
    assert len(named) == len(set(named))
    for item in document.get("dependencies", []):
        assert {item["ref"], *item.get("dependsOn", [])} <= set(named)
    for item in document["vulnerabilities"]:
        assert {target["ref"] for target in item["affects"]} <= set(named)


def test_documents_of_a_project_are_valid(tmp_path: Path, cyclonedx: JsonStrictValidator) -> None:
    check(shop.bill(shop.write(tmp_path)), cyclonedx)


def test_documents_of_nothing_are_valid(tmp_path: Path, cyclonedx: JsonStrictValidator) -> None:
    check(shop.bill(shop.write(tmp_path, {"main.py": shop.MAIN})), cyclonedx)


def test_components_are_what_was_read(tmp_path: Path) -> None:
    bom = Bom.from_json(json.loads(render("sbom-cyclonedx", shop.bill(shop.write(tmp_path)))))
    found = {str(component.purl): component for component in bom.components}
    assert set(found) == {LABELS, PAPER, RIBBON, QUIET}
    assert [h.content for h in found[PAPER].hashes] == ["c" * 64]
    assert not found[LABELS].hashes
    several = {h.content for r in found[LABELS].external_references for h in r.hashes}
    assert several == {"a" * 64, "b" * 64}
    assert bom.metadata.component is not None
    assert (bom.metadata.component.name, bom.metadata.component.version) == ("corner-shop", "2.1")
    assert str(bom.metadata.component.purl) == ROOT


def test_what_is_not_known_of_dependencies_is_not_stated(tmp_path: Path) -> None:
    document = json.loads(render("sbom-cyclonedx", shop.bill(shop.write(tmp_path))))
    assert document["dependencies"] == [
        {"ref": ROOT, "dependsOn": [LABELS, PAPER, QUIET, RIBBON]},
    ]


def test_the_graph_of_a_lock(tmp_path: Path) -> None:
    bill = shop.bill(shop.write(tmp_path, LOCKED))
    document = json.loads(render("sbom-cyclonedx", bill))
    paper = "pkg:pypi/paper@2.0"
    assert document["dependencies"] == [
        {"ref": ROOT, "dependsOn": [LABELS, RIBBON]},
        {"ref": LABELS, "dependsOn": [paper]},
        {"ref": paper},
        {"ref": RIBBON},
    ]
    scopes = {c["name"]: c["scope"] for c in document["components"]}
    assert scopes == {"labels": "required", "paper": "required", "ribbon": "excluded"}


def test_the_graph_in_spdx(tmp_path: Path) -> None:
    text = render("sbom-spdx", shop.bill(shop.write(tmp_path, LOCKED)))
    document = JsonLikeDictParser().parse(json.loads(text))
    names = {package.spdx_id: package.name for package in document.packages}
    related = {
        (
            names.get(r.spdx_element_id, ""),
            r.relationship_type,
            names[str(r.related_spdx_element_id)],
        )
        for r in document.relationships
    }
    assert related == {
        ("", RelationshipType.DESCRIBES, "corner-shop"),
        ("corner-shop", RelationshipType.DEPENDS_ON, "labels"),
        ("ribbon", RelationshipType.DEV_DEPENDENCY_OF, "corner-shop"),
        ("labels", RelationshipType.DEPENDS_ON, "paper"),
    }
    purls = {r.locator for p in document.packages for r in p.external_references}
    assert {ROOT, LABELS, RIBBON, "https://shop.example/fix/1"} <= purls


def test_only_what_was_shown_is_stated(tmp_path: Path) -> None:
    document = json.loads(render("vex-openvex", shop.bill(shop.write(tmp_path))))
    said = {s["vulnerability"]["name"]: s for s in document["statements"]}
    assert {name: s["status"] for name, s in said.items()} == {
        "CVE-2026-99001": "affected",  # main.py imports it
        "CVE-2026-99002": "under_investigation",  # nobody imports it, which is no proof
    }
    assert "1.4.2" in said["CVE-2026-99001"]["action_statement"]
    assert "main.py:2" in said["CVE-2026-99001"]["status_notes"]
    assert said["CVE-2026-99001"]["vulnerability"]["aliases"] == ["SHOP-2026-1"]
    parts = [p["@id"] for s in document["statements"] for p in s["products"][0]["subcomponents"]]
    assert parts == [LABELS, RIBBON]


def test_a_package_that_production_does_not_install_is_not_affected_by_a_guess(
    tmp_path: Path,
) -> None:
    files = {**LOCKED, "main.py": "import ribbon\n"}
    document = json.loads(render("vex-openvex", shop.bill(shop.write(tmp_path, files))))
    said = {s["vulnerability"]["name"]: s["status"] for s in document["statements"]}
    assert said["CVE-2026-99002"] == "under_investigation"


def test_states_in_cyclonedx(tmp_path: Path) -> None:
    document = json.loads(render("vex-cyclonedx", shop.bill(shop.write(tmp_path))))
    states = {v["id"]: v["analysis"]["state"] for v in document["vulnerabilities"]}
    assert states == {"CVE-2026-99001": "exploitable", "CVE-2026-99002": "in_triage"}
    assert [c["name"] for c in document["components"]] == ["labels", "ribbon"]


def test_the_same_input_gives_the_same_documents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for kind in KINDS:
        first, second = (render(kind, shop.bill(shop.write(folder))) for folder in (one, two))
        assert first == second


def test_the_time_comes_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shop.write(tmp_path)
    later = shop.NOW + timedelta(days=1, microseconds=7)
    before = [render(kind, shop.bill(folder)) for kind in KINDS]
    assert [render(kind, shop.bill(folder, made=later)) for kind in KINDS] != before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(shop.NOW.timestamp())))
    assert [render(kind, shop.bill(folder, made=later)) for kind in KINDS] == before
    assert '"2026-06-01T12:00:00Z"' in before[0]


@pytest.mark.parametrize("epoch", ["yesterday", "1e9", "9" * 30])
def test_a_time_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        shop.bill(shop.write(tmp_path))


def test_a_document_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        render("sbom-swid", shop.bill(shop.write(tmp_path)))
    assert "sbom-spdx" in raised.value.hint


@pytest.mark.parametrize(
    ("licence", "in_cyclonedx", "in_spdx"),
    [
        ("mit", {"expression": "MIT"}, "MIT"),
        ("Apache-2.0 OR (mit AND bsd-3-clause)", {"expression": "Apache-2.0 OR (MIT AND BSD-3-Clause)"}, "Apache-2.0 OR (MIT AND BSD-3-Clause)"),
        ("Our own, see \x1b[31mLICENCE", {"license": {"name": "Our own, see \N{REPLACEMENT CHARACTER}[31mLICENCE"}}, "NOASSERTION"),
    ],
)  # fmt: skip
def test_licences(
    licence: str, in_cyclonedx: dict, in_spdx: str, cyclonedx: JsonStrictValidator
) -> None:
    bill = made_of(Component("paper", "1", groups=("main",), licence=licence))
    check(bill, cyclonedx)
    assert json.loads(render("sbom-cyclonedx", bill))["components"][0]["licenses"] == [in_cyclonedx]
    assert json.loads(render("sbom-spdx", bill))["packages"][1]["licenseDeclared"] == in_spdx


def made_of(*components: Component) -> Bill:
    return Bill(Application("shop"), shop.NOW, components, ())


TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
    deadline=None,
)
@given(
    component=st.builds(
        Component,
        name=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
        version=TEXTS,
        groups=st.lists(TEXTS, max_size=2).map(tuple),
        hashes=st.lists(
            st.one_of(
                TEXTS, st.from_regex(r"(sha256|SHA512|md5):[0-9a-fA-F]{32,128}", fullmatch=True)
            ),
            max_size=3,
        ).map(tuple),
        direct=st.booleans(),
        told=st.booleans(),
        licence=TEXTS,
        paths=st.lists(TEXTS, max_size=2).map(tuple),
    )
)
def test_whatever_a_file_holds_the_documents_are_valid(
    component: Component, cyclonedx: JsonStrictValidator
) -> None:
    check(made_of(component), cyclonedx)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
    deadline=None,
)
@given(
    st.builds(
        State,
        st.sampled_from(list(Status)),
        justification=st.sampled_from(
            ["", "component_not_present", "vulnerable_code_cannot_be_controlled_by_adversary"]
        ),
        impact=TEXTS,
        notes=TEXTS.map(lambda text: f"Stated in vex.json:1. {text}"),
        action=TEXTS,
    ),
    TEXTS,
    st.one_of(
        TEXTS, st.from_regex(r"https?://[a-z.]{1,5}(\.ab)?[a-z/#?%\[\]\\ {}]{1,10}", fullmatch=True)
    ),
)
def test_whatever_is_known_the_documents_are_valid(
    tmp_path_factory: pytest.TempPathFactory,
    cyclonedx: JsonStrictValidator,
    state: State,
    text: str,
    url: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    bill = shop.bill(shop.write(folder))
    first = bill.judged[0]
    advisory = replace(
        first.weakness.advisories[0],
        references=(url,),
        published=text,
        vector=text,
        aliases=(text, "CVE-1"),
    )
    weakness = replace(first.weakness, advisories=(advisory,))
    check(replace(bill, judged=(replace(first, weakness=weakness, state=state),)), cyclonedx)


def test_the_tail_of_a_time_zone_is_not_lost(tmp_path: Path) -> None:
    made = datetime.fromisoformat("2026-06-01T14:00:00+02:00")
    assert shop.bill(shop.write(tmp_path), made=made).made == datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_root_and_package_of_one_name_are_two(
    tmp_path: Path, cyclonedx: JsonStrictValidator
) -> None:
    files = {**shop.FILES, "requirements.txt": "corner-shop==2.1\n"}
    bill = shop.bill(shop.write(tmp_path, files))
    check(bill, cyclonedx)
    # What the manifest asks for and no file has in a version is there without one.
    assert [str(PackageURL.from_string(c.purl)) for c in bill.components] == [
        "pkg:pypi/corner-shop@2.1",
        "pkg:pypi/labels",
    ]


def test_the_application_itself_is_the_root_and_no_component(tmp_path: Path) -> None:
    shop.write(tmp_path)
    itself = Package("corner-shop", "2.1", "venv", 1, direct=True, source="editable")
    other = Package("paper", "1", "venv", 1, source="editable")
    found = Inventories((Inventory("venv", "environment", (itself, other)),))
    bill = bill_of(tmp_path, found, (), made=shop.NOW)
    assert [component.name for component in bill.components] == ["paper"]


METADATA = {
    "one-1.dist-info": "License-Expression: mit\nLicense: see LICENCE\n",
    "two-1.dist-info": "License: Apache-2.0\nClassifier: License :: OSI Approved :: BSD License\n",
    "three-1.dist-info": "License: a long text\n   of several lines\nClassifier: License :: OSI Approved :: BSD License\n",
    "four-1.dist-info": "License: UNKNOWN\n\nLicense-Expression: MIT\n",
    "five-1.dist-info": "Classifier: License :: OSI Approved\nClassifier: Topic :: Security\n",
}


def test_licences_of_what_is_installed(tmp_path: Path) -> None:
    """By the core metadata specification: the expression, else the field of one line, else the classifier (PEP 639)."""
    library = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    for folder, fields in METADATA.items():
        (library / folder).mkdir(parents=True)
        head = f"Metadata-Version: 2.4\nName: {folder.partition('-')[0]}\nVersion: 1\n"
        (library / folder / "METADATA").write_text(head + fields)
    found = Inventories((environment.read(tmp_path / "venv", tmp_path, Manifest("", "pyproject")),))
    assert licences_of(tmp_path, found) == {
        ("one", "1"): "mit",
        ("two", "1"): "Apache-2.0",
        ("three", "1"): "BSD License",
    }
    document = json.loads(render("sbom-cyclonedx", bill_of(tmp_path, found, (), made=shop.NOW)))
    licences = {c["name"]: c.get("licenses") for c in document["components"]}
    assert licences["one"] == [{"expression": "MIT"}]
    assert licences["three"] == [{"license": {"name": "BSD License"}}]
    assert licences["five"] is None
