"""Upgrades in lists of requirements, compiled by pip-compile and uv or written by hand."""

from __future__ import annotations

import pytest

from tests.fix.upgrades.conftest import Shop

COMPILERS = {
    "pip-compile": ["pip-compile", "--generate-hashes", "--no-strip-extras", "-o"],
    "uv": ["uv", "pip", "compile", "--generate-hashes", "-o"],
}


def compile_(shop: Shop, tool: str, asked: str, path: str = "requirements", at: str = ".") -> str:
    prefix = "" if at == "." else f"{at}/"
    shop.write({f"{prefix}{path}.in": asked})
    shop.run(*COMPILERS[tool], f"{path}.txt", f"{path}.in", at=at)
    return shop.text(f"{prefix}{path}.txt")


@pytest.mark.parametrize("tool", COMPILERS)
def test_a_hashed_list_is_compiled_again(tool: str, shop: Shop) -> None:
    asked = "labels[print] == 2.1 ; python_version > '3'  # printer\n# and\npaper==1.0\n"
    shop.index.release("labels", "2.1", extras=("print",))
    before = compile_(shop, tool, asked)
    shop.write({"requirements.in": asked.replace("paper==1.0", "paper")})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("requirements.in") == asked.replace("2.1", "2.9").replace(
        "paper==1.0", "paper"
    )
    after = shop.text("requirements.txt")
    assert "2.9" in after
    assert "paper==1.0" in after
    assert after.count("--hash=sha256:") == before.count("--hash=sha256:") == 2
    header = [line for line in before.splitlines() if "compile" in line]
    assert [line for line in after.splitlines() if "compile" in line] == header


@pytest.mark.parametrize("tool", COMPILERS)
def test_two_packages_have_to_move(tool: str, shop: Shop) -> None:
    compile_(shop, tool, "labels==2.1\norders==1.4\n", "base", at="requirements")
    shop.write({"requirements/base.in": "labels\norders\n"})
    shop.known("labels", "3.2")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    after = shop.text("requirements/base.txt")
    assert "labels==3.2" in after
    assert "orders==2." in after
    assert "with them orders 1.4 becomes 2." in fixed.repair["changes"]


def test_a_pylock_by_uv(shop: Shop) -> None:
    shop.write({"requirements.in": "labels==2.1\npaper==1.0\n"})
    shop.run("uv", "pip", "compile", "requirements.in", "-o", "pylock.toml")
    shop.write({"requirements.in": "labels==2.1\npaper\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert 'name = "labels"\nversion = "2.9"' in shop.text("pylock.toml")
    assert 'name = "paper"\nversion = "1.0"' in shop.text("pylock.toml")


def test_what_uv_exports_follows_its_lock(shop: Shop) -> None:
    manifest = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["labels==2.1"]\n'
    shop.write({"pyproject.toml": manifest})
    shop.run("uv", "export", "--no-emit-project", "-o", "requirements.txt")
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    paths = sorted(file["path"] for file in fixed.told["files"])
    assert paths == ["pyproject.toml", "requirements.txt", "uv.lock"]
    assert "labels==2.9" in shop.text("requirements.txt")


def test_hashes_of_nobody_are_left_with_the_command(shop: Shop) -> None:
    hashed = f"labels==2.1 --hash=sha256:{'a' * 64}\n"
    shop.write({"requirements.txt": hashed})
    shop.known("labels", "2.9")
    for option in ((), ("--resolve",)):
        fixed = shop.fix(*option)
        assert fixed.told["repairs"] == []
        assert "hashes" in fixed.left[0]
    assert shop.text("requirements.txt") == hashed


@pytest.mark.parametrize("resolve", [(), ("--resolve",)])
def test_pins_by_hand_wherever_they_stand(resolve: tuple[str, ...], shop: Shop) -> None:
    files = {
        "requirements.txt": "-r deps/more.txt\r\n-c limits.txt\r\n  Labels == 2.1  # keep\r\npaper\r\n",
        "deps/more.txt": "labels[print]==2.1 ; python_version > '3'\n",
        "limits.txt": "labels>=2,<2.5\npaper==1.0\n",
        "other/requirements.txt": "labels===2.1",
    }
    shop.index.release("labels", "2.1", extras=("print",))
    shop.index.release("labels", "2.9", extras=("print",))
    shop.write(files)
    shop.known("labels", "2.9")
    fixed = shop.fix(*resolve)
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("requirements.txt") == files["requirements.txt"].replace("2.1", "2.9")
    assert shop.text("deps/more.txt") == files["deps/more.txt"].replace("2.1", "2.9")
    assert shop.text("limits.txt") == "labels>=2,<2.10\npaper==1.0\n"
    assert shop.text("other/requirements.txt") == "labels===2.9"
    assert ("resolves (pip install --dry-run)" in fixed.shown) is bool(resolve)
    assert any("was not resolved" in text for text in fixed.repair["unshown"]) is not bool(resolve)


def test_a_pin_in_a_constraint_alone(shop: Shop) -> None:
    shop.write({"requirements.txt": "-c limits.txt\nlabels\n", "limits.txt": "labels==2.1\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("limits.txt") == "labels==2.9\n"
    assert shop.text("requirements.txt") == "-c limits.txt\nlabels\n"


def test_a_list_in_which_two_have_to_move(shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\norders==1.4  # by hand\npaper==1.0\n"})
    shop.known("labels", "3.2")
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    lines = shop.text("requirements.txt").splitlines()
    assert lines[0] == "labels==3.2"
    assert lines[1] in ("orders==2.0  # by hand", "orders==2.1  # by hand")
    assert lines[2] == "paper==1.0"


def test_a_list_that_does_not_resolve_stays(shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\npaper==9.9\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--resolve")
    assert fixed.told["repairs"] == []
    assert "paper==9.9" in fixed.left[0]
    assert shop.text("requirements.txt") == "labels==2.1\npaper==9.9\n"


def test_what_is_known_of_others_is_asked_without_a_tool(shop: Shop) -> None:
    library = ".venv/lib/python3.12/site-packages"
    shop.write(
        {
            "requirements.txt": "labels==2.1\norders==1.4\n",
            ".venv/pyvenv.cfg": "version = 3.12.1\n",
            f"{library}/orders-1.4.dist-info/METADATA": "Name: orders\nVersion: 1.4\nRequires-Dist: labels<3\n",
            f"{library}/labels-2.1.dist-info/METADATA": "Name: labels\nVersion: 2.1\n",
        }
    )
    shop.known("labels", "3.2")
    fixed = shop.fix()
    assert fixed.told["repairs"] == []
    assert "orders 1.4 asks for labels<3" in fixed.left[0]


def test_a_manifest_that_nothing_locks(shop: Shop) -> None:
    manifest = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["labels==2.1"]  # one\n'
    shop.write({"pyproject.toml": manifest})
    shop.known("labels", "2.9")
    fixed = shop.fix()
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("pyproject.toml") == manifest.replace("2.1", "2.9")


def test_what_has_no_wheel_in_that_version_moves_with_the_others(shop: Shop) -> None:
    """Neither the pin nor the smallest version without a weakness can be installed; a later one can."""
    shop.index.withdraw("paper", "paper-1.0-py3-none-any.whl")
    shop.write({"requirements.txt": "labels==2.1\npaper==1.0\n"})
    shop.known("labels", "2.9")
    shop.known("paper", "1.0.1", 2)
    fixed = shop.fix("--resolve")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert shop.text("requirements.txt") == "labels==2.9\npaper==1.1\n"
    assert len(fixed.repair["findings"]) == 2
    assert fixed.left == []
