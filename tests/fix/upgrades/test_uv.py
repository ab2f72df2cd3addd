"""Upgrades in projects that uv locks, by the real uv."""

from __future__ import annotations

from tests.fix.upgrades.conftest import Shop

MANIFEST = """[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = [
    "labels==2.1",  # the printer wants it
    'paper >= 1.0, < 2',
]
"""


def lock(shop: Shop, manifest: str = MANIFEST) -> None:
    shop.write({"pyproject.toml": manifest})
    shop.run("uv", "lock", "--upgrade-package", "paper==1.0")


def version(shop: Shop, name: str, path: str = "uv.lock") -> str:
    return shop.text(path).split(f'name = "{name}"\nversion = "')[1].split('"')[0]


def test_manifest_and_lock_move_and_nothing_else(shop: Shop) -> None:
    lock(shop)
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("pyproject.toml") == MANIFEST.replace("labels==2.1", "labels==2.9")
    assert (version(shop, "labels"), version(shop, "paper")) == ("2.9", "1.0")
    assert "resolves (uv)" in fixed.shown
    assert "finding gone" in fixed.shown
    assert any("nothing was installed" in text for text in fixed.repair["unshown"])
    assert "no other package moves" in fixed.repair["changes"]
    assert fixed.code == 0
    shop.run("uv", "lock", "--check")


def test_diff_writes_nothing(shop: Shop) -> None:
    lock(shop)
    shop.known("labels", "2.9")
    before = {p.name: p.read_bytes() for p in shop.folder.iterdir() if p.is_file()}
    fixed = shop.fix("--resolve", "--diff")
    assert {p.name: p.read_bytes() for p in shop.folder.iterdir() if p.is_file()} == before
    assert sorted(file["path"] for file in fixed.told["files"]) == ["pyproject.toml", "uv.lock"]
    assert fixed.code == 1


def test_two_packages_have_to_move(shop: Shop) -> None:
    manifest = MANIFEST.replace("labels==2.1", "labels>=2,<3").replace(
        "'paper", '"orders", \'paper'
    )
    lock(shop, manifest)
    shop.run("uv", "lock", "--upgrade-package", "labels==2.1")
    assert version(shop, "orders") == "1.4"
    shop.known("labels", "3.2")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert "labels>=2,<4" in shop.text("pyproject.toml")
    assert version(shop, "labels") == "3.2"
    assert version(shop, "orders") in ("2.0", "2.1")
    assert "with them orders 1.4 becomes" in fixed.repair["changes"]


def test_what_another_package_forbids_stays_and_is_told(shop: Shop) -> None:
    lock(shop, MANIFEST.replace("labels==2.1", 'labels==2.1", "orders==1.4'))
    shop.known("labels", "3.2")
    shop.known("paper", "1.1", 2)
    before = shop.text("uv.lock")
    fixed = shop.fix("--resolve")
    assert version(shop, "labels") == "2.1"
    assert version(shop, "paper") == "1.1", "the one that can move does"
    (why,) = fixed.left
    assert "orders==1.4" in why
    assert before != shop.text("uv.lock")


def test_members_extras_groups_and_markers(shop: Shop) -> None:
    shop.index.release("tags", "1.0", "labels ; extra == 'print'", extras=("print",))
    member = (
        '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["{}"]\n'
    )
    shop.write({"one/pyproject.toml": member.format("one", "tags[print]==1.0")})
    shop.write({"two/pyproject.toml": member.format("two", "labels==2.1 ; python_version > '3'")})
    manifest = MANIFEST.replace('    "labels==2.1",  # the printer wants it\n', "")
    manifest += '[dependency-groups]\ndev = ["labels >=2.0, <=2.1"]\n[tool.uv.workspace]\nmembers = ["one", "two"]\n'
    lock(shop, manifest)
    assert version(shop, "labels") == "2.1"
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert "\"labels==2.9 ; python_version > '3'\"" in shop.text("two/pyproject.toml")
    assert '"labels >=2.0, <=2.9"' in shop.text("pyproject.toml")
    assert version(shop, "labels") == "2.9"
    shop.run("uv", "lock", "--check")


def test_a_lock_that_is_older_than_the_manifest(shop: Shop) -> None:
    lock(shop)
    shop.write({"pyproject.toml": MANIFEST.replace("'paper", '"orders==1.4", \'paper')})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert (version(shop, "labels"), version(shop, "orders")) == ("2.9", "1.4")
    assert "orders which is new, becomes 1.4" in fixed.repair["changes"]


def test_without_resolve_a_lock_is_left_with_the_command(shop: Shop) -> None:
    lock(shop)
    shop.known("labels", "2.9")
    before = shop.text("uv.lock")
    fixed = shop.fix()
    assert fixed.told["repairs"] == []
    assert "uv lock --upgrade-package 'labels==2.9'" in fixed.left[0]
    assert shop.text("uv.lock") == before


def test_the_projects_own_build_is_not_run(shop: Shop) -> None:
    """uv runs the build backend of a project with dynamic metadata, --no-build or not."""
    lock(shop)
    backend = f"open({str(shop.scratch / 'ran')!r}, 'w').close()\n"
    dynamic = MANIFEST.replace(
        "dependencies = [", 'dynamic = ["optional-dependencies"]\ndependencies = ['
    )
    build = '[build-system]\nrequires = []\nbuild-backend = "mine"\nbackend-path = ["."]\n'
    shop.write({"pyproject.toml": dynamic + build, "mine.py": backend})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert not (shop.scratch / "ran").exists()
    assert "it would have to build a package" in fixed.left[0]
    assert fixed.told["repairs"] == []


def test_crlf_stays(shop: Shop) -> None:
    lock(shop)
    manifest = MANIFEST.replace("\n", "\r\n")
    text = shop.text("uv.lock").replace("\n", "\r\n")
    shop.write({"pyproject.toml": manifest, "uv.lock": text})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    for path in ("pyproject.toml", "uv.lock"):
        assert shop.text(path).count("\n") == shop.text(path).count("\r\n") > 5
    assert '"labels==2.9",  # the printer wants it\r\n' in shop.text("pyproject.toml")
