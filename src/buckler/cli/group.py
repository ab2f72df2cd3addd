"""The group of commands. A command's module is imported when it runs, so help is quick."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

import click

from buckler import __version__

COMMANDS = {
    "scan": "Find the holes of a FastAPI application and prove them.",
    "fix": "Repair what can be repaired, each repair proved.",
    "packages": "Match what is installed with what is known against it.",
    "replay": "Send the proof of a finding again.",
    "routes": "List what an application offers, and what each route requires.",
    "rules": "List the rules.",
    "rule": "Show the guide of one rule.",
    "advisories": "Fetch and read what is known against packages.",
    "audit": "Check the hash chain of an audit log.",
    "db": "Make and change the tables that guard keeps identities in.",
    "oauth": "Manage the clients of an authorization server.",
    "watch": "Scan again and again, keep the history, tell what opens: a service.",
    "init": "Write a commented [tool.buckler] into pyproject.toml.",
}

INSTEAD = {"sbom": "packages --sbom FILE", "vex": "packages --vex FILE"}
"""What people look for under a name of its own."""


class LazyGroup(click.Group):
    """Imports the module of a command only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"buckler.cli.{cmd_name}")
        command: Any = module.command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it, with what may have been meant where there is no such command.

        Raises:
            click.UsageError: There is none.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            word = args[0].lower()
            meant = INSTEAD.get(word) or next(iter(difflib.get_close_matches(word, COMMANDS)), "")
            if not meant:
                raise
            told = f"{error.message} Did you mean 'buckler {meant}'?"
            raise click.UsageError(told, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="buckler")
def cli() -> None:
    """Find the security holes of a FastAPI application, and prove each one.

    `buckler scan` in the folder of a project is all it takes. It runs the project's code in a
    box: no process starts, no packet leaves, no file of yours changes.
    """
