"""Reading records, and the index that they become."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.core.errors import AdvisoryError
from buckler.core.finding import Severity
from buckler.scan.engines.packages.advisories.index import Index, Known
from buckler.scan.engines.packages.advisories.model import Affected, best_name
from buckler.scan.engines.packages.advisories.osv import read
from buckler.scan.engines.packages.advisories.ranges import affects, spans
from buckler.scan.engines.packages.advisories.update import update
from buckler.scan.engines.packages.matching import match, smallest
from tests.scan.packages.osv import archive, record

CRITICAL = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
FOUR = {
    "type": "CVSS_V4",
    "score": "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N",
}


def made(path: Path, *records: Any, **joined: str) -> Path:
    update(str(archive(path.with_suffix(".zip"), *records)), path, **joined)
    return path


def known(path: Path, name: str, version: str) -> list[str]:
    with Index(path) as index:
        found = match(index, [(name, version)])
    return [weakness.name for matched in found.values() for weakness in matched.weaknesses]


# Ranges

EVENTS = st.dictionaries(
    st.integers(0, 9), st.sampled_from(["introduced", "fixed", "last_affected"]), max_size=6
)


@settings(max_examples=300, deadline=None)
@given(events=EVENTS, version=st.integers(1, 10), seed=st.randoms(use_true_random=False))
def test_spans_hold_what_the_events_say(events: dict[int, str], version: int, seed: Any) -> None:
    """Against the schema's own procedure, whatever the order of the file."""
    vulnerable = False
    for at, kind in sorted(events.items()):
        if kind == "introduced" and version >= at:
            vulnerable = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            vulnerable = False
    shuffled = [{kind: str(at)} for at, kind in events.items()]
    seed.shuffle(shuffled)
    assert affects(str(version), spans(shuffled), ()) is vulnerable


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        # One branch ends where the next one begins, in either order of the file.
        ([("introduced", 1), ("fixed", 2), ("introduced", 2), ("fixed", 3)], {1, 2}),
        ([("introduced", 2), ("fixed", 3), ("introduced", 1), ("fixed", 2)], {1, 2}),
        ([("introduced", 2), ("fixed", 2)], set()),
        ([("introduced", 1), ("fixed", 2), ("introduced", 2), ("fixed", 2)], {1}),
        ([("introduced", 2), ("last_affected", 2)], {2}),
        ([("introduced", 1), ("introduced", 2), ("fixed", 3)], {1, 2}),
        ([("introduced", 2), ("limit", 4), ("fixed", 9)], {2, 3}),
    ],
)
def test_events_at_one_version(events: list[tuple[str, int]], affected: set[int]) -> None:
    found = spans([{kind: str(at)} for kind, at in events])
    assert {n for n in range(1, 10) if affects(str(n), found, ())} == affected


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        *(("1.4.1", True), ("1.4.2", False), ("1.4.2rc1", True), ("1.4.2.dev3", True)),
        *(("1.4.2.post1", False), ("v1.4.1", True), ("1.4.1+local.7", True), ("0!1.4", True)),
        *(("1!0.1", False), ("01.04.01", True), ("nonsense", False), ("", False)),
    ],
)
def test_versions_are_compared_after_pep_440(version: str, affected: bool) -> None:
    assert affects(version, spans([{"introduced": "0"}, {"fixed": "1.4.2"}]), ()) is affected


def test_a_version_that_is_none_is_affected_where_it_is_listed() -> None:
    assert affects("0.7.10p1", (), ("0.7.10p1",))
    assert not affects("0.7.10p2", (), ("0.7.10p1",))
    assert affects("1.0", (), ("1.0.0",))


# Records


def test_vectors_give_the_severity_and_the_newer_standard_counts() -> None:
    found = read(record("A-1", severity=[CRITICAL]))
    assert found is not None and (found.severity, found.score) == (Severity.CRITICAL, 9.8)
    both = read(record("A-1", severity=[CRITICAL, FOUR]))
    assert both is not None and both.vector == FOUR["score"] and both.severity is Severity.LOW


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"database_specific": {"severity": 7}}, None),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:X"}]}, None),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/" + "A" * 9000}]}, None),
        ({}, None),
    ],
)
def test_what_nobody_rated_is_not_rated(more: dict[str, Any], severity: Severity | None) -> None:
    found = read(record("A-1", **more))
    assert found is not None and found.severity is severity


@pytest.mark.parametrize(
    "broken",
    [
        *(None, [], "text", {}, {"id": 7}),
        *({"id": "A", "affected": {"package": 1}}, {"id": "A", "affected": "x"}),
        {"id": "A", "affected": [{"package": {"ecosystem": "PyPI"}}]},
        {"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": {}}]},
    ],
)
def test_what_is_no_record_is_said(broken: Any) -> None:
    with pytest.raises(AdvisoryError):
        read(broken)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["PyPI", "0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                *[("id", "affected", "package", "ecosystem", "name", "ranges", "events", "type")]
            )
            | st.sampled_from(("introduced", "fixed", "versions", "severity", "score", "aliases"))
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(data=JSON, affected=JSON)
def test_no_record_raises_anything_else(data: Any, affected: Any) -> None:
    for one in (data, {"id": "A-1", "affected": [affected]}, {**record("A-1"), "severity": data}):
        with contextlib.suppress(AdvisoryError):
            read(one)


# Names of one weakness


def test_records_of_one_weakness_are_one(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.sqlite",
        record("PYSEC-2026-1", aliases=["CVE-2026-1000", "GHSA-aaaa-bbbb-cccc"]),
        record("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-1000"], summary="Labels"),
        record("GHSA-dddd-dddd-dddd", aliases=["PYSEC-2026-9"]),
        record("PYSEC-2026-9"),
        record("OSV-2026-7", "other"),
    )
    assert known(path, "shop-labels", "1.0") == ["CVE-2026-1000", "GHSA-dddd-dddd-dddd"]
    with Index(path) as index:
        for name in ("cve-2026-1000", "ghsa-AAAA-bbbb-cccc", "PYSEC-2026-1"):
            assert {a.id for a in index.named(name)} == {"PYSEC-2026-1", "GHSA-aaaa-bbbb-cccc"}
        assert index.named("CVE-2026-1000")[0].affected[0].package == "shop-labels"


def test_two_cve_that_share_a_ghsa_stay_two(tmp_path: Path) -> None:
    shared = "GHSA-aaaa-bbbb-cccc"
    path = made(
        tmp_path / "a.sqlite",
        record("PYSEC-2026-1", aliases=["CVE-2026-1000", shared]),
        record("PYSEC-2026-2", aliases=["CVE-2026-1001", shared]),
    )
    assert known(path, "shop-labels", "1.0") == ["CVE-2026-1000", "CVE-2026-1001"]


def test_a_weakness_is_called_by_the_name_that_stays() -> None:
    assert best_name(["PYSEC-2026-1", "GHSA-a", "CVE-2026-22", "CVE-2026-3"]) == "CVE-2026-3"
    assert best_name(["CVE-2026-1", "MAL-2026-7"]) == "MAL-2026-7"


def test_malicious_packages_are_critical_in_every_version(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", record("MAL-2026-7", events=[{"introduced": "0"}]))
    with Index(path) as index:
        (matched,) = match(index, [("shop-labels", "9.9")]).values()
    assert matched.weaknesses[0].malicious and matched.weaknesses[0].severity is Severity.CRITICAL
    assert matched.upgrade == ""


# The version to take


def test_the_smallest_version_of_which_nothing_is_known(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.sqlite",
        record("A-1", events=[{"introduced": "0"}, {"fixed": "1.4.2"}]),
        record("A-2", events=[{"introduced": "1.4"}, {"fixed": "1.5"}]),
        record("A-3", events=[{"introduced": "1.5"}, {"fixed": "1.5.3"}]),
        record("A-4", events=[{"introduced": "2.0"}, {"fixed": "2.1"}]),
    )
    with Index(path) as index:
        found = match(index, [("shop-labels", v) for v in ("1.0", "1.4.2", "1.5", "2.0", "2.1")])
    upgrades = {version: matched.upgrade for (_, version), matched in found.items()}
    assert upgrades == {"1.0": "1.5.3", "1.4.2": "1.5.3", "1.5": "1.5.3", "2.0": "2.1"}
    assert [w.fixed for w in found["shop-labels", "1.0"].weaknesses] == ["1.4.2"]


def test_nobody_is_led_from_a_release_to_a_pre_release(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.sqlite",
        record("A-1", events=[{"introduced": "1"}, {"fixed": "1.5rc1"}]),
        record("A-2", events=[{"introduced": "2"}, {"fixed": "3"}]),
    )
    with Index(path) as index:
        items = index.known(["shop-labels"])["shop-labels"]
    assert smallest("1.4", items) == "3"
    assert smallest("1.4rc1", items) == "1.5rc1"


@settings(max_examples=200, deadline=None)
@given(
    fixed=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=5),
    version=st.integers(0, 9),
)
def test_no_smaller_named_version_would_do(fixed: list[tuple[int, int]], version: int) -> None:
    items = [
        Known(n, n, Affected("x", spans([{"introduced": str(a)}, {"fixed": str(b)}])))
        for n, (a, b) in enumerate(fixed)
    ]
    ranges = [(low, high) for low, high in fixed if low < high]
    # Whatever begins after it ends, or where it does, begins anew and has no end.
    ranges += [(low, 99) for low, high in fixed if low > high]
    named = [b for low, b in ranges if b > version and b != 99]
    free = [b for b in named if not any(low <= b < high for low, high in ranges)]
    assert smallest(str(version), items) == (str(min(free)) if free else "")


# What else is known


def test_kev_and_epss_are_joined(tmp_path: Path) -> None:
    kev = tmp_path / "kev.json"
    kev.write_text(
        json.dumps(
            {
                "vulnerabilities": [
                    {
                        "cveID": "CVE-2026-1000",
                        "dateAdded": "2026-10-09",
                        "knownRansomwareCampaignUse": "Known",
                    },
                    {"cveID": "CVE-2026-9999", "dateAdded": "2026-10-09"},
                ]
            }
        )
    )
    epss = tmp_path / "epss.csv.gz"
    text = "#model_version:v2026,score_date:2026-11-01\ncve,epss,percentile\nCVE-2026-1000,0.5,0.99\nCVE-2026-1,x,y\n"
    epss.write_bytes(gzip.compress(text.encode()))
    path = made(
        tmp_path / "a.sqlite",
        record("A-1", aliases=["CVE-2026-1000"]),
        exploited=str(kev),
        likely=str(epss),
    )
    with Index(path) as index:
        (matched,) = match(index, [("shop-labels", "1.0")]).values()
        assert index.exploited(["CVE-2026-9999"]) == {}
    weakness = matched.weaknesses[0]
    assert (weakness.exploited, weakness.ransomware) == ("2026-10-09", True)
    assert weakness.likelihood == 0.5


@pytest.mark.parametrize("text", ["", "{}", '{"vulnerabilities": [{}]}', "cve,epss\n", "[1]"])
def test_a_wrong_list_of_exploited_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kev.json").write_text(text)
    with pytest.raises(AdvisoryError):
        made(tmp_path / "a.sqlite", record("A-1"), exploited=str(tmp_path / "kev.json"))
    with pytest.raises(AdvisoryError):
        made(tmp_path / "a.sqlite", record("A-1"), likely=str(tmp_path / "kev.json"))
    assert not (tmp_path / "a.sqlite").exists()
