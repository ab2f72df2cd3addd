"""Package URLs, by the library of their specification's authors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from buckler.scan.engines.packages.documents import purl

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
VERSIONS = st.from_regex(
    r"([0-9]!)?[0-9]{1,3}(\.[0-9]{1,2}){0,3}(rc[0-9])?(\+[a-z0-9]{1,4})?", fullmatch=True
)


@given(NAMES, VERSIONS)
def test_written_as_the_library_writes_it(name: str, version: str) -> None:
    normal = str(canonicalize_name(name))
    expected = PackageURL("pypi", None, normal, version).to_string()
    assert purl.written(normal, version) == expected


@given(
    NAMES,
    VERSIONS,
    st.sampled_from(["", "?vcs_url=git%2Bhttps://x.example", "#sub/path", "?a=b#c"]),
)
def test_read_as_the_library_reads_it(name: str, version: str, rest: str) -> None:
    text = PackageURL("pypi", None, name, version).to_string() + rest
    known = PackageURL.from_string(text)
    found = purl.read(text)
    assert found is not None
    assert found.name == canonicalize_name(known.name)
    assert found.version == known.version


@given(st.text(max_size=40))
def test_any_text_is_read_or_none(text: str) -> None:
    found = purl.read(f"pkg:pypi/{text}")
    assert found is None or (found.name and "/" not in found.name)


@pytest.mark.parametrize(
    "text",
    ["", "labels", "labels@1.4.1", "pkg:", "pkg:pypi", "pkg:pypi/", "pkg:pypi/@1", "https://x.example/pkg:pypi/labels",
     "pkg:pypi/group/labels@1", "pkg:pypi/a%2Fb"],
)  # fmt: skip
def test_what_is_no_package_url(text: str) -> None:
    assert purl.read(text) is None


@pytest.mark.parametrize(
    ("text", "version", "is_it"),
    [
        ("pkg:pypi/labels@1.4.1", "1.4.1", True),
        ("pkg:pypi/Labels@1.4.1", "1.4.1", True),
        ("PKG:PyPI/labels@1.4.1", "1.4.1", True),
        ("pkg:PyPI/labels@1.4.1", "1.4.1", True),
        ("pkg://pypi/labels@1.4.1", "1.4.1", True),
        ("pkg:pypi/labels", "1.4.1", True),
        ("pkg:pypi/labels@1.4.1.0", "1.4.1", True),
        ("pkg:pypi/labels@1.4.1+vendor.1", "1.4.1", False),
        ("pkg:pypi/labels@1.4.1%2Bvendor.1", "1.4.1+vendor.1", True),
        ("pkg:pypi/labels@1.4.10", "1.4.1", False),
        ("pkg:pypi/labels-extra@1.4.1", "1.4.1", False),
        ("pkg:npm/labels@1.4.1", "1.4.1", False),
        ("pkg:npm/labels", "1.4.1", False),
        ("pkg:pypi/labels@odd", "odd", True),
        ("pkg:pypi/labels@odd", "even", False),
    ],
)
def test_which_version_is_named(text: str, version: str, is_it: bool) -> None:
    named = purl.read(text)
    assert (named is not None and named.is_package("labels", version)) is is_it
