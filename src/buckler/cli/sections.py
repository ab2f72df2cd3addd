"""Help of commands with many options: in sections, what most people look for first."""

from __future__ import annotations

from typing import Final

import click

SECTIONS: Final = {
    "What comes out": (
        *("output", "format_name", "as_json", "show_all", "diff", "as_test", "report"),
        *("fail_on", "min_coverage", "baseline", "update_baseline", "push", "verbose"),
    ),
    "What is looked for": (
        *("select", "ignore", "exclude", "engines", "no_attack", "finding", "unsafe", "tests"),
        *("resolve", "install", "project_rules", "max_time", "seed", "no_cache"),
        *("advisories", "max_advisory_age"),
    ),
    "The application": ("python", "env_file", "pass_env", "host", "database", "request_timeout"),
    "Who sends requests": ("identity", "identities", "accounts"),
    "What the box lets through": ("allow", "writes", "allow_processes", "walls"),
    "A running site": (
        "permitted",
        "max_requests",
        "rate",
        "connect_to",
        "openapi",
        "insecure_tls",
    ),
}
"""Parameters by the heading under which the help has them; what is not here comes last."""


class Sectioned(click.Command):
    """A command whose options stand under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, section by section."""
        left = {
            parameter.name: parameter
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
        }
        for heading, names in SECTIONS.items():
            _write(heading, [left.pop(name) for name in names if name in left], ctx, formatter)
        _write("Others", list(left.values()), ctx, formatter)


def _write(
    heading: str,
    parameters: list[click.Option],
    ctx: click.Context,
    formatter: click.HelpFormatter,
) -> None:
    rows = [row for one in parameters if (row := one.get_help_record(ctx)) is not None]
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows)
