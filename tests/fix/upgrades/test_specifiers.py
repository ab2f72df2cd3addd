"""What a manifest asks for, changed as little as a version needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from buckler.core.errors import RepairError
from buckler.scan.fix.upgrades.specifiers import respecified


@pytest.mark.parametrize(
    ("written", "version", "becomes"),
    [
        ("==2.10", "3.1.6", "==3.1.6"),
        ("== 2.10", "3.1.6", "== 3.1.6"),
        ("===2.10", "3.1.6", "===3.1.6"),
        (">=2, <3", "3.2", ">=2, <4"),
        (">=2,<3.0", "3.2", ">=2,<4.0"),
        ("<2.12", "3.2", "<3.3"),
        ("<=2.9,!=2.5", "3.2", "<=3.2,!=2.5"),
        ("~=2.1", "3.2.5", "~=3.2"),
        ("~=2.1.0", "3.2.5", "~=3.2.5"),
        ("==2.*", "3.2", "==3.*"),
        ("==2.1.*", "3.2", "==3.2.*"),
        (">=2", "3.2", ">=2"),
        ("^2.1", "3.2.5", "^3.2"),
        ("^2", "3.2.5", "^3"),
        ("~2.1", "3.2.5", "~3.2"),
        ("2.1", "3.2", "3.2"),
        ("2.*", "3.2", "3.*"),
        ("*", "3.2", "*"),
        ("<1!3", "1!3.2", "<1!4"),
    ],
)
def test_only_what_forbids_it_changes(written: str, version: str, becomes: str) -> None:
    assert respecified(written, version) == becomes


@pytest.mark.parametrize(
    "written", ["!=3.2", ">4", "1.0 || ^2", "latest", ">=2 <3", "==2.1,==2.1+x,!=3.2"]
)
def test_what_cannot_be_said_is_refused(written: str) -> None:
    with pytest.raises(RepairError):
        respecified(written, "3.2")


numbers = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))
clauses = st.tuples(st.sampled_from(["==", "<=", "<", ">=", "~=", "!="]), numbers)


@given(st.lists(clauses, min_size=1, max_size=3), numbers)
def test_it_takes_the_version_or_is_refused(parts: list[tuple[str, str]], version: str) -> None:
    listed = [(s, f"{n}.0" if s == "~=" and "." not in n else n) for s, n in parts]
    written = ",".join(sign + number for sign, number in listed)
    try:
        made = respecified(written, version)
    except RepairError:
        return
    assert SpecifierSet(made).contains(version)
    for before, after in zip(written.split(","), made.split(","), strict=True):
        takes = SpecifierSet(before).contains(Version(version), prereleases=True)
        assert (before == after) is takes or before == after
