"""Real scans for tests, which test runs when, and the rule that in CI nothing skips without being named.

``scripts/test`` runs everything on the oldest supported Python, and on the newest what may differ
there: guard, the agent and what reads syntax. With BUCKLER_EVERYTHING=1 tables of whole scans are
run row by row; without it, one row of each kind.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as generated

from buckler.core import settings as settings_file
from buckler.core.report import Report
from buckler.scan.discover import discover
from buckler.scan.engines.app.servers.bring import KINDS
from buckler.scan.engines.app.session import Options
from buckler.scan.scanner import Scanner, load_rules
from tests.thinned import left_out

# No test depends on the clock: a machine that does something else as well is not a failure. In CI each run asks the
# same, so that a change is refused for what it changes; everywhere else each run looks for what none has found.
generated.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("BUCKLER_NO_SKIPS")),
)
generated.load_profile("untimed")
ROOT = Path(__file__).parent.parent
ALLOWED_SKIPS = ROOT / "tests/allowed_skips.txt"

ONCE = (
    "tests/box/",
    "tests/cli/",
    "tests/core/test_lazy.py",
    "tests/fix/test_proved.py",
    "tests/fix/upgrades/",
    "tests/formats/",
    "tests/guard/auth/oauth/",
    "tests/guard/auth/test_administration_hostile.py",
    "tests/guard/auth/test_common_passwords.py",
    "tests/guard/auth/test_hostile.py",
    "tests/guard/auth/test_jose_cookbook.py",
    "tests/guard/auth/test_jwt_",
    "tests/guard/auth/test_password",
    "tests/guard/auth/test_refresh_model.py",
    "tests/guard/auth/test_two_workers.py",
    "tests/guard/auth/test_walkthrough.py",
    "tests/guard/auth/test_workers.py",
    "tests/guard/stores/",
    "tests/guard/test_body_kinds.py",
    "tests/guard/test_docs.py",
    "tests/guard/test_oracles.py",
    "tests/guard/test_protections.py",
    "tests/guard/test_response_check_cost.py",
    "tests/guard/test_routing.py",
    "tests/scan/",
    "tests/watch/",
)
"""Run on one Python, the oldest: whole scans, whose children run in the interpreter of the application
and not in the one of the tests, and plain parsing, which is the same on each."""

EVERYWHERE = (
    "tests/cli/test_exit_codes.py",
    "tests/guard/auth/oauth/client/test_own_server.py",
    "tests/guard/auth/oauth/resource/test_rules.py",
    "tests/guard/auth/oauth/test_code_flow.py",
    "tests/guard/auth/oauth/test_dpop.py",
    "tests/guard/auth/oauth/test_sign_out.py",
    "tests/guard/auth/test_jwt_claims.py",
    "tests/guard/auth/test_jwt_interop.py",
    "tests/guard/auth/test_password_pool.py",
    "tests/guard/stores/test_roles.py",
    "tests/guard/stores/test_sessions.py",
    "tests/guard/stores/test_whole.py",
    "tests/scan/python/",
    "tests/scan/test_access_owners.py",
    "tests/scan/test_forms.py",
    "tests/scan/test_outgoing_read.py",
    "tests/scan/test_public.py",
    "tests/scan/test_source_newer.py",
    "tests/scan/test_tokens.py",
    "tests/watch/test_command.py",
)
"""Of those, run on each Python all the same: one scan of each kind, and what reads its syntax."""

Scan = Callable[..., Report]


def scan_folder(
    folder: Path, *, python: str | None = None, options: Options | None = None, **changes: Any
) -> Report:
    """Scan a folder with its own settings, some of them changed."""
    settings = replace(settings_file.load(folder), **changes)
    if python is not None:
        settings = replace(settings, python=python)
    target = discover(str(folder), settings)
    rules = load_rules(settings, folder).select(settings.select, settings.ignore)
    return Scanner(target, settings, options or Options(), rules).scan()


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: an open browser keeps a loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def needs_server(kind: str) -> None:
    """Skip where no server of that kind can be brought."""
    if KINDS[kind].program() is None:
        pytest.skip(f"no {kind} server on this machine: scripts/test installs it where it is root")


@pytest.fixture
def scan() -> Scan:
    """``scan(folder, select=("INJ001",))`` gives the report of a real scan."""
    return scan_folder


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """``project({"main.py": text})`` writes a project and gives its folder."""

    def write(files: dict[str, str]) -> Path:
        folder = tmp_path / "project"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write


def pytest_configure(config: pytest.Config) -> None:
    """Known marks."""
    config.addinivalue_line("markers", "slow: run on one interpreter only")
    config.addinivalue_line("markers", "everything: run with BUCKLER_EVERYTHING=1 only")
    config.addinivalue_line("markers", "always: never left out; see tests/thinned.py")


def _are_named(config: pytest.Config) -> bool:
    """Whether single tests were asked for: those run, whatever they take."""
    return any("::" in argument for argument in config.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes and does not depend on the interpreter runs on one of them."""
    if not os.environ.get("BUCKLER_EVERYTHING") and not _are_named(config):
        left = left_out(items)
        config.hook.pytest_deselected(items=left)
        out = set(map(id, left))
        items[:] = [item for item in items if id(item) not in out]
    for item in items:
        if item.nodeid.startswith(ONCE) and not item.nodeid.startswith(EVERYWHERE):
            item.add_marker("slow")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With BUCKLER_NO_SKIPS, a skip that is not on the list is a failure."""
    outcome: Any = yield
    report = outcome.get_result()
    if not (report.skipped and os.environ.get("BUCKLER_NO_SKIPS")) or hasattr(report, "wasxfail"):
        return
    allowed = [
        line.split("#")[0].strip()
        for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    ]
    if not any(prefix and item.nodeid.startswith(prefix) for prefix in allowed):
        report.outcome = "failed"
        report.longrepr = f"skipped, and not named in tests/allowed_skips.txt: {report.longrepr}"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files that the user of the servers can enter, too."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What programs of others completed against the authorization server."""
    from tests.guard.auth.oauth.interop.cells import table

    found = [
        (outcome == "skipped", report.user_properties)
        for outcome in ("passed", "failed", "skipped")
        for report in terminalreporter.stats.get(outcome, ())
        if getattr(report, "when", "call") == "call"
    ]
    lines = table(found)
    if lines:
        terminalreporter.section("OAuth: programs of others")
        for line in lines:
            terminalreporter.write_line(line)
