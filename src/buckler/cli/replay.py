"""``buckler replay FINGERPRINT``: does the proof still hold?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from buckler.cli import cache, options
from buckler.core.errors import UsageError
from buckler.scan import replaying
from buckler.scan.discover import folder_of


@click.command("replay")
@click.argument("fingerprint")
@click.argument("target", default=".")
@options.application_options
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Report to take the proof from; the last one of the folder if not given.",
)
@click.option(
    "--pytest", "as_test", is_flag=True, help="Write the proof as a test instead of sending it."
)
def command(
    fingerprint: str, target: str, report: Path | None, as_test: bool, **given: Any
) -> None:
    """Send the proof of a finding again and say whether it still holds.

    Exit code 1 if it holds, 0 if it does not.
    """
    found = _finding(cache.read(folder_of(target), report), fingerprint)
    if as_test:
        click.echo(replaying.as_pytest(found))
        return
    settings = options.settings_of(target, given)
    settings = replace(settings, select=(str(found["id"]),), ignore=())
    project = options.find(target, settings)
    result = replaying.replay(
        project, settings, options.options_of(settings, given, project.folder), found
    )
    click.echo(result.text)
    sys.exit(1 if result.holds else 0)


def _finding(report: Mapping[str, Any], fingerprint: str) -> dict[str, Any]:
    findings = [*report.get("findings", ()), *report.get("known", ())]
    hits = [f for f in findings if str(f.get("fingerprint", "")).startswith(fingerprint)]
    if len(hits) != 1:
        many = "no finding has" if not hits else "several findings have"
        raise UsageError(
            f"{many} the fingerprint {fingerprint}", hint="the JSON and HTML reports name them"
        )
    return dict(hits[0])
