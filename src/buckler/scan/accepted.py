"""What somebody answers for: findings that a comment in the code or a VEX statement sets apart, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from buckler.core.events import GapFound
from buckler.core.finding import Finding
from buckler.core.settings import Settings
from buckler.scan.engines.packages.documents.answers import answers_of, close
from buckler.scan.inline import Line, suppressions


def set_apart(
    findings: Iterable[Finding], line: Line, folder: Path, settings: Settings, started: str
) -> tuple[list[Finding], list[tuple[Finding, str]], list[GapFound]]:
    """Part findings into those that stay and those that somebody answers for.

    Args:
        findings: All of them.
        line: Gives the text of a line.
        folder: Of the project.
        settings: Its ``vex`` names the files with statements.
        started: When the scan began, ISO 8601; statements are over by that time.

    Returns:
        Findings that stay; those set apart, with the reason; complaints about comments without a reason, files
        that could not be read, and statements that are over.
    """
    kept, apart, complaints = suppressions(findings, line)
    if not settings.vex:
        return kept, apart, complaints
    answers = answers_of(folder, settings, datetime.fromisoformat(started))
    kept, closed, gaps = close(kept, answers)
    return kept, [*apart, *closed], [*complaints, *gaps]
