"""``buckler packages``: what a project is made of, what is known against it, and the smallest upgrade."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from buckler.cli import ruleset
from buckler.cli.options import settings_of
from buckler.core.errors import TargetError
from buckler.core.events import Event, GapFound
from buckler.core.finding import Confidence, Finding, Severity, sort_key
from buckler.core.settings import SEVERITIES, Settings
from buckler.scan.discover import folder_of, interpreter
from buckler.scan.engines.packages.engine import check_project
from buckler.scan.engines.packages.known import PackagesEngine, environment_of, options_of
from buckler.scan.formats.packages import document, print_packages

FAMILY = "PKG"


@click.command("packages")
@click.argument("target", default=".", metavar="[PATH]")
@click.option("--python", metavar="PATH", help="Virtual environment of the application.")
@click.option(
    "--advisories",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Index of advisories; `buckler advisories update` makes it.",
)
@click.option(
    "--max-advisory-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Exit 4 if the newest advisory is older (30).",
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Least severity that makes the exit code 1 (high).",
)
@click.option("--all", "show_all", is_flag=True, help="List the packages without a weakness, too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(target: str, show_all: bool, as_json: bool, **given: Any) -> None:
    """Match what is locked, listed and installed with the advisories. Nothing of the project is run.

    \b
    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage, 3 internal error,
    4 there are no advisories, or they are older than --max-advisory-age.
    """
    settings = settings_of(target, given)
    folder = folder_of(target)
    if not folder.is_dir():
        raise TargetError(f"there is no folder {folder}", hint="buckler packages PATH")
    gaps: list[GapFound] = []

    def listen(event: Event) -> None:
        if isinstance(event, GapFound) and event not in gaps:
            gaps.append(event)

    engine = _engine(folder, settings, given, listen)
    rules = [rule for rule in ruleset.registry_here({}) if rule.id.startswith(FAMILY)]
    findings = sorted([*engine.asked(rules), *check_project(folder, rules)], key=sort_key)
    if as_json:
        click.echo(json.dumps(document(engine, findings, gaps), indent=2))
    else:
        console, name = Console(highlight=False), folder.resolve().name
        print_packages(console, name, engine, findings, gaps, show_all=show_all)
    sys.exit(_exit_code(engine, findings, Severity(settings.fail_on)))


def _engine(folder: Path, settings: Settings, given: dict[str, Any], listen: Any) -> PackagesEngine:
    python, _ = interpreter(folder, settings.python)
    looked = options_of(settings, given["advisories"], environment_of(python))
    engine = PackagesEngine(folder, (), looked, listen)
    engine.look()
    return engine


def _exit_code(engine: PackagesEngine, findings: list[Finding], fail_on: Severity) -> int:
    coverage = engine.coverage()
    if coverage.outdated or (coverage.versions and not coverage.advisories):
        return 4
    failing = (
        f
        for f in findings
        if f.severity.at_least(fail_on) and f.confidence is not Confidence.SUSPECTED
    )
    return int(any(failing))
