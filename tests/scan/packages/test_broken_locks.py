"""Locks that are broken, hostile or odd: told with file and line, and what can be read is used."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.scan.engines.packages.inventory.model import Inventories, Inventory
from buckler.scan.engines.packages.inventory.read import inventories
from tests.scan.packages.corpus import CORPUS

TOML = {
    "uv.lock": "uv-few/uv-lock.toml",
    "poetry.lock": "poetry-few/poetry-lock.toml",
    "pdm.lock": "pdm-few/pdm-lock.toml",
    "pylock.toml": "pip-lock/pylock-pip.toml",
}
JSON = "pipenv-few/pipfile-lock.json"
LOCKS = {**TOML, "Pipfile.lock": JSON}
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def text_of(name: str) -> str:
    return (CORPUS / LOCKS[name]).read_text(encoding="utf-8")


def read(folder: Path, name: str, text: str) -> Inventory:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    (found,) = inventories(folder)
    return found


def versions(found: Inventory) -> set[tuple[str, str]]:
    return {(p.name, p.version) for p in found.packages}


@pytest.mark.parametrize("name", TOML)
def test_one_bad_table_costs_no_other(tmp_path: Path, name: str) -> None:
    text = text_of(name)
    whole = versions(read(tmp_path, name, text))
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith('name = "pydantic"'))
    lines[at + 1] = lines[at + 1][:-1]  # the version has no end
    found = read(tmp_path, name, "\n".join(lines))
    assert [(p.path, p.line) for p in found.problems] == [(name, at + 2)]
    assert "TOML" in found.problems[0].what
    assert whole - versions(found) == {v for v in whole if v[0] == "pydantic"}
    assert ("pydantic", "") in versions(found)


@pytest.mark.parametrize("name", TOML)
def test_both_sides_of_a_merge_conflict_count(tmp_path: Path, name: str) -> None:
    text = text_of(name)
    whole = read(tmp_path, name, text)
    (old,) = (p.version for p in whole.packages if p.name == "fastapi")
    mine = f'version = "{old}"\n'
    start = text.index('name = "fastapi"') + len('name = "fastapi"\n')
    marked = f'<<<<<<< HEAD\n{mine}=======\nversion = "0.1"\n>>>>>>> other\n'
    text = text[:start] + marked + text[start + len(mine) :]
    found = read(tmp_path, name, text)
    line = text[:start].count("\n") + 1
    assert [(p.line, p.what) for p in found.problems] == [(line, "a merge conflict was left here")]
    assert versions(found) == versions(whole) | {("fastapi", "0.1")}
    assert {p.line for p in found.packages if p.name == "fastapi"} == {line + 1, line + 3}


def test_a_broken_pipfile_lock(tmp_path: Path) -> None:
    text = text_of("Pipfile.lock")
    whole = read(tmp_path, "Pipfile.lock", text)
    cut = text[: text.index('"typing-inspection"')]
    found = read(tmp_path, "Pipfile.lock", cut)
    assert [(p.line, p.path) for p in found.problems] == [(cut.count("\n") + 1, "Pipfile.lock")]
    assert versions(whole) - versions(found) == {
        v for v in versions(whole) if v[0] == "typing-inspection"
    }
    marked = text.replace('    "develop"', '<<<<<<< HEAD\n    "develop"')
    found = read(tmp_path, "Pipfile.lock", marked)
    line = marked[: marked.index("<<<")].count("\n") + 1
    assert [(p.line, p.what) for p in found.problems] == [(line, "a merge conflict was left here")]
    assert versions(found) == versions(whole)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("uv.lock", "version = 2\n", "version 2"),
        ("pylock.toml", 'lock-version = "2.0"\n', "version 2.0"),
        ("uv.lock", '[[package]]\nversion = "1"\n', "no name"),
        ("poetry.lock", '[[package]]\nname = 1\nversion = "1"\n', "no name"),
        ("pdm.lock", '[[package]]\nname = "../a"\nversion = "1"\n', "no name"),
        ("pylock.toml", "[[packages]]\nname = []\n", "no name"),
        ("Pipfile.lock", '{"default": {"a b": {"version": "==1"}}}', "no name"),
        ("uv.lock", '[package]\nname = "a"\nversion = "1"\n', "array of tables"),
        ("uv.lock", '[[package]]\nname = "a"\nx = ' + "[" * 5000, "nested"),
        ("Pipfile.lock", "[" * 100_000, "JSON"),
    ],
)
def test_what_is_odd_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    found = read(tmp_path, name, text)
    assert any(said in p.what for p in found.problems)
    assert all(p.path == name and p.hint is not None for p in found.problems)


def test_forms_that_no_tool_writes_are_read_all_the_same(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "uv.lock",
        """version = 1
[[ package ]] # one
name = 'fast_API'
version = "0.1"
dependencies = [{name="idna"},
]
note = \"\"\"
[[package]]
name = "not a package"
\"\"\"
[[package]]
"name" = "idna"
version = '3'
""",
    )
    assert found.problems == ()
    assert [(p.name, p.version, p.line, p.requires) for p in found.packages] == [
        ("fast-api", "0.1", 2, ("idna",)),
        ("idna", "3", 11, ()),
    ]


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("name", LOCKS)
def test_how_windows_saves_it(tmp_path: Path, name: str, start: str, ending: str) -> None:
    text = text_of(name)
    whole = read(tmp_path, name, text)
    assert read(tmp_path, name, start + text.replace("\n", ending)) == whole


@pytest.mark.parametrize("name", [*LOCKS, "pyproject.toml", "Pipfile", "requirements.txt"])
def test_special_files(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (tmp_path / "secret").write_text('[project]\ndependencies = ["stolen==1"]\n')
    for number, make in enumerate(
        [
            lambda path: path.symlink_to(tmp_path / "secret"),
            lambda path: path.symlink_to(path),
            lambda path: path.symlink_to("/dev/zero"),
            lambda path: os.mkfifo(path),
        ]
    ):
        (folder / f"part{number}").mkdir()
        make(folder / f"part{number}" / name)
    found = inventories(folder)
    assert list(found.packages) == []
    assert sorted(p.path for p in found.problems) == [f"part{n}/{name}" for n in range(4)]
    assert all(p.what and p.hint for p in found.problems)


@pytest.mark.parametrize("name", LOCKS)
def test_versions_that_are_none_are_kept(tmp_path: Path, name: str) -> None:
    text = text_of(name)
    (old,) = (p.version for p in read(tmp_path, name, text).packages if p.name == "fastapi")
    found = read(tmp_path, name, text.replace(old, "2004d-final"))
    assert ("fastapi", "2004d-final") in versions(found)


def test_packages_that_bring_each_other(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "uv.lock",
        'version = 1\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [\n    { name = "a", marker = "sys_platform == \'win32\'" },\n]\n'
        '\n[[package]]\nname = "a"\nversion = "1"\ndependencies = [\n    { name = "b", extra = ["x"] },\n]\n'
        '\n[[package]]\nname = "b"\nversion = "1"\ndependencies = [\n    { name = "a" },\n]\n'
        '\n[package.optional-dependencies]\nx = [\n    { name = "c" },\n    { name = "b" },\n]\n'
        '\n[[package]]\nname = "c"\nversion = "1"\n',
    )
    assert found.way_to("c") == ("a", "b", "c")
    assert {p.marker for p in found.packages} == {"sys_platform == 'win32'"}


def test_twenty_thousand(tmp_path: Path) -> None:
    """Each brings two others, in circles; a way that is not linear takes minutes."""
    count = 20_000
    text = "version = 1\n" + "".join(
        f'\n[[package]]\nname = "p{i}"\nversion = "1.{i}"\ndependencies = [\n'
        f'    {{ name = "p{(i + 1) % count}" }},\n    {{ name = "p{i * 7 % count}" }},\n]\n'
        for i in range(count)
    )
    found = read(tmp_path, "uv.lock", text)
    assert len(found.packages) == count
    assert found.packages[-1].line == 2 + (count - 1) * 8 + 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["==1", ">=1", "a[b]>=1; x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["name", "version", "marker", "extra", "hash", "hashes", "markers", "optional", "default", "source", "url"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "version", "source", "dependencies", "optional-dependencies", "dev-dependencies", "metadata",
     "sdist", "wheels", "files", "groups", "markers", "marker", "extras", "optional", "category", "archive",
     "vcs", "directory", "develop", "editable", "path"]
)  # fmt: skip


def written(value: object) -> str:
    """A value as TOML in one line; nothing of it is null."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if value is None:
        return '""'
    return json.dumps(value, ensure_ascii=True) if not isinstance(value, str) else json.dumps(
        "".join(c for c in value if ord(c) < 0xD800 and c != "\x7f")
    )  # fmt: skip


def of(folder: Path, name: str, data: bytes) -> Inventories:
    (folder / name).write_bytes(data)
    return inventories(folder)


def _is_name(value: object) -> bool:
    """PEP 508."""
    return isinstance(value, str) and bool(
        re.fullmatch(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", value, re.ASCII)
    )


@pytest.mark.parametrize("name", TOML)
def test_no_value_is_a_crash(name: str, tmp_path: Path) -> None:
    array = "packages" if name.startswith("py") else "package"

    @SLOW
    @given(
        st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4),
        st.dictionaries(KEYS, VALUES),
    )
    def check(tables: list[dict[str, object]], rest: dict[str, object]) -> None:
        text = "".join(f"{key} = {written(value)}\n" for key, value in rest.items())
        for table in tables:
            text += f"[[{array}]]\n"
            text += "".join(f"{key} = {written(value)}\n" for key, value in table.items())
        tomllib.loads(text)
        found = of(tmp_path, name, text.encode())
        nameless = sum("no name" in p.what for p in found.problems)
        assert nameless == sum(not _is_name(t.get("name")) for t in tables)
        assert sum(1 for _ in found.packages) <= len(tables) - nameless

    check()


def test_no_json_is_a_crash(tmp_path: Path) -> None:
    @SLOW
    @given(st.dictionaries(st.sampled_from(["default", "develop", "_meta", "x"]), st.dictionaries(
        st.text(max_size=5), VALUES, max_size=4) | VALUES))  # fmt: skip
    def check(document: dict[str, object]) -> None:
        of(tmp_path, "Pipfile.lock", json.dumps(document).encode())

    check()


@pytest.mark.parametrize(
    "name",
    [*LOCKS, "pyproject.toml", "Pipfile", "requirements.txt", "job.py", "a-1-py3-none-any.whl"],
)
def test_no_text_is_a_crash(name: str, tmp_path: Path) -> None:
    words = st.sampled_from(
        ["[[package]]\n", "[[packages]]\n", "[package.x]\n", "[project]\n", "name", "version", " = ", '"a"', "1",
         "[", "]", "{", "}", "\n", ", ", "'''", '"""', "\\", "#", "<<<<<<< HEAD\n", "dependencies", "-r ", "==",
         "--hash=sha256:00", "# /// script\n", "# ///\n", ";", "extra", "@", "\x00", "é", "PK\x05\x06"]
    )  # fmt: skip

    @SLOW
    @given(st.lists(words, max_size=30).map("".join).map(str.encode) | st.binary(max_size=60))
    def check(data: bytes) -> None:
        for inventory in of(tmp_path, name, data):
            assert all(p.what and p.path for p in inventory.problems)

    check()


@pytest.mark.parametrize("name", TOML)
def test_one_change_anywhere_loses_nothing_in_silence(name: str, tmp_path: Path) -> None:
    """The parser of the standard library is the oracle; where it gives up, what was not touched is still there."""
    text = text_of(name)
    array = "packages" if name.startswith("py") else "package"
    whole = versions(read(tmp_path, name, text))
    change = st.sampled_from(
        ["", '"', "\n", "[", "]", "{", "}", "#", "\\", "'", " ", "=", "a", "<<<<<<< HEAD\n"]
    )

    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, len(text) - 1), change)
    def check(at: int, put: str) -> None:
        changed = text[:at] + put + text[at + 1 :]
        found = list(of(tmp_path, name, changed.encode()))
        got = {v for i in found for v in versions(i)}
        try:
            document = tomllib.loads(changed)
        except tomllib.TOMLDecodeError:
            lost = whole - got
            assert len(lost) <= 2
            assert not lost or any(i.problems for i in found)
            return
        tables = document.get(array, [])
        said = (
            {(t.get("name"), t.get("version")) for t in tables if isinstance(t, dict)}
            if isinstance(tables, list)
            else set()
        )
        assert {v for v in got if v in whole} == {v for v in said if v in whole}

    check()
