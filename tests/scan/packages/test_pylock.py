"""Who wants a package, and where, as pylock.toml says it in markers (PEP 751)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scan.packages.test_older_locks import read


def test_pylock_says_in_markers_who_wants_it(tmp_path: Path) -> None:
    """The example of PEP 751, shortened."""
    found = read(
        tmp_path,
        **{
            "pylock.toml": """lock-version = '1.0'
requires-python = ">=3.12"
environments = ["sys_platform == 'win32'", "sys_platform == 'linux'"]
extras = ["sql"]
dependency-groups = ["dev", "default"]
default-groups = ["default"]
created-by = 'mousebender'

[[packages]]
name = 'attrs'
version = '25.1.0'
wheels = [
  {upload-time = 2025-01-25T11:30:10.164985+00:00, size = 63152, hashes = {sha256 = 'c7'}},
]
[[packages.attestation-identities]]
environment = 'release-pypi'
kind = 'GitHub'

[[packages]]
name = 'cattrs'
version = '24.1.2'
marker = "'dev' in dependency_groups and (python_version < '3.13' or sys_platform == 'win32')"
dependencies = [
    {name = 'attrs'},
]

[[packages]]
name = 'asyncpg'
version = '0.30'
marker = "'sql' in extras or 'default' in dependency_groups"

[[packages]]
name = 'labels'
vcs = {type = 'git', url = 'https://git.example/labels', commit-id = '00'}

[[packages]]
name = 'stock'
directory = {path = '.', editable = true}

[[packages]]
name = 'stamps'
archive = {path = 'stamps.tar.gz', hashes = {sha256 = 'd1'}}
""",
        },
    )
    assert found.python == ">=3.12"
    assert [
        (p.name, p.version, p.groups, p.marker, p.source, p.hashes) for p in found.packages
    ] == [
        ("attrs", "25.1.0", ("main",), "", "index", ("sha256:c7",)),
        (
            "cattrs",
            "24.1.2",
            ("dev",),
            "python_version < '3.13' or sys_platform == 'win32'",
            "index",
            (),
        ),
        ("asyncpg", "0.30", ("extra:sql", "main"), "", "index", ()),
        ("labels", "", ("main",), "", "git", ()),
        ("stock", "", ("main",), "", "editable", ()),
        ("stamps", "", ("main",), "", "path", ("sha256:d1",)),
    ]
    assert found.way_to("attrs") == ("cattrs", "attrs")


@pytest.mark.parametrize(
    ("marker", "where", "groups"),
    [
        ("'a' in extras", "", ("extra:a",)),
        ("'a' in dependency_groups or sys_platform == 'win32'", "", ("a",)),
        ("'a' in extras and os_name == 'nt' and sys_platform == 'win32'", "os_name == 'nt' and sys_platform == 'win32'", ("extra:a",)),
        ("('a' in extras or 'b' in dependency_groups) and (os_name == 'nt' or os_name == 'x')", "os_name == 'nt' or os_name == 'x'", ("b", "extra:a")),
        ("os_name == 'nt' and ('a' in extras and sys_platform == 'x' or os_name == 'y')", "os_name == 'nt' and (sys_platform == 'x' or os_name == 'y')", ("extra:a",)),
        ("sys_platform != 'extras'", "sys_platform != 'extras'", ("main",)),
        ("'a' in extras and (", "'a' in extras and (", ("main",)),
        ("(" * 5000 + "'a' in extras", "(" * 5000 + "'a' in extras", ("main",)),
    ],
)  # fmt: skip
def test_who_is_taken_out_of_a_marker(
    tmp_path: Path, marker: str, where: str, groups: tuple[str, ...]
) -> None:
    found = read(
        tmp_path,
        **{"pylock.toml": f'[[packages]]\nname = "a"\nversion = "1"\nmarker = "{marker}"\n'},
    )
    assert [(p.marker, p.groups) for p in found.packages] == [(where, groups)]
