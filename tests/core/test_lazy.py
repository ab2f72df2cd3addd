"""The names of the packages that import them when they are asked for: the same for programs and for type checkers."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["buckler.guard", "buckler.guard.egress", "buckler.guard.validate", "buckler.notify"]
every = pytest.mark.parametrize("package", PACKAGES)


def declared(package: str) -> dict[str, str]:
    """The names that type checkers are told, and the module that each is imported from."""
    text = Path(str(importlib.import_module(package).__file__)).read_text(encoding="utf-8")
    (only,) = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    imports = [node for node in only.body if isinstance(node, ast.ImportFrom)]
    return {str(a.asname): str(node.module) for node in imports for a in node.names}


@every
def test_programs_and_type_checkers_are_told_the_same(package: str) -> None:
    module = importlib.import_module(package)
    told = declared(package)
    assert module.__all__ == sorted(told)
    for name, place in told.items():
        there = importlib.import_module(place)
        assert getattr(module, name) is getattr(there, name)
        assert there is not module or importlib.import_module(f"{place}.{name}")


@every
def test_a_name_that_is_not_there_is_an_error(package: str) -> None:
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'Nothing'"):
        _ = module.Nothing
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec(f"from {package} import Nothing", {})


def test_type_checkers_see_every_name_and_no_other(tmp_path: Path) -> None:
    lines = [f"from {package} import {name}" for package in PACKAGES for name in declared(package)]
    typed = [
        "from buckler.guard import Guard, SafeTransport, safe_client",
        "from buckler.guard.egress import for_httpx",
        "reveal_type(Guard)",
        "reveal_type(safe_client())",
        "reveal_type(for_httpx.async_safe_client())",
        "reveal_type(SafeTransport().handle_request)",
    ]
    fine = tmp_path / "fine.py"
    fine.write_text("\n".join([*lines, *typed]))
    wrong = tmp_path / "wrong.py"
    wrong.write_text("\n".join(f"from {package} import Nothing" for package in PACKAGES))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-color-output"]
    command += ["--cache-dir", str(tmp_path / "cache"), str(fine), str(wrong)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path
    )
    told = [line.partition(":")[2] for line in done.stdout.splitlines()]
    revealed = [line.partition('"')[2].rstrip('"') for line in told if "Revealed type" in line]
    assert revealed[0].startswith("def (app: ")
    assert revealed[1:] == [
        "httpx2._client.Client",
        "httpx._client.AsyncClient",
        "def (request: httpx2._models.Request) -> httpx2._models.Response",
    ]
    assert [line for line in done.stdout.splitlines() if "error:" in line] == [
        f'{wrong.name}:{number}: error: Module "{package}" has no attribute "Nothing"  [attr-defined]'
        for number, package in enumerate(PACKAGES, 1)
    ]


@every
def test_a_name_brings_its_module_and_a_package_none(package: str) -> None:
    program = (
        "import importlib, sys\n"
        f"importlib.import_module({package!r})\n"
        f"print(sorted(m for m in sys.modules if m.startswith({package + '.'!r})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_what_a_client_lacks_is_said_with_the_command_that_brings_it() -> None:
    program = (
        "import sys; sys.modules['httpx2'] = None\n"
        "from buckler.guard import GuardError\n"
        "for package in ('buckler.guard', 'buckler.guard.egress'):\n"
        "    try:\n"
        "        exec(f'from {package} import safe_client')\n"
        "    except GuardError as error:\n"
        "        print(error, '|', error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    said = "safe_client needs httpx2 | pip install 'buckler[http]'; for httpx: buckler.guard.egress.for_httpx\n"
    assert done.stdout == said * 2


def test_the_guide_of_a_rule_imports_no_other_rule_and_no_engine() -> None:
    code = (
        "import sys\nfrom buckler.cli.group import cli\n"
        "cli(['rule', 'sql-injection'], standalone_mode=False)\n"
        "print(*[n for n in sys.modules if n.startswith(('buckler.scan.rules.', 'buckler.scan.engines.app'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "buckler.scan.rules.injection.sql" in loaded
    assert "buckler.scan.rules.injection.command" not in loaded
    assert "buckler.scan.engines.app.session" not in loaded
