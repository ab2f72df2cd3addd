"""``buckler rule ID``: the guide of one rule."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from buckler.cli import ruleset


@click.command("rule")
@click.argument("rule_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@ruleset.project_rules_option
def command(rule_id: str, as_json: bool, **given: Any) -> None:
    """Show what a rule finds, why it matters, and how to fix and check it."""
    rule = ruleset.registry_here(given, rule_id)[rule_id]
    if as_json:
        from buckler.cli.rules import describe

        click.echo(json.dumps({**describe(rule), "guide": rule.guide}, indent=2))
        return
    lists = (
        ", ".join(f"CWE-{number}" for number in rule.cwe)
        + ", "
        + ", ".join((*rule.owasp, *rule.asvs))
    )
    repaired = f" · fix: {rule.fixable}" if rule.fixable else ""
    head = f"# {rule.id} {rule.title}\n\n**{rule.severity}** · {rule.name} · {lists}{repaired}\n\n"
    text = head + rule.guide
    if rule.fix and rule.fix.after:
        text += f"\n\n## In code\n\n```python\n# before\n{rule.fix.before}\n# after\n{rule.fix.after}\n```\n"
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(Console().width, 100)).print(Markdown(text))
