"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import sys

from buckler.core.errors import BucklerError


def main() -> None:
    """Entry point of ``buckler``; turns every error of ours into its exit code and a hint."""
    from buckler.cli.group import cli

    try:
        cli(prog_name="buckler", standalone_mode=True)
    except BucklerError as error:
        fail(error)


def fail(error: BucklerError) -> None:
    """Print what happened and what to do, and exit with the error's code."""
    sys.stderr.write(f"buckler: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
    sys.exit(error.exit_code)
