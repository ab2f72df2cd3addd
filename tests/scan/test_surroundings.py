"""What an application is run with: its own interpreter, its own settings, nothing of the user's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.core.errors import UsageError
from buckler.core.report import Report
from buckler.scan.discover import interpreter
from buckler.scan.engines.app.session import Options

TELL = """\
import os

from fastapi import FastAPI
{imports}

{settings}

app = FastAPI(title={title})


@app.get("/")
def home() -> str:
    return "x"
"""
Project = Callable[[dict[str, str]], Path]


def tell(title: str, settings: str = "", imports: str = "") -> str:
    """An application whose title tells something about its surroundings."""
    return TELL.format(title=title, settings=settings, imports=imports)


def gaps(report: Report) -> dict[str, str]:
    return {gap.what: gap.why for gap in report.coverage.gaps}


def title(report: Report) -> str:
    assert not report.failed, report.failed
    return str(report.target["name"])


def environment(folder: Path, *, fastapi: bool = True) -> Path:
    """A virtual environment as far as choosing one looks at it."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    packages = folder / "lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    if fastapi:
        (packages / "fastapi").mkdir()
        (packages / "fastapi/__init__.py").write_text("")
    return folder


# The interpreter


def test_the_project_s_own_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = environment(tmp_path / "project/.venv")
    active = environment(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert interpreter(tmp_path / "project", None) == (own / "bin/python", ".venv")


def test_then_the_active_one_then_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    active = environment(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert interpreter(tmp_path / "project", None)[0] == active / "bin/python"
    monkeypatch.delenv("VIRTUAL_ENV")
    assert interpreter(tmp_path / "project", None)[0] == Path(sys.executable)


def test_an_environment_without_fastapi_is_not_the_application_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    environment(tmp_path / ".venv", fastapi=False)
    other = environment(tmp_path / "venv")
    assert interpreter(tmp_path, None)[0] == other / "bin/python"


def test_one_above_the_folder_up_to_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    environment(tmp_path / ".venv")
    inner = tmp_path / "repository/service"
    inner.mkdir(parents=True)
    assert interpreter(inner, None)[0] == tmp_path / ".venv/bin/python"
    (tmp_path / "repository/.git").mkdir()
    assert interpreter(inner, None)[0] == Path(sys.executable)


def test_the_one_that_is_named_comes_before_all(tmp_path: Path) -> None:
    environment(tmp_path / ".venv")
    named = environment(tmp_path / "named", fastapi=False)
    assert interpreter(tmp_path, str(named)) == (named / "bin/python", str(named))
    file = named / "bin/python"
    assert interpreter(tmp_path, str(file)) == (file, str(file))
    with pytest.raises(UsageError, match="no such interpreter"):
        interpreter(tmp_path, str(tmp_path / "nothing"))


def test_the_chosen_one_runs_the_application(project: Project, scan) -> None:
    folder = project({"main.py": tell("sys.prefix", imports="import sys")})
    report = scan(folder, python=sys.executable, select=("HDR001",))
    assert title(report) == sys.prefix


# Settings that are missing

PYDANTIC = """\
class Options(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GARDEN_")

    name: str
    count: int
    loud: bool
    signing: SecretStr
    home: AnyUrl
    given: str = "by default"


options = Options()
"""


def test_required_settings_are_made_up_and_listed(project: Project, scan) -> None:
    imports = (
        "from pydantic import AnyUrl, SecretStr\n"
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n"
    )
    kinds = "f'{options.count + 1} {options.loud is True} {options.home.scheme} {options.given}'"
    report = scan(project({"main.py": tell(kinds, PYDANTIC, imports)}), select=("HDR001",))
    assert title(report) == "2 True https by default"
    listed = {name for name in gaps(report) if name.startswith("setting ")}
    wanted = ("NAME", "COUNT", "LOUD", "SIGNING", "HOME")
    assert listed == {f"setting GARDEN_{name}" for name in wanted}


@pytest.mark.parametrize(
    "settings",
    [
        'value = os.environ["GARDEN_NAME"]',
        'value = os.getenv("GARDEN_NAME")\n'
        'if not value:\n    raise RuntimeError("GARDEN_NAME is not set")',
        'value = os.getenv("GARDEN_NAME")\n'
        'if value is None:\n    raise ValueError("the environment variable GARDEN_NAME is missing")',
    ],
    ids=["environ", "RuntimeError", "ValueError"],
)
def test_a_missing_variable_is_made_up_and_listed(settings: str, project: Project, scan) -> None:
    report = scan(project({"main.py": tell("value", settings)}), select=("HDR001",))
    assert title(report)
    assert "made up" in gaps(report)["setting GARDEN_NAME"]


def test_an_env_file_wins(project: Project, scan) -> None:
    folder = project(
        {
            "main.py": tell("value", 'value = os.environ["GARDEN_NAME"]'),
            "real.env": "# the real one\nexport GARDEN_NAME='Oak Lane'  \n",
        }
    )
    options = Options(env_file=folder / "real.env")
    report = scan(folder, options=options, select=("HDR001",))
    assert title(report) == "Oak Lane"
    assert not any(name.startswith("setting ") for name in gaps(report))


def test_an_env_file_that_is_not_there(project: Project, scan) -> None:
    folder = project({"main.py": tell("'x'")})
    with pytest.raises(UsageError, match=r"no\.env cannot be read: No such file") as caught:
        scan(folder, options=Options(env_file=folder / "no.env"))
    assert "[Errno" not in caught.value.message


# The user's own environment

SEES = "os.environ.get('GARDEN_NAME', 'unseen') + os.environ.get('AWS_SECRET_ACCESS_KEY', '')"


def test_variables_of_the_user_are_not_seen(
    project: Project, scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GARDEN_NAME", "of the user")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the user")
    report = scan(project({"main.py": tell(SEES)}), select=("HDR001",))
    assert title(report) == "unseen"


def test_one_is_handed_over_by_name(
    project: Project, scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GARDEN_NAME", "handed over")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the user")
    folder = project({"main.py": tell(SEES)})
    report = scan(folder, options=Options(passed=("GARDEN_NAME",)), select=("HDR001",))
    assert title(report) == "handed over"


def test_one_that_is_not_set_cannot_be_handed_over(project: Project, scan) -> None:
    folder = project({"main.py": tell("'x'")})
    with pytest.raises(UsageError, match="GARDEN_NOT_SET"):
        scan(folder, options=Options(passed=("GARDEN_NOT_SET",)))


def test_the_settings_name_an_interpreter(project: Project, scan) -> None:
    table = f'[tool.buckler]\npython = "{sys.prefix}"\n'
    folder = project({"main.py": tell("sys.prefix", imports="import sys"), "pyproject.toml": table})
    environment(folder / ".venv")
    report = scan(folder, select=("HDR001",))
    assert (title(report), report.target["environment"]) == (sys.prefix, sys.prefix)
