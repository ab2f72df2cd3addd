"""What is installed, read from the folders alone."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.inventory.read import inventories
from tests.scan.packages.corpus import CORPUS


def environment(folder: Path, **infos: dict[str, str]) -> Path:
    """An environment in which a few packages are installed."""
    place = folder / ".venv/lib/python3.13/site-packages"
    place.mkdir(parents=True)
    (folder / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.13.2.final.0\n")
    for name, files in infos.items():
        (place / name).mkdir()
        for file, text in files.items():
            (place / name / file).write_text(text)
    return place


def info(name: str, version: str, *requires: str, **files: str) -> dict[str, str]:
    head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    head += "".join(f"Requires-Dist: {one}\n" for one in requires)
    return {"METADATA": f"{head}\nName: of the description\n", **files}


def installed(folder: Path, environment: Path | None = None) -> Inventory:
    return next(i for i in inventories(folder, environment=environment) if i.kind == "environment")


def named(found: Inventory) -> dict[str, Package]:
    return {package.name: package for package in found.packages}


def test_as_uv_lists_it(tmp_path: Path) -> None:
    said = json.loads((CORPUS / "environment/environment.json").read_text())
    environment(tmp_path, **said)
    found = installed(tmp_path)
    listed = json.loads((CORPUS / "environment/list.json").read_text())
    assert {(p.name, p.version) for p in found.packages} == {
        (canonicalize_name(one["name"]), one["version"]) for one in listed
    }
    assert found.problems == ()
    assert found.python == "3.13.2"
    assert found.resolved


def test_the_environment_that_runs_this(tmp_path: Path) -> None:
    """The standard library reads the same, by other means."""
    found = installed(tmp_path, Path(sys.prefix))
    site = [p for p in sys.path if p.startswith(sys.prefix) and p.endswith("site-packages")]
    said = {
        (canonicalize_name(one.metadata["Name"]), one.version)
        for one in metadata.distributions(path=site)
    }
    assert {(p.name, p.version) for p in found.packages} == said
    for package in found.packages:
        lines = (tmp_path / package.path).read_text(errors="replace").split("\n")
        assert lines[package.line - 1].startswith("Version:")


def test_who_asked_and_who_brings(tmp_path: Path) -> None:
    environment(
        tmp_path,
        **{
            "shop_web-2.0.dist-info": info(
                "Shop.Web",
                "2.0",
                "bells (>=1)",
                "fast[turbo]; extra == 'speed'",
                "unwanted; extra == 'x'",
            ),
            "bells-1.0.dist-info": info("bells", "1.0"),
            "fast-1.0.dist-info": info("fast", "1.0", "engine; extra == 'turbo'"),
            "engine-1.0.dist-info": info("engine", "1.0"),
            "unwanted-1.0.dist-info": info("unwanted", "1.0"),
        },
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\ndependencies = ["shop-web[speed]>=1"]\n[dependency-groups]\ndev = ["unwanted"]\n'
    )
    found = installed(tmp_path)
    by_name = named(found)
    assert by_name["shop-web"].direct
    assert by_name["shop-web"].specifier == ">=1"
    assert by_name["shop-web"].requires == ("bells", "fast")
    assert found.way_to("engine") == ("shop-web", "fast", "engine")
    assert by_name["unwanted"].groups == ("dev",)
    assert not by_name["unwanted"].in_production
    assert {p.name for p in found.packages if p.direct} == {"shop-web", "unwanted"}


def test_what_pip_was_asked_for(tmp_path: Path) -> None:
    asked = {"INSTALLER": "pip\n", "REQUESTED": ""}
    environment(
        tmp_path,
        **{
            "top-1.dist-info": info("top", "1", "also-top", **asked),
            "also_top-1.dist-info": info("also-top", "1", **asked),
            "low-1.dist-info": info("low", "1", INSTALLER="pip\n"),
        },
    )
    assert {p.name for p in installed(tmp_path).packages if p.direct} == {"top", "also-top"}


@pytest.mark.parametrize(
    ("said", "source", "hashes"),
    [
        ({"url": "file:///labels", "dir_info": {"editable": True}}, "editable", ()),
        ({"url": "file:///labels", "dir_info": {}}, "path", ()),
        ({"url": "https://git.example/labels", "vcs_info": {"vcs": "git"}}, "git", ()),
        (
            {"url": "https://a.example/l.whl", "archive_info": {"hashes": {"sha256": "00"}}},
            "url",
            ("sha256:00",),
        ),
        ({"url": "file:///l.whl", "archive_info": {}}, "path", ()),
    ],
)
def test_where_it_came_from(
    tmp_path: Path, said: object, source: str, hashes: tuple[str, ...]
) -> None:
    """PEP 610."""
    environment(
        tmp_path,
        **{"labels-1.dist-info": info("labels", "1", **{"direct_url.json": json.dumps(said)})},
    )
    (package,) = installed(tmp_path).packages
    assert (package.source, package.hashes) == (source, hashes)


def test_eggs(tmp_path: Path) -> None:
    place = environment(tmp_path)
    (place / "old-1.5-py3.13.egg-info").write_text(
        "Metadata-Version: 1.0\nName: old\nVersion: 1.5\n"
    )
    (place / "folder.egg-info").mkdir()
    (place / "folder.egg-info/PKG-INFO").write_text("Name: Folder\nVersion: 2\n")
    (place / "zipped-3.egg/EGG-INFO").mkdir(parents=True)
    (place / "zipped-3.egg/EGG-INFO/PKG-INFO").write_text("Name: zipped\nVersion: 3\n")
    (place / "shop-labels.egg-link").write_text("/labels\n.")
    found = installed(tmp_path)
    assert found.problems == ()
    assert [(p.name, p.version, p.source) for p in found.packages] == [
        ("folder", "2", "index"),
        ("old", "1.5", "index"),
        ("shop-labels", "", "editable"),
        ("zipped", "3", "index"),
    ]


def test_what_cannot_be_read_is_told_and_named_by_its_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Name: stolen\nVersion: 9\n")
    place = environment(
        tmp_path,
        **{
            "gone-1.0.dist-info": {},
            "nameless-1.0.dist-info": {"METADATA": "Version: 1.0\n"},
            "broken-1.0.dist-info": info("broken", "1.0", **{"direct_url.json": "{"}),
            "deep-1.0.dist-info": info("deep", "1.0", **{"direct_url.json": "[" * 100_000}),
            "huge-1.0.dist-info": {"METADATA": "Name: huge\n" + "x" * 4_000_000},
            "~alf-1.0.dist-info": info("half", "1.0"),
            "link-1.0.dist-info": {},
            "pipe-1.0.dist-info": {},
        },
    )
    (place / "link-1.0.dist-info/METADATA").symlink_to(secret)
    os.mkfifo(place / "pipe-1.0.dist-info/METADATA")
    found = installed(tmp_path)
    assert {p.name for p in found.packages} == {
        "gone",
        "nameless",
        "broken",
        "deep",
        "huge",
        "link",
        "pipe",
    }
    assert {p.version for p in found.packages} == {"1.0"}
    folders = {p.path.split("site-packages/")[1].split("-")[0] for p in found.problems}
    assert folders == {"gone", "nameless", "broken", "deep", "huge", "link", "pipe"}
    assert all(p.hint for p in found.problems)


def test_no_environment_is_a_problem(tmp_path: Path) -> None:
    found = installed(tmp_path, tmp_path / "nowhere")
    assert found.packages == ()
    assert [p.path for p in found.problems] == ["nowhere"]
