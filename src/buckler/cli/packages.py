"""``buckler packages``: what a project is made of, what is known against it, and the smallest upgrade."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from buckler.cli import again, cache, ruleset
from buckler.cli.options import advisory_options, settings_of
from buckler.core.errors import TargetError, UsageError
from buckler.core.events import Event, GapFound
from buckler.core.finding import Confidence, Finding, Severity, sort_key
from buckler.core.settings import Settings
from buckler.scan.discover import folder_of, interpreter
from buckler.scan.engines.packages.documents.answers import answers_of, close
from buckler.scan.engines.packages.documents.bill import Bill, bill_of
from buckler.scan.engines.packages.documents.render import SBOM, VEX, render
from buckler.scan.engines.packages.engine import PackagesEngine, environment_of, options_of
from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.formats import clean
from buckler.scan.formats.packages import document
from buckler.scan.formats.packages_text import Told, print_packages

FAMILY = "packages"


@click.command("packages")
@click.argument("target", default=".", metavar="[PATH]")
@click.option("--python", metavar="PATH", help="Virtual environment of the application.")
@advisory_options
@click.option(
    "--sbom", type=click.Path(path_type=Path), metavar="FILE", help="Write a bill of materials."
)
@click.option(
    "--sbom-format",
    type=click.Choice(tuple(SBOM)),
    default="cyclonedx",
    show_default=True,
    help="CycloneDX 1.6 or SPDX 2.3, as JSON.",
)
@click.option(
    "--vex",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what is said of each known weakness.",
)
@click.option(
    "--vex-format",
    type=click.Choice(tuple(VEX)),
    default="openvex",
    show_default=True,
    help="OpenVEX 0.2.0 or CycloneDX 1.6, as JSON.",
)
@click.option(
    "--vex-derived",
    is_flag=True,
    help="State not_affected where no call of what has the weakness was seen; nobody has confirmed that.",
)
@click.option("--all", "show_all", is_flag=True, help="List the packages without a weakness, too.")
@click.option("--no-cache", is_flag=True, help="Follow the calls of the source anew.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(target: str, show_all: bool, as_json: bool, **given: Any) -> None:
    """Match what is locked, listed and installed with the advisories. Nothing of the project is run.

    \b
    Exit codes:
      0  clean
      1  findings at or above --fail-on
      2  usage
      3  internal error
      4  there are no advisories, or they are older than --max-advisory-age
    """
    settings = settings_of(target, given)
    folder = folder_of(target)
    if not folder.is_dir():
        raise TargetError(f"there is no folder {folder}", hint="buckler packages PATH")
    gaps: list[GapFound] = []

    def listen(event: Event) -> None:
        if isinstance(event, GapFound) and event not in gaps:
            gaps.append(event)

    now = datetime.now(UTC)
    engine = _engine(folder, settings, given, listen)
    answers = answers_of(folder, settings, now)
    answers.derived = given["vex_derived"]
    rules = list(ruleset.registry_here({}, family=FAMILY))
    found = sorted([*engine.asked(rules), *check_project(folder, rules)], key=sort_key)
    findings, closed, complaints = close(found, answers)
    for gap in complaints:
        listen(gap)
    _write(given, bill_of(folder, engine.inventories, engine.seen, made=now, judge=answers.state))
    answered = {finding.subject: reason for finding, reason in closed}
    if as_json:
        click.echo(json.dumps(document(engine, findings, gaps, answered), indent=2))
    else:
        console, name = Console(highlight=False), folder.resolve().name
        told = Told(name, engine, findings, gaps, answered)
        print_packages(console, told, again.command_line("fix"), show_all=show_all)
    sys.exit(_exit_code(engine, findings, Severity(settings.fail_on)))


def _write(given: dict[str, Any], bill: Bill) -> None:
    """The documents that were asked for.

    Raises:
        UsageError: A file cannot be written.
    """
    for kind in ("sbom", "vex"):
        path = given[kind]
        if path is None:
            continue
        text = render(f"{kind}-{given[f'{kind}_format']}", bill)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
        sys.stderr.write(f"wrote {clean.line(path)}\n")


def _engine(folder: Path, settings: Settings, given: dict[str, Any], listen: Any) -> PackagesEngine:
    python, _ = interpreter(folder, settings.python)
    kept = None if given["no_cache"] else cache.path_of(folder).parent
    looked = options_of(settings, given["advisories"], environment_of(python), kept)
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
