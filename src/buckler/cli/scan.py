"""``buckler scan``: find, prove, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from buckler.cli import cache, options, ruleset, site
from buckler.cli import push as pushing
from buckler.cli.giving import check_place, give, wanted
from buckler.cli.progress import Watcher
from buckler.cli.sections import Sectioned
from buckler.core.errors import UsageError
from buckler.core.events import GapFound
from buckler.core.finding import Severity
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.core.settings import ENGINES, Settings
from buckler.scan import baseline as baselines
from buckler.scan import formats
from buckler.scan.discover import folder_of
from buckler.scan.engines.app.options import WALLS
from buckler.scan.engines.live.site import is_url
from buckler.scan.formats import clean
from buckler.scan.formats.view import plural
from buckler.scan.scanner import Scanner, load_rules

HOOKS_OF = {
    "source": ("check_source", "flows", "check_call"),
    "app": ("check_app", "check_observations"),
    "attack": ("check_app", "check_observations", "attack"),
    "packages": ("check_project", "check_package", "check_inventory"),
}
"""The hooks that each engine calls."""


@click.command("scan", cls=Sectioned)
@click.argument("target", default=".")
@options.application_options
@site.site_options
@click.option(
    "-o",
    "--output",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write a report; the ending picks the format: .html .json .sarif .md .xml .txt",
)
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="What to print instead of the summary: json, sarif, markdown, junit, html, text.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--all", "show_all", is_flag=True, help="Show every finding, not the first five.")
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    help="Only these rules: ids, prefixes or names, with commas.",
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Not these rules.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="OPERATION",
    help="Leave an operation alone: 'POST /import'.",
)
@click.option(
    "--engines",
    multiple=True,
    metavar="LIST",
    help=f"Of {', '.join(ENGINES)}. 'source,packages' runs none of the project's code.",
)
@ruleset.project_rules_option
@click.option(
    "--no-attack", is_flag=True, help="Run and explore the application, send no payloads."
)
@options.advisory_options
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit 4 if fewer operations were reached (0.9).",
)
@click.option(
    "--max-time",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Stop attacking after this time (300).",
)
@click.option(
    "--baseline",
    type=click.Path(),
    metavar="FILE",
    help="Known findings: shown apart, not counted.",
)
@click.option(
    "--update-baseline", is_flag=True, help="Write the findings of this scan to the baseline."
)
@click.option(
    "--push",
    metavar="URL",
    help="Send the report to this target of a watch service; its token in BUCKLER_WATCH_TOKEN.",
)
@click.option("--no-cache", is_flag=True, help="Read every file, also those that have not changed.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Print a log to standard error, fit for a bug report."
)
def command(target: str, **given: Any) -> None:
    """Scan a folder, a file, or module:app (the current folder if nothing is named). Or a running
    site: https://host/path.

    The project's own interpreter (.venv/bin/python) is started before the box stands: for a tree
    that you do not trust, name one of yours with --python.

    \b
    Exit codes:
      0  clean
      1  findings at or above --fail-on that are more than suspected
      2  usage
      3  internal error
      4  the application could not be run, or was hardly reached
    """
    sys.exit(site.scan(target, given) if is_url(target) else _run(target, given))


def _run(target: str, given: dict[str, Any]) -> int:
    site.refuse_for_projects(given)
    site.refuse_other_addresses(target)
    settings = options.settings_of(target, given)
    outputs, printed = wanted(given)
    token = pushing.check(given["push"]) if given["push"] else ""
    found = options.find(target, settings)
    baseline = _baseline(found.folder, settings, update=given["update_baseline"])
    ignored = ruleset.tell_not_imported(folder_of(target), given)
    rules = load_rules(settings, found.folder).select(settings.select, settings.ignore)
    _check_rules(rules, settings.engines or ENGINES)
    run = options.options_of(settings, given, found.folder)
    if not given["no_cache"]:
        run = replace(run, kept=cache.path_of(found.folder).parent)
    runs_code = bool({"app", "attack"}.intersection(settings.engines or ENGINES)) and bool(
        found.applications
    )
    missing = [wall for wall in WALLS if wall not in run.walls]
    with Watcher(
        verbose=given["verbose"],
        runs_code=runs_code,
        target=found,
        missing=missing,
        allowed=run.allow,
        writes=run.writes,
    ) as watcher:
        attack, index = not given["no_attack"], given["advisories"]
        scanner = Scanner(found, settings, run, rules, watcher, attack=attack, index=index)
        if ignored:
            scanner.emit(GapFound("rules of the project", ignored, "--project-rules"))
        report = scanner.scan()
    if baseline is not None:
        report = _apart(report, baseline, update=given["update_baseline"])
    cache.keep(found.folder, formats.by_name("json").render(report))
    give(report, outputs, printed, show_all=given["show_all"])
    if token:
        pushing.push(given["push"], token, formats.by_name("json").render(report))
    return report.exit_code(Severity(settings.fail_on))


def _check_rules(rules: Sequence[Rule], engines: Sequence[str]) -> None:
    """A scan in which no rule can look at anything would call everything clean.

    Raises:
        UsageError: None of the rules works in one of the engines.
    """
    hooks = {hook for engine in engines for hook in HOOKS_OF[engine]}
    if not any(hooks.intersection(rule.hooks()) for rule in rules):
        raise UsageError(
            f"none of the {len(rules)} selected rules works in {', '.join(engines)}",
            hint="take other engines or rules; `buckler rules` says how each looks",
        )


def _baseline(folder: Path, settings: Settings, *, update: bool) -> Path | None:
    """The file of known findings, checked before the scan.

    Raises:
        UsageError: There is none, it is broken, or it cannot be written.
    """
    if settings.baseline is None:
        if update:
            raise UsageError("--update-baseline needs --baseline FILE")
        return None
    path = folder / settings.baseline
    if update:
        check_place(path)
    elif path.exists():
        baselines.read(path)
    else:
        raise UsageError(f"there is no baseline {path}", hint="--update-baseline writes it")
    return path


def _apart(report: Report, path: Path, *, update: bool) -> Report:
    if update:
        amount = baselines.write(path, report.findings)
        sys.stderr.write(f"wrote {clean.line(path)}: {plural(amount, 'known finding')}\n")
    return baselines.apart(report, baselines.read(path))
