"""``buckler routes``: what an application offers, and what each route requires."""

from __future__ import annotations

import json
from typing import Any

import click

from buckler.cli import options
from buckler.core.errors import ApplicationError
from buckler.core.settings import Settings
from buckler.scan.engines.app.engine import read_model
from buckler.scan.engines.app.session import Session
from buckler.scan.engines.attack.canaries import prefix_of
from buckler.scan.engines.attack.values import resolve
from buckler.scan.formats import clean
from buckler.scan.model.application import AccessRule, AppModel, Operation
from buckler.scan.target import Application, Target

HEADS = ("Method", "Path", "Security", "Requires", "Bounds", "Source")
STATING = "buckler.guard.access."
POLICY = "buckler.guard.policy.RoutePolicy"
"""Bounds of a route, which say nothing of who may call it."""
"""Dependencies whose rule is told in words."""
BOUNDS = {
    "minimum": "≥",
    "maximum": "≤",
    "minLength": "len≥",
    "maxLength": "len≤",
    "pattern": "~",
    "format": "",
}


@click.command("routes")
@click.argument("target", default=".")
@options.application_options
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(target: str, as_json: bool, **given: Any) -> None:
    """List method, path, security, requirements and bounds of every route."""
    settings = options.settings_of(target, given)
    found = options.find(target, settings)
    if not found.applications:
        raise ApplicationError(found.why, hint="name it: buckler routes module:app")
    rows: list[dict[str, Any]] = []
    for application in found.applications:
        model = _model(found, application, settings, given)
        rows += [describe(operation) for operation in model.operations]
        rows += [
            {
                "method": "MOUNT",
                "path": m.path,
                "security": [],
                "access": stated(m.rules),
                "requires": [],
                "parameters": [],
                "place": m.application,
                "hidden": False,
            }
            for m in model.mounts
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(rows)


def _model(
    found: Target, application: Application, settings: Settings, given: dict[str, Any]
) -> AppModel:
    run = options.options_of(settings, given, found.folder)
    with Session(found, application, prefix_of(settings.seed), run) as session:
        return read_model(session.start().model, found.folder, application, settings)


def describe(operation: Operation) -> dict[str, Any]:
    """One row, for people and programs."""
    scopes = sorted({scope for scheme in operation.security for scope in scheme.scopes})
    own = [d.name for d in operation.dependencies if not d.parents]
    names = [n.rpartition(".")[2] for n in own if not n.startswith(STATING) and n != POLICY]
    return {
        "method": operation.method,
        "path": operation.path,
        "security": sorted({s.scheme_name or s.cls for s in operation.security}),
        "scopes": scopes,
        "access": stated(operation.rules),
        "requires": names,
        "parameters": [
            {"in": p.where, "name": p.name, "required": p.required, "bounds": bounds(p.schema)}
            for p in operation.parameters
        ],
        "body": operation.body.media_type if operation.body else None,
        "hidden": operation.hidden,
        "place": f"{operation.place.path}:{operation.place.line}" if operation.place else "",
    }


def stated(rules: tuple[AccessRule, ...]) -> list[str]:
    """What guard's rules say, in words; an owner's rule says what the one inside of it says, and more."""
    owners = {rule.permissions for rule in rules if rule.owner_of}
    return [r.words for r in rules if r.owner_of or r.permissions not in owners]


def bounds(schema: Any) -> str:
    """Type and bounds of a schema in few characters: ``integer ≥1 ≤100``."""
    schema = resolve(schema)
    kind = "enum" if "enum" in schema else str(schema.get("type", "any"))
    return " ".join(
        [kind, *(f"{sign}{schema[key]}" for key, sign in BOUNDS.items() if key in schema)]
    )


def _print(rows: list[dict[str, Any]]) -> None:
    """As a table; as blocks where a terminal is too narrow for it. A path is never broken."""
    from rich.console import Console

    console = Console()
    table = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(clean.width(cells[i]) for cells in table) for i in range(len(HEADS))]
    if console.is_terminal and sum(widths) + 2 * len(widths) > console.width:
        for cells in table[1:]:
            _block(console, cells)
        return
    for number, cells in enumerate(table):
        padded = [
            cell + " " * (w - clean.width(cell)) for cell, w in zip(cells, widths, strict=True)
        ]
        text = "  ".join(padded).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    security = ", ".join(row["security"]) or ("-" if row["method"] != "MOUNT" else "")
    cells = (
        row["method"],
        row["path"] + (" (hidden)" if row["hidden"] else ""),
        security,
        ", ".join([*row["access"], *row["requires"]]),
        "; ".join(f"{p['name']}: {p['bounds']}" for p in row["parameters"]),
        row["place"],
    )
    return tuple(clean.line(cell) for cell in cells)


def _block(console: Any, cells: tuple[str, ...]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    method, path, *others = cells
    click.echo(f"{click.style(method, bold=True)} {path}")
    for head, cell in zip(HEADS[2:], others, strict=True):
        if cell:
            console.print(Padding(Text(f"{head.lower()}: {cell}"), (0, 0, 0, 4)))
