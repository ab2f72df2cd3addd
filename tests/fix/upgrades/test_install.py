"""The proof with the new versions installed, outside of the project and gone afterwards.

With BUCKLER_EVERYTHING=1 applications run in what was installed, too, which takes half a minute each.
"""

from __future__ import annotations

import re
import sys

import pytest

from tests.fix.upgrades.conftest import Shop

CHECK = """
import importlib.util
import sys

version = "none"
if importlib.util.find_spec("labels"):
    import labels

    version = labels.VERSION
with open({seen!r}, "a") as stream:
    stream.write(version + "\\n")
sys.exit(version == {bad!r})
"""
LOCKED = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["labels==2.1"]\n'


def check(shop: Shop, bad: str = "") -> list[str]:
    """The project's own test; passes but with one version."""
    shop.write({"check.py": CHECK.format(seen=str(shop.scratch / "seen"), bad=bad)})
    return ["--test", "python check.py"]


def seen(shop: Shop) -> list[str]:
    return (shop.scratch / "seen").read_text().split()


@pytest.mark.parametrize("lock", [True, False])
def test_tests_run_with_the_new_version(lock: bool, shop: Shop) -> None:
    if lock:
        shop.write({"pyproject.toml": LOCKED})
        shop.run("uv", "lock")
    else:
        shop.write({"requirements.txt": "labels==2.1\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--install", *check(shop))
    assert fixed.repair["applied"], fixed.repair["why"]
    assert seen(shop) == ["none", "2.9"]
    assert f"installed from {'uv.lock' if lock else 'requirements.txt'}: labels 2.9" in fixed.shown
    assert "tests pass" in fixed.shown
    assert not any("nothing was installed" in text for text in fixed.repair["unshown"])


def test_a_version_with_which_the_tests_fail_is_not_taken(shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--install", *check(shop, bad="2.9"))
    assert not fixed.repair["applied"]
    assert "the project's tests fail" in fixed.repair["why"]
    assert shop.text("requirements.txt") == "labels==2.1\n"
    assert fixed.code == 1


TWO = LOCKED.replace('2.1"]', '2.1", "paper==1.0"]')


@pytest.mark.parametrize("listed", [True, False])
def test_an_index_that_serves_something_else_under_an_old_version_is_not_believed(
    listed: bool, shop: Shop
) -> None:
    shop.write({"pyproject.toml": TWO})
    shop.run("uv", "lock")
    shop.known("labels", "2.9")
    sent = shop.index.release("paper", "1.0", code="print('somebody else')\n")
    if not listed:
        page = sent.parent / "index.html"
        page.write_text(re.sub(r"#sha256=\w+", "", page.read_text()))
    fixed = shop.fix("--resolve")
    assert not fixed.told["repairs"]
    assert "other files of paper 1.0 than uv.lock was made with" in fixed.left[0]


@pytest.mark.parametrize("compared", [True, False])
def test_what_is_installed_from_a_lock_is_what_it_was_made_with(compared: bool, shop: Shop) -> None:
    """An index that lists one hash and sends another file, where the tool that locks does not look at it."""
    shop.write({"pyproject.toml": TWO})
    shop.run("uv", "lock")
    if not compared:
        lock = re.sub(r", hash = [^ ]+", "", shop.text("uv.lock"))
        shop.write({"uv.lock": lock})
    shop.known("labels", "2.9")
    sent = shop.index.folder / "simple/paper/paper-1.0-py3-none-any.whl"
    listed = (sent.parent / "index.html").read_text()
    shop.index.release("paper", "1.0", code="print('somebody else')\n")
    names = listed if compared else re.sub(r"#sha256=\w+", "", listed)
    (sent.parent / "index.html").write_text(names)
    fixed = shop.fix("--install", *check(shop))
    assert fixed.repair["applied"] is not compared, fixed.repair["why"]
    if compared:
        assert "someone may have tampered with them. paper==1.0" in fixed.repair["why"]
    else:
        assert any("no hash of paper" in text for text in fixed.repair["unshown"])


def test_what_has_no_wheel_is_not_installed(shop: Shop) -> None:
    """Not even where a list itself asks for it: building runs the package's code."""
    ran = shop.scratch / "ran"
    shop.write(
        {
            "requirements.txt": "--no-binary :all:\n-e ./mine\nlabels==2.1\n",
            "mine/setup.py": f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='mine')\n",
        }
    )
    shop.known("labels", "2.9")
    fixed = shop.fix("--install")
    assert not ran.exists()
    assert fixed.told["repairs"] == []
    assert "it would have to build a package" in fixed.left[0]
    shop.write({"requirements.txt": "./tags-1.0-py3-none-any.whl\nlabels==2.1\n"})
    wheel = shop.index.release("tags", "1.0")
    (shop.folder / wheel.name).write_bytes(wheel.read_bytes())
    fixed = shop.fix("--install")
    assert fixed.repair["applied"], "a wheel of the project's own is no building"


def test_a_pip_of_the_project_is_not_pip(shop: Shop) -> None:
    ran = shop.scratch / "ran"
    trap = f"open({str(ran)!r}, 'w').close()\n"
    shop.write({"requirements.txt": "labels==2.1\n", "pip.py": trap, "venv.py": trap})
    shop.write({"sitecustomize.py": trap})
    shop.known("labels", "2.9")
    fixed = shop.fix("--install")
    assert fixed.repair["applied"], fixed.repair["why"]
    assert not ran.exists()


def test_both_options_need_the_one_for_what_is_reviewed(shop: Shop) -> None:
    import subprocess

    for option in ("--resolve", "--install"):
        done = subprocess.run(
            [sys.executable, "-m", "buckler", "fix", option],
            cwd=shop.folder,
            env=shop.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "--unsafe" in done.stderr


def test_advisories_that_are_too_old_exit_with_four(shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\n"})
    shop.known("labels", "2.9")
    assert shop.fix("--max-advisory-age", "0").code == 4


@pytest.mark.everything
def test_the_one_with_which_the_tests_fail_does_not_keep_the_others(shop: Shop) -> None:
    shop.write({"requirements.txt": "labels==2.1\npaper==1.0\n"})
    shop.known("labels", "2.9")
    shop.known("paper", "1.1", 2)
    fixed = shop.fix("--install", *check(shop, bad="2.9"))
    applied = {r["findings"][0]["message"].split()[0]: r["applied"] for r in fixed.told["repairs"]}
    assert applied == {"labels": False, "paper": True}
    assert shop.text("requirements.txt") == "labels==2.1\npaper==1.1\n"


@pytest.mark.everything
def test_what_did_not_run_before_either_says_nothing_of_the_upgrade(shop: Shop) -> None:
    """The list forgets fastapi, so an environment made of it cannot run the application."""
    shop.write({"requirements.txt": "labels==2.1\n"})
    shop.known("labels", "2.9")
    fixed = shop.fix("--install", "--engines", "app,packages")
    assert fixed.repair["applied"], fixed.repair["why"]
    told = next(text for text in fixed.repair["unshown"] if "neither before nor after" in text)
    assert "fastapi" in told
    assert shop.text("requirements.txt") == "labels==2.9\n"


@pytest.mark.everything
def test_an_application_that_stops_running_keeps_its_version(shop: Shop) -> None:
    """A fastapi of the index that is enough for the application, and a version that breaks it."""
    shop.index.release("labels", "2.9", code="raise ImportError('needs a newer paper')\n")
    stub = "import sys\nsys.path.append({place!r})\n"
    place = next(p for p in sys.path if p.endswith("site-packages"))
    shop.index.release("nearby", "1.0", code=stub.format(place=place))
    shop.write({"requirements.txt": "labels==2.1\nnearby==1.0\n"})
    shop.write(
        {
            "main.py": "try:\n    import labels, nearby\nexcept ModuleNotFoundError:\n    pass\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
        }
    )
    shop.known("labels", "2.9")
    fixed = shop.fix("--install", "--engines", "app,packages")
    assert not fixed.repair["applied"]
    assert "needs a newer paper" in fixed.repair["why"]
