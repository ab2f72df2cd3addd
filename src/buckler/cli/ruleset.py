"""Which rules a command works with. What it imports is little: ``buckler rule ID`` has to be quick."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import click

from buckler.core.errors import SettingsError
from buckler.core.registry import Registry
from buckler.core.settings import load

RULES = "buckler.scan.rules"
project_rules_option = click.option(
    "--project-rules",
    is_flag=True,
    help="Import the rules that the project's own settings name: code of the project, run "
    "outside of the box.",
)


def registry_here(given: dict[str, Any], only: str = "", family: str = "") -> Registry:
    """The rules of Buckler and, with ``--project-rules``, those of the current folder's settings.

    Args:
        given: Values of options by name.
        only: Id or name of the one that is asked for; the others need not be there.
        family: That of Buckler's rules that is asked for: no other one is imported.
    """
    folder = Path.cwd()
    if given.get("project_rules"):
        return Registry.load(RULES, (folder / path for path in load(folder).rules))
    with contextlib.suppress(SettingsError):  # a broken file takes no rule of ours away
        tell_not_imported(folder, given)
    return Registry.load(f"{RULES}.{family}" if family else RULES, only=only)


def tell_not_imported(folder: Path, given: dict[str, Any]) -> str:
    """Say on standard error that a project has rules that nobody allowed; the sentence, or nothing.

    A rule is imported into this process, where no wall stands around it, so a project that is
    only looked at must not bring any.
    """
    folders = load(folder).rules
    if not folders or given.get("project_rules"):
        return ""
    from buckler.scan.formats import clean

    text = f"the project has rules of its own ({', '.join(folders)}), which were not imported"
    sys.stderr.write(f"{clean.line(text)}: --project-rules imports them\n")
    return text
