"""Upgrades in projects that Poetry locks, by the real Poetry."""

from __future__ import annotations

import io
import tarfile

import pytest

from tests.fix.upgrades.conftest import Shop

HEAD = """[tool.poetry]
name = "shop"
version = "1"
description = ""
authors = []
package-mode = false

[tool.poetry.dependencies]
python = ">=3.11,<4"
"""
SOURCE = """
[[tool.poetry.source]]
name = "local"
url = "{address}"
priority = "primary"
"""


def lock(shop: Shop, *lines: str, more: str = "") -> str:
    """The manifest, locked with the oldest of everything that is asked for so."""
    text = HEAD + "".join(f"{line}\n" for line in lines) + more
    text += SOURCE.replace("{address}", shop.index.address)
    shop.write({"pyproject.toml": text})
    shop.run("poetry", "lock", "--no-interaction")
    return text


def version(shop: Shop, name: str) -> str:
    return shop.text("poetry.lock").split(f'name = "{name}"\nversion = "')[1].split('"')[0]


@pytest.mark.parametrize(
    ("asked", "fixed", "becomes", "locked"),
    [
        ('labels = "2.1"  # for the printer', "2.9", 'labels = "2.9"  # for the printer', "2.9"),
        ('labels = { version = "~2.1" }', "3.2", 'labels = { version = "~3.2" }', "3.2"),
    ],
)
def test_the_smallest_version_not_the_newest(
    asked: str, fixed: str, becomes: str, locked: str, shop: Shop
) -> None:
    text = lock(shop, asked, 'paper = "1.0"')
    shop.known("labels", fixed)
    done = shop.fix("--resolve")
    assert done.repair["applied"], done.repair["why"]
    assert shop.text("pyproject.toml") == text.replace(asked, becomes)
    assert (version(shop, "labels"), version(shop, "paper")) == (locked, "1.0")
    assert "resolves (poetry)" in done.shown
    assert "buckler" not in shop.text("poetry.lock")
    shop.run("poetry", "check", "--lock")


def test_what_is_brought_by_another_moves_in_the_lock_alone(shop: Shop) -> None:
    shop.index.release("tags", "1.0", "labels>=2")
    text = lock(shop, 'tags = "1.0"', 'labels = "2.1"')
    shop.write({"pyproject.toml": text.replace('labels = "2.1"\n', "")})
    shop.run("poetry", "lock", "--no-interaction")
    manifest = shop.text("pyproject.toml")
    assert version(shop, "labels") == "2.1"
    shop.known("labels", "2.9")
    done = shop.fix("--resolve")
    assert done.repair["applied"], done.repair["why"]
    assert shop.text("pyproject.toml") == manifest
    assert version(shop, "labels") == "2.9"


def test_two_packages_have_to_move(shop: Shop) -> None:
    lock(shop, 'labels = "2.1"', 'orders = ">=1.4"')
    assert version(shop, "orders") == "1.4"
    shop.known("labels", "3.2")
    told = shop.fix()
    assert "poetry update --lock labels" in told.left[0], "without --resolve"
    done = shop.fix("--resolve")
    assert done.repair["applied"], done.repair["why"]
    assert version(shop, "labels") == "3.2"
    assert version(shop, "orders") in ("2.0", "2.1")
    assert "with them orders 1.4 becomes" in done.repair["changes"]


def test_a_source_distribution_is_not_built(shop: Shop) -> None:
    lock(shop, 'labels = "2.1"')
    ran = shop.scratch / "ran"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in (
            ("paper-1.2/PKG-INFO", "Metadata-Version: 1.0\nName: paper\nVersion: 1.2\n"),
            (
                "paper-1.2/setup.py",
                f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n",
            ),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    shop.index.put("paper", "paper-1.2.tar.gz", data.getvalue())
    manifest = shop.text("pyproject.toml").replace(
        'labels = "2.1"', 'labels = "2.1"\npaper = "1.2"'
    )
    shop.write({"pyproject.toml": manifest})
    shop.known("labels", "2.9")
    done = shop.fix("--resolve")
    assert not ran.exists()
    assert done.told["repairs"] == []
    assert shop.text("pyproject.toml") == manifest


def test_a_plugin_that_the_project_requires_is_not_installed(shop: Shop) -> None:
    ran = shop.scratch / "ran"
    shop.index.release("plugin", "1.0", code=f"open({str(ran)!r}, 'w').close()\n")
    lock(shop, 'labels = "2.1"')
    manifest = shop.text("pyproject.toml") + '\n[tool.poetry.requires-plugins]\nplugin = "1.0"\n'
    shop.write({"pyproject.toml": manifest})
    shop.known("labels", "2.9")
    shop.fix("--resolve")
    assert not ran.exists()
    assert not (shop.folder / ".poetry").exists()
