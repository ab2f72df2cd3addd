"""``buckler scan``: find, prove, report."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from buckler.cli import cache, options
from buckler.cli.progress import Watcher
from buckler.core.errors import BucklerError, UsageError
from buckler.core.finding import Severity
from buckler.scan import baseline as baselines
from buckler.scan import formats
from buckler.scan.formats.text import print_report
from buckler.scan.scanner import ENGINES, Scanner, load_rules, with_baseline


@click.command("scan")
@click.argument("target", default=".")
@options.application_options
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
@click.option(
    "--no-attack", is_flag=True, help="Run and explore the application, send no payloads."
)
@click.option(
    "--fail-on",
    type=click.Choice(options.SEVERITIES),
    help="Least severity that makes the exit code 1 (high).",
)
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
    "-v", "--verbose", is_flag=True, help="Print a log to standard error, fit for a bug report."
)
def command(target: str, **given: Any) -> None:
    """Scan a folder, a file, or module:app; the current folder if nothing is named.

    \b
    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage, 3 internal error,
    4 the application could not be run or was hardly reached.
    """
    try:
        sys.exit(_run(target, given))
    except BucklerError:
        raise
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped\n")
        sys.exit(130)
    except Exception:  # noqa: BLE001 - the last resort: exit code 3 and the story
        sys.stderr.write("buckler: an internal error; please report it with this text:\n")
        traceback.print_exc()
        sys.exit(3)


def _run(target: str, given: dict[str, Any]) -> int:
    settings = options.settings_of(target, given)
    for engine in settings.engines:
        if engine not in ENGINES:
            raise UsageError(
                f"there is no engine {engine!r}", hint=f"engines: {', '.join(ENGINES)}"
            )
    written = [(path, formats.for_path(path)) for path in given["output"]]
    wanted = "json" if given["as_json"] else given["format_name"]
    printed = formats.by_name(wanted) if wanted else None
    found = options.find(target, settings)
    registry = load_rules(settings, found.folder)
    rules = registry.select(settings.select, settings.ignore)
    runs_code = bool({"app", "attack"}.intersection(settings.engines or ENGINES)) and bool(
        found.applications
    )
    with Watcher(verbose=given["verbose"], runs_code=runs_code, target=found) as watcher:
        scanner = Scanner(
            found,
            settings,
            options.options_of(settings, given, found.folder),
            rules,
            watcher,
            attack=not given["no_attack"],
        )
        report = scanner.scan()
    baseline = found.folder / settings.baseline if settings.baseline else None
    if given["update_baseline"]:
        if baseline is None:
            raise UsageError("--update-baseline needs --baseline FILE")
        baselines.write(baseline, report.findings)
    if baseline is not None and (baseline.exists() or given["update_baseline"]):
        report = with_baseline(report, baselines.read(baseline))
    elif baseline is not None:
        raise UsageError(f"there is no baseline {baseline}", hint="--update-baseline writes it")
    for path, fmt in written:
        path.write_text(fmt.render(report), encoding="utf-8")
    cache.keep(found.folder, formats.by_name("json").render(report))
    if printed is not None:
        click.echo(printed.render(report))
    else:
        print_report(report, Console(highlight=False), limit=None if given["show_all"] else 5)
    for path, _ in written:
        sys.stderr.write(f"wrote {path}\n")
    return report.exit_code(Severity(settings.fail_on))
