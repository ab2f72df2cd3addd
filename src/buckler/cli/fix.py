"""``buckler fix``: repair what can be repaired, and prove each repair before it is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from buckler.cli import again, options, ruleset
from buckler.cli.progress import Watcher
from buckler.cli.sections import Sectioned
from buckler.core.errors import UsageError
from buckler.core.events import Progress
from buckler.core.finding import Severity
from buckler.core.settings import ENGINES, Settings
from buckler.scan.discover import folder_of
from buckler.scan.fix import telling
from buckler.scan.fix.apply import apply
from buckler.scan.fix.look import Look, Looker
from buckler.scan.fix.plan import Left, Plan, Planned, plan
from buckler.scan.fix.project_tests import ProjectTests
from buckler.scan.fix.telling import Told
from buckler.scan.fix.upgrades.installing import Installer
from buckler.scan.fix.upgrades.planning import Upgrader
from buckler.scan.fix.upgrades.running import running
from buckler.scan.fix.verify import Tried, Verifier
from buckler.scan.formats import clean
from buckler.scan.formats.text import STYLES, takes_unicode
from buckler.scan.scanner import load_rules
from buckler.scan.target import Target

_KEPT = again.FIX | {"select", "tests", "unsafe", "resolve", "install"}


@click.command("fix", cls=Sectioned)
@click.argument("target", default=".")
@options.application_options
@options.advisory_options
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
@click.option(
    "--unsafe", is_flag=True, help="Make those repairs, too, that change what others see."
)
@click.option(
    "--rule",
    "select",
    multiple=True,
    metavar="RULES",
    help="Only these rules: ids, prefixes or names, with commas.",
)
@click.option(
    "--finding", default="", metavar="FINGERPRINT", help="Only this one; its beginning will do."
)
@click.option(
    "--test",
    "tests",
    metavar="COMMAND",
    help="Run the project's tests in the copy, outside of the box: 'pytest -q'.",
)
@click.option(
    "--resolve",
    is_flag=True,
    help="Let uv, Poetry, pip-compile or pip resolve upgrades of packages in a copy; they use the network.",
)
@click.option(
    "--install",
    is_flag=True,
    help="The same, and install the new versions outside of the project for the proof and --test.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--engines",
    multiple=True,
    metavar="LIST",
    help=f"Of {', '.join(ENGINES)}. 'source,packages' runs none of the project's code.",
)
@ruleset.project_rules_option
@click.option(
    "--max-time",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Stop attacking after this time (300).",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Print a log to standard error, fit for a bug report."
)
def command(target: str, **given: Any) -> None:
    """Repair the findings of a project that can be repaired without changing anything else.

    Every repair is tried in a copy: the finding must be gone, the attack and 20 variants of it must
    fail, benign requests must be answered as before, nothing new may be found. Only
    then the files are written, all of them or none. Repairs that clients or the operator can
    notice need --unsafe.

    \b
    Exit codes:
      0  nothing is left
      1  findings at or above --fail-on are left that are more than suspected
      2  usage
      3  internal error
      4  the application could not be run
    """
    sys.exit(_run(target, given))


def _run(target: str, given: dict[str, Any]) -> int:
    fingerprint = given["finding"].strip()
    if given["finding"] and not fingerprint:
        raise UsageError("--finding is empty", hint="the text, JSON and HTML reports name them")
    resolves = given["resolve"] or given["install"]
    if resolves and not given["unsafe"]:
        raise UsageError(
            "--resolve and --install make repairs that have to be reviewed",
            hint="buckler fix --unsafe --resolve --diff",
        )
    settings = replace(options.settings_of(target, given), baseline=None)
    found = options.find(target, settings)
    tests = ProjectTests(given["tests"], found.folder) if given["tests"] is not None else None
    ruleset.tell_not_imported(folder_of(target), given)
    registry = load_rules(settings, found.folder)
    asked = registry.select(settings.select, settings.ignore)
    rules = registry.select((), settings.ignore) if settings.select else asked
    with _watcher(found, settings, given) as watcher, ExitStack() as scratch:
        run = options.options_of(settings, given, found.folder)
        looker = Looker(settings, run, rules, watcher, given["advisories"])
        before = looker.look(found)

        def tell(text: str) -> None:
            watcher(Progress("fix", 0, 0, text))

        runner = scratch.enter_context(running(tell)) if resolves else None
        upgrader = Upgrader(found.folder, found.python, runner) if runner else None
        made = plan(
            found.folder,
            before.report.findings,
            asked,
            unsafe=given["unsafe"],
            fingerprint=fingerprint,
            together=upgrader,
        )
        tried = Tried((), None)
        if made.repairs:
            verifier = Verifier(
                found,
                looker,
                before,
                tests,
                tell,
                Installer(found.python, runner) if runner and given["install"] else None,
            )
            tried = verifier.verify(made.repairs)
            if upgrader is not None:
                made, tried = _apart(made, tried, upgrader, verifier)
    wrote = bool(tried.files) and not given["diff"]
    if wrote:
        apply(found.folder, tried.files)
    failed = before.report.failed
    told = Told(made, tried.outcomes, tried.files, wrote, tested=tests is not None, failed=failed)
    _print(told, given)
    return _exit_code(before, tried, settings, wrote=wrote)


def _apart(made: Plan, tried: Tried, upgrader: Upgrader, verifier: Verifier) -> tuple[Plan, Tried]:
    """What did not hold as one upgrade of several packages, tried package by package."""
    repairs: list[Planned] = []
    left: list[Left] = []
    for outcome in tried.outcomes:
        planned = outcome.planned
        if outcome.holds or not upgrader.joins(planned):
            repairs.append(planned)
            continue
        parts, refused = upgrader.apart(planned)
        repairs += parts
        left += refused
    if len(repairs) == len(made.repairs):
        return made, tried
    return replace(made, repairs=tuple(repairs), open=(*made.open, *left)), verifier.verify(repairs)


def _watcher(found: Target, settings: Settings, given: dict[str, Any]) -> Watcher:
    engines = settings.engines or ENGINES
    runs_code = bool({"app", "attack"}.intersection(engines)) and bool(found.applications)
    return Watcher(verbose=given["verbose"], runs_code=runs_code, target=found)


def _exit_code(before: Look, tried: Tried, settings: Settings, *, wrote: bool) -> int:
    """Of the project as it is now."""
    look = tried.after if wrote and tried.after is not None else before
    return look.report.exit_code(Severity(settings.fail_on))


def _print(told: Told, given: dict[str, Any]) -> None:
    if given["as_json"]:
        click.echo(json.dumps(telling.as_dict(told), indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    if given["diff"]:
        if console.is_terminal:
            _lines(console, telling.diff_lines(told.files))
        else:  # for git apply, which wants every byte as it is
            diff = "".join(telling.diff_of(file) for file in told.files)
            sys.stdout.flush()
            sys.stdout.buffer.write(diff.encode("utf-8", "surrogatepass"))
        console = Console(highlight=False, soft_wrap=True, stderr=True)
    told_lines = telling.lines(told, again.command_line("fix", _KEPT))
    if console.is_terminal:
        told_lines = (part for line in told_lines for part in telling.wrapped(line, console.width))
    _lines(console, told_lines)


def _lines(console: Console, lines: Iterable[telling.Line]) -> None:
    plain = not console.is_terminal
    for line in lines:
        if plain:
            text = "".join(part for part, _ in line).rstrip()
            console.file.write((text if takes_unicode(console) else clean.ascii_only(text)) + "\n")
            continue
        shown = Text()
        for part, style in line:
            shown.append(part, style=STYLES.get(style, ""))
        console.print(shown)
