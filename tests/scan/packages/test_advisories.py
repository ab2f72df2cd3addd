"""Reading records, and the index that they become."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.core.errors import AdvisoryError
from buckler.core.finding import Severity
from buckler.scan.engines.packages.advisories import archive as archives
from buckler.scan.engines.packages.advisories.index import FORMAT, Index, Known
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


# Sources


def test_records_come_from_a_folder_a_zip_a_tar_and_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "records" / "vulns"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(record("A-1")))
    (folder / "b.yaml").write_text(
        "id: A-2\nmodified: 2026-11-02T00:00:00Z\naffected:\n- package: {ecosystem: PyPI, name: shop-labels}\n"
        "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: '2'\n"
    )
    (folder / "link.json").symlink_to("/etc/hostname")
    (folder / "readme.txt").write_text("no record")
    tar = tmp_path / "records.tar.gz"
    with tarfile.open(tar, "w:gz") as stream:
        stream.add(folder, "vulns")
    for source in (tmp_path / "records", tar):
        about, gathered = update(str(source), tmp_path / "a.sqlite")
        assert about.records == 2
        assert about.date.startswith("2026-11-02")
        assert known(tmp_path / "a.sqlite", "shop-labels", "1.5") == ["A-2"]
        assert [name for name, _ in gathered.broken][:1] in ([], ["vulns/link.json"])
    about, _ = update(str(folder / "a.json"), tmp_path / "a.sqlite")
    assert about.records == 1


def test_what_can_be_read_is_used_and_what_cannot_is_named(tmp_path: Path) -> None:
    source = archive(
        tmp_path / "a.zip", record("A-1"), "<<<<<<< HEAD\n{}", '{"id": 1}', "[" * 99_999
    )
    about, gathered = update(str(source), tmp_path / "a.sqlite")
    assert (about.records, about.broken) == (1, 3)
    assert [name for name, _ in gathered.broken] == ["1.json", "2.json", "3.json"]


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("A-1.json", b" " * (archives.ENTRY_BYTES + 1))
    return path


def climbing(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("../../../A-1.json", json.dumps(record("A-1")))
        stream.writestr("/A-2.json", json.dumps(record("A-2")))
    return path


def cut(path: Path) -> Path:
    whole = archive(path, *(record(f"A-{n}") for n in range(50))).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def flipped(path: Path) -> Path:
    whole = bytearray(archive(path, *(record(f"A-{n}") for n in range(50))).read_bytes())
    whole[60:70] = bytes(10)
    path.write_bytes(whole)
    return path


def aliased(path: Path) -> Path:
    """YAML that unfolds to a thousand million items."""
    lines = ["id: A-1", "x0: &x0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.with_suffix(".yaml").write_text("\n".join([*lines, "summary: *x8", "affected: *x8"]))
    return path.with_suffix(".yaml")


@pytest.mark.parametrize("make", [bomb, cut, flipped, aliased])
def test_a_bad_archive_leaves_the_index_as_it_was(tmp_path: Path, make: Any) -> None:
    path = made(tmp_path / "a.sqlite", record("OLD-1"))
    before = path.read_bytes()
    with pytest.raises(AdvisoryError):
        update(str(make(tmp_path / "new.zip")), path)
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} <= {"a.sqlite", "a.zip", "new.zip", "new.yaml"}


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    update(str(climbing(tmp_path / "new.zip")), tmp_path / "a.sqlite")
    assert known(tmp_path / "a.sqlite", "shop-labels", "1.0") == ["A-1", "A-2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.sqlite", "new.zip"]


def test_plain_http_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(AdvisoryError, match="is not https"):
        update("http://advisories.example/all.zip", tmp_path / "a.sqlite")


# The index


def test_an_index_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", record("A-1"))
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    with pytest.raises(AdvisoryError, match="later version"):
        Index(path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"text", bytes(5000)])
def test_what_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.sqlite").write_bytes(content)
    with pytest.raises(AdvisoryError) as caught:
        Index(tmp_path / "a.sqlite")
    assert "buckler advisories update" in caught.value.hint


def test_an_index_that_is_cut_short_says_so(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", *(record(f"A-{n}", f"p{n}") for n in range(300)))
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(AdvisoryError), Index(path) as index:
        index.known([f"p{n}" for n in range(300)])


KILLED = """
import sys
from pathlib import Path
from buckler.scan.engines.packages.advisories.update import update
print("go", flush=True)
while True:
    update(sys.argv[1], Path(sys.argv[2]))
    update(sys.argv[3], Path(sys.argv[2]))
    print("again", flush=True)
"""


def test_killed_at_any_point_the_old_or_the_new_index_is_there(tmp_path: Path) -> None:
    """Three loops of updates, each stopped ten times wherever it happens to be, and killed at the last one."""
    path = tmp_path / "a.sqlite"
    sources = [
        archive(tmp_path / f"{n}.zip", *(record(f"{n}-{i}", f"p{i}") for i in range(400)))
        for n in ("ONE", "TWO")
    ]
    update(str(sources[0]), path)
    command = [sys.executable, "-c", KILLED, str(sources[0]), str(path), str(sources[1])]
    left = set()
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None and child.stdout.readline() == b"go\n"
            for stop in range(10):
                time.sleep(0.004 * stop + 0.003)
                child.send_signal(signal.SIGSTOP)
                assert_whole(path)
                left |= {p.name for p in tmp_path.glob(".advisories-*")}
                child.send_signal(signal.SIGCONT if stop < 9 else signal.SIGKILL)
        assert_whole(path)
    assert left, "none of the stops came while a new index was written"
    long_ago = time.time() - 7200
    for stray in tmp_path.glob(".advisories-*"):
        os.utime(stray, (long_ago, long_ago))
    update(str(sources[0]), path)
    assert list(tmp_path.glob(".advisories-*")) == []


def assert_whole(path: Path) -> None:
    with Index(path) as index:
        assert {a.id[:3] for a in index.records(range(400)).values()} in ({"ONE"}, {"TWO"})
        assert len(index.records(range(400))) == index.about.records == 400
        assert len(index.known(f"p{i}" for i in range(400))) == 400


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    path = made(tmp_path / "a.sqlite", record("A-1", details="x" * 5000, summary="Ünïcode\u2028"))
    with Index(path) as index:
        found = index.records([0])[0]
    assert (found.summary, found.details) == ("Ünïcode\u2028", "x" * 5000)
