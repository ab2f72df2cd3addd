"""The command to type next, with what was typed now: options that are dropped change what comes of it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from typing import Final

import click
from click.core import ParameterSource

FIX: Final = frozenset(
    (
        *("target", "python", "env_file", "pass_env", "allow", "writes", "allow_processes"),
        *("identity", "host", "walls", "database", "request_timeout", "seed", "engines"),
        *("project_rules", "advisories", "max_advisory_age", "fail_on", "max_time"),
    )
)
"""Parameters that ``buckler fix`` shares with other commands."""
SECRET: Final = frozenset(("identity", "database"))
"""Those whose values are not printed: they may hold passwords, and logs are read by many (CWE-532)."""
_LEFT_OUT: Final = "..."


def command_line(name: str, keep: Collection[str] = FIX) -> str:
    """``buckler NAME`` with the parameters of the running command that were typed.

    Args:
        name: Of the next command.
        keep: Names of parameters that it takes, too.
    """
    context = click.get_current_context()
    words = [
        word
        for parameter in context.command.params
        if parameter.name in keep
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        for word in _words(parameter, context.params[parameter.name])
    ]
    return " ".join(("buckler", name, *words))


def _words(parameter: click.Parameter, value: object) -> Iterator[str]:
    if not isinstance(parameter, click.Option):
        text = str(value)
        yield shlex.quote(f"./{text}" if text.startswith("-") else text)
    elif parameter.is_flag:
        yield from parameter.opts[-1:] if value else parameter.secondary_opts[:1]
    else:
        for one in value if isinstance(value, tuple | list) else (value,):
            text = f"{one:g}" if isinstance(one, float) else str(one)
            shown = _LEFT_OUT if parameter.name in SECRET else shlex.quote(text)
            yield from (parameter.opts[-1], shown)
