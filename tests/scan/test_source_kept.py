"""What is kept of a scan is what another one would find, and nobody else can have a say in it."""

from __future__ import annotations

import gc
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any, ClassVar

import pytest

from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.python.parsing import parsed
from tests.conftest import ROOT

RULES = list(Registry.load("buckler.scan.rules"))
WEAK = "import httpx\n\n\ndef ask(url: str) -> object:\n    return httpx.get(url, verify=False, timeout=5)\n"
SHARED = {
    "main.py": "import jwt\nfrom settings import KEY\n\n\ndef made(u: str) -> str:\n    return jwt.encode({'sub': u, 'exp': 1}, KEY)\n",
    "settings.py": "import os\n\nKEY = os.environ['KEY']\n",
}


def looked_at(folder: Path, kept: Path | None = None, rules: list[Rule] = RULES) -> list[Any]:
    engine = SourceEngine(folder, rules, lambda event: None, kept=kept)
    found = list(engine.run())
    engine.keep()
    return found


def file_of(kept: Path) -> Path:
    return kept / "source.json"


@pytest.mark.parametrize(
    "name", ["examples/insecure_shop", "tests/corpus/blind/jwt", "tests/corpus/blind/secrets"]
)
def test_a_second_scan_finds_the_same(name: str, tmp_path: Path) -> None:
    first, second = (looked_at(ROOT / name, tmp_path) for _ in range(2))
    assert first
    assert second == first == looked_at(ROOT / name)


def test_what_did_not_change_is_not_read_again(project, tmp_path: Path) -> None:
    """Shown by an entry that says something else."""
    folder, kept = project({"main.py": WEAK}), tmp_path / "kept"
    (found,) = looked_at(folder, kept)
    data = json.loads(file_of(kept).read_text())
    data["files"]["main.py"]["findings"][0]["message"] = "kept"
    file_of(kept).write_text(json.dumps(data))
    assert [f.message for f in looked_at(folder, kept)] == ["kept"]
    (folder / "main.py").write_text(WEAK.replace("False", "True"))
    assert looked_at(folder, kept) == []
    (folder / "main.py").write_text("#\n" + WEAK)
    (again,) = looked_at(folder, kept)
    assert (again.message, again.location.line) == (found.message, 6)


def test_a_changed_file_counts_for_those_that_import_from_it(project, tmp_path: Path) -> None:
    folder, kept = project(SHARED), tmp_path / "kept"
    assert looked_at(folder, kept) == []
    (folder / "settings.py").write_text("KEY = 'secret'\n")
    weak = looked_at(folder, kept)
    assert weak == looked_at(folder)
    assert weak
    (folder / "settings.py").unlink()
    assert looked_at(folder, kept) == looked_at(folder) != weak


def test_a_file_that_was_not_there_counts(project, tmp_path: Path) -> None:
    folder, kept = project({"main.py": SHARED["main.py"]}), tmp_path / "kept"
    assert looked_at(folder, kept) == []
    (folder / "settings.py").write_text("KEY = 'secret'\n")
    assert looked_at(folder, kept) == looked_at(folder) != []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, "\0", '{"version": 1, "files": []}'], ids=range(6)
)
def test_what_is_damaged_is_made_anew(text: str, project, tmp_path: Path) -> None:
    folder, kept = project({"main.py": WEAK}), tmp_path / "kept"
    found = looked_at(folder, kept)
    file_of(kept).write_text(text)
    assert looked_at(folder, kept) == found


@pytest.mark.parametrize(
    "entry", [None, 1, {}, {"content": "x"}, {"findings": [{}], "reads": 3}], ids=range(5)
)
def test_an_entry_that_is_none_is_made_anew(entry: Any, project, tmp_path: Path) -> None:
    folder, kept = project({"main.py": WEAK}), tmp_path / "kept"
    found = looked_at(folder, kept)
    data = json.loads(file_of(kept).read_text())
    content = data["files"]["main.py"]["content"]
    data["files"]["main.py"] = {**entry, "content": content} if isinstance(entry, dict) else entry
    file_of(kept).write_text(json.dumps(data))
    assert looked_at(folder, kept) == found


def emptied(kept: Path) -> None:
    """What somebody would write who wants nothing to be found."""
    data = json.loads(file_of(kept).read_text())
    for entry in data["files"].values():
        entry["findings"] = []
    file_of(kept).write_text(json.dumps(data))


def test_the_project_cannot_keep_it(project) -> None:
    folder = project({"main.py": WEAK})
    found = looked_at(folder, folder / ".cache")
    assert found
    assert not (folder / ".cache").exists()


@pytest.mark.parametrize("what", ["file", "folder", "link", "owner"])
def test_what_others_may_write_does_not_count(what: str, project, tmp_path: Path) -> None:
    folder, kept = project({"main.py": WEAK}), tmp_path / "kept"
    found = looked_at(folder, kept)
    emptied(kept)
    if what == "file":
        file_of(kept).chmod(0o622)
    elif what == "folder":
        kept.chmod(0o777)
    elif what == "link":
        shutil.move(file_of(kept), tmp_path / "elsewhere")
        file_of(kept).symlink_to(tmp_path / "elsewhere")
    elif os.geteuid() == 0:
        os.chown(file_of(kept), 12345, 12345)
    else:
        file_of(kept).unlink()
    assert looked_at(folder, kept) == found


def test_it_is_for_this_user_alone(project, tmp_path: Path) -> None:
    kept = tmp_path / "a/kept"
    looked_at(project({"main.py": WEAK}), kept)
    assert stat.S_IMODE(file_of(kept).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_other_rules_find_anew(project, tmp_path: Path) -> None:
    folder, kept = project({"main.py": WEAK}), tmp_path / "kept"
    others = [rule for rule in RULES if rule.id != "EGR002"]
    assert looked_at(folder, kept, others) == []
    assert looked_at(folder, kept)


def test_with_rules_of_the_project_nothing_is_kept(project, tmp_path: Path) -> None:
    class Own(Rule):
        id = "EGR900"

        def check_source(self, module: Any) -> list[Any]:
            return []

    kept = tmp_path / "kept"
    assert looked_at(project({"main.py": WEAK}), kept, [*RULES, Own()])
    assert not kept.exists()


def test_a_folder_that_cannot_be_made_costs_nothing_else(project, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    assert looked_at(project({"main.py": WEAK}), tmp_path / "taken/kept")


def test_only_so_many_projects_are_kept(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buckler.scan.engines.source.kept.MAX_PROJECTS", 2)
    folder = project({"main.py": WEAK})
    for number, name in enumerate("abc"):
        looked_at(folder, tmp_path / "kept" / name)
        os.utime(file_of(tmp_path / "kept" / name), (number, number))
    looked_at(folder, tmp_path / "kept/d")
    assert sorted(p.parent.name for p in (tmp_path / "kept").glob("*/source.json")) == ["c", "d"]


def test_the_collector_is_as_it_was(project) -> None:
    started = SourceEngine(project({"main.py": WEAK}), RULES, lambda event: None).run()
    assert next(started).rule == "EGR002"
    started.close()
    assert gc.isenabled()


@pytest.mark.parametrize("base", ["examples", "tests/corpus"])
def test_a_rule_finds_nothing_where_none_of_its_words_stands(base: str) -> None:
    asked = 0
    for file in (ROOT / base).rglob("*.py"):
        tree, text = parsed(file, ROOT)
        module = Module(file.name, tree, text.splitlines())
        for rule in RULES:
            if rule.words and not any(word in text for word in rule.words):
                asked += 1
                assert list(rule.check_source(module)) == [], (rule.id, file)  # type: ignore[attr-defined]
    assert asked


def test_a_rule_is_not_asked_where_none_of_its_words_stands(project) -> None:
    class Own(Rule):
        id = "EGR900"
        words = ("here",)
        asked: ClassVar[list[str]] = []

        def check_source(self, module: Module) -> list[Any]:
            self.asked.append(module.path)
            return []

    looked_at(
        project({"a.py": "here = 1\n", "b.py": "there = 2\n".replace("here", "e")}), rules=[Own()]
    )
    assert Own.asked == ["a.py"]
