"""``buckler replay FINGERPRINT``: does the proof still hold?"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from buckler.cli import cache, options, ruleset
from buckler.cli.sections import Sectioned
from buckler.core.errors import UsageError
from buckler.scan import replaying
from buckler.scan.discover import folder_of
from buckler.scan.formats import clean
from buckler.scan.formats.replay import as_pytest

SHOWN: Final = 10
"""Findings that are listed where none, or more than one, was named."""


@click.command("replay", cls=Sectioned)
@click.argument("fingerprint")
@click.argument("target", default=".")
@options.application_options
@ruleset.project_rules_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Report to take the proof from; the last one of the folder if not given.",
)
@click.option(
    "--pytest",
    "as_test",
    is_flag=True,
    help="Print the proof as a test for pytest, and send nothing: … --pytest > tests/test_hole.py",
)
def command(
    fingerprint: str, target: str, report: Path | None, as_test: bool, **given: Any
) -> None:
    """Send the proof of a finding again and say whether it still holds.

    The fingerprint, or its beginning, is in the report of the last scan. The id of a rule will do
    where one finding has it: buckler replay INJ001.

    \b
    Exit codes:
      1  it holds
      0  it does not
      2  usage, or there is no such finding
      4  the application does not run, or the operation is gone

    --pytest prints a test that fails while the hole is open; redirect it to a file in the
    project. It looks for the project's folder from its own folder upwards.
    """
    kept = cache.read(folder_of(target), report)
    found = _finding(kept, fingerprint.strip())
    if as_test:
        main = str(kept.get("target", {}).get("main") or "")
        click.echo(as_pytest(found, main=main, project_rules=given["project_rules"]))
        return
    ruleset.tell_not_imported(folder_of(target), given)
    settings = options.settings_of(target, given)
    settings = replace(settings, select=(str(found["id"]),), ignore=())
    project = options.find(target, settings)
    result = replaying.replay(
        project, settings, options.options_of(settings, given, project.folder), found
    )
    click.echo(clean.block(result.text))
    sys.exit(4 if not result.tried else int(result.holds))


def _finding(report: Mapping[str, Any], fingerprint: str) -> dict[str, Any]:
    if not fingerprint:
        raise UsageError(
            "the fingerprint is empty", hint="the text, JSON and HTML reports name them"
        )
    findings = [*report.get("findings", ()), *report.get("known", ())]
    hits = [
        f
        for f in findings
        if str(f.get("fingerprint", "")).startswith(fingerprint)
        or str(f.get("id", "")) == fingerprint.upper()
    ]
    if len(hits) == 1:
        return dict(hits[0])
    if hits:
        raise UsageError(f"{len(hits)} findings have {fingerprint}; name one", hint=_listed(hits))
    raise UsageError(
        f"no finding of the last report has the fingerprint or rule {fingerprint}",
        hint=_listed(findings) or "buckler scan",
    )


def _listed(findings: Sequence[Mapping[str, Any]]) -> str:
    """What to type for the first findings, a line each."""
    lines = []
    for found in findings[:SHOWN]:
        place = found.get("location") or {}
        at = place.get("operation") or f"{place.get('path')}:{place.get('line')}"
        words = (str(found.get("fingerprint", ""))[:8], found.get("id"), at, place.get("slot"))
        lines.append("buckler replay " + "  ".join(clean.line(word) for word in words if word))
    more = len(findings) - SHOWN
    return "\n  ".join((*lines, *([f"and {more} more"] if more > 0 else ())))
