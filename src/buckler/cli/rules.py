"""``buckler rules``: the list of rules."""

from __future__ import annotations

import json
from typing import Any

import click

from buckler.cli import ruleset
from buckler.core.rule import Rule


@click.command("rules")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--select", multiple=True, metavar="RULES", help="Ids, prefixes or names.")
@ruleset.project_rules_option
def command(format_name: str, as_json: bool, select: tuple[str, ...], **given: Any) -> None:
    """List the rules: id, severity, name, how each finds its weakness, and what fixes itself."""
    registry = ruleset.registry_here(given)
    rules = registry.select([part for text in select for part in text.split(",")], ())
    if as_json or format_name == "json":
        click.echo(json.dumps([describe(rule) for rule in rules], indent=2))
        return
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        views = "+".join(dict.fromkeys(_view(hook) for hook in rule.hooks() if _view(hook)))
        views += f"  fix: {rule.fixable}" if rule.fixable else ""
        click.echo(f"{rule.id}  {rule.severity:<8}  {rule.name:<{width}}  {views}")
    click.echo(f"\n{len(rules)} rules. `buckler rule ID` shows the guide of one.")


def _view(hook: str) -> str:
    return {
        "check_source": "source",
        "flows": "flow",
        "check_call": "flow",
        "check_app": "app",
        "check_observations": "answers",
        "check_site": "site",
        "attack": "attack",
        "check_project": "files",
        "check_package": "packages",
        "check_inventory": "packages",
    }.get(hook, "")


def describe(rule: Rule) -> dict[str, object]:
    """What programs want to know of a rule."""
    return {
        "id": rule.id,
        "name": rule.name,
        "title": rule.title,
        "family": rule.family,
        "severity": str(rule.severity),
        "summary": rule.summary,
        "cwe": list(rule.cwe),
        "owasp": list(rule.owasp),
        "asvs": list(rule.asvs),
        "control": rule.control,
        "hooks": list(rule.hooks()),
        "fix": rule.fix_data(),
        "fixable": rule.fixable,
    }
