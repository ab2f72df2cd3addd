"""Options that several commands share, and what they mean for settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from buckler.core import registry
from buckler.core.errors import SettingsError, UsageError
from buckler.core.rule import Rule
from buckler.core.settings import (
    ACCOUNTS,
    MAX_BYTES,
    SEVERITIES,
    IdentitySettings,
    Settings,
    check,
    identities_of,
    load,
    parse_identity_option,
)
from buckler.scan.discover import discover, folder_of
from buckler.scan.engines.app.options import DATABASES, WALLS, Options
from buckler.scan.target import Target

F = TypeVar("F", bound=Callable[..., Any])


def application_options(function: F) -> F:
    """How to find and run the application."""
    for option in reversed(
        (
            click.option(
                "--python",
                metavar="PATH",
                help="Interpreter or virtual environment of the application.",
            ),
            click.option(
                "--env-file",
                type=click.Path(path_type=Path),
                help="File of NAME=value settings for it.",
            ),
            click.option(
                "--pass-env",
                multiple=True,
                metavar="NAME",
                help="Hand over a variable of your environment.",
            ),
            click.option(
                "--allow",
                multiple=True,
                metavar="HOST:PORT",
                help="Let the application connect there.",
            ),
            click.option(
                "--writes",
                is_flag=True,
                help="Send probes that may write to a database server that --allow names; of a site: "
                "requests that change what it holds.",
            ),
            click.option(
                "--allow-processes", is_flag=True, help="Let the application start processes."
            ),
            click.option(
                "--identity",
                multiple=True,
                metavar="NAME=HEADER",
                help="Who sends requests: 'alice=Authorization: Bearer …'.",
            ),
            click.option(
                "--identities",
                type=click.File("rb"),
                metavar="FILE",
                help="The same as JSON, as [tool.buckler.identities] has it; '-' is standard input.",
            ),
            click.option(
                "--accounts",
                type=click.Choice(ACCOUNTS),
                help="Where no identity is named: sign up, and sign in with what the application brings along (auto).",
            ),
            click.option(
                "--host", metavar="NAME", help="Host header that the application accepts."
            ),
            click.option(
                "--walls",
                default=",".join(WALLS),
                show_default=True,
                metavar="LIST",
                help="Kernel walls to build; 'none' leaves the Python wall alone.",
            ),
            click.option(
                "--database",
                type=click.Choice(DATABASES),
                default="auto",
                show_default=True,
                help="Servers that the application wants: unless 'none', this scan brings its own.",
            ),
            click.option(
                "--request-timeout", type=float, metavar="SECONDS", help="For one request."
            ),
            click.option(
                "--seed", type=int, metavar="N", help="Same seed, same requests in the same order."
            ),
        )
    ):
        function = option(function)
    return function


def advisory_options(function: F) -> F:
    """What packages are matched with, and from which severity on that is a failure."""
    for option in reversed(
        (
            click.option(
                "--advisories",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Index of advisories; `buckler advisories update` makes it.",
            ),
            click.option(
                "--max-advisory-age",
                type=click.FloatRange(min=0),
                metavar="DAYS",
                help="Exit 4 if the newest advisory is older (30).",
            ),
            click.option(
                "--fail-on",
                type=click.Choice(SEVERITIES),
                help="Least severity that makes the exit code 1 (high).",
            ),
        )
    ):
        function = option(function)
    return function


def settings_of(target: str, given: dict[str, Any]) -> Settings:
    """The settings of the target's folder, with the command line's on top.

    Its ``rules`` are left out unless ``--project-rules`` was given.

    Args:
        target: As typed.
        given: Values of options by name; None and empty tuples change nothing.

    Raises:
        SettingsError: The file or an option holds what cannot be.
    """
    return with_options(load(folder_of(target)), given)


def rules_of(package: str, settings: Settings) -> list[Rule]:
    """The rules of Buckler that the settings select, and none of a project.

    Args:
        package: In which they lie.
        settings: Their ``select`` and ``ignore``.
    """
    return registry.Registry.load(package, ()).select(settings.select, settings.ignore)


def with_options(settings: Settings, given: dict[str, Any]) -> Settings:
    """Settings with the command line's on top.

    Args:
        settings: Of a project, or the defaults.
        given: As :func:`settings_of` has it.

    Raises:
        SettingsError: An option holds what cannot be.
    """
    changes: dict[str, Any] = {} if given.get("project_rules") else {"rules": ()}
    for name in (
        "python",
        "host",
        "accounts",
        "seed",
        "request_timeout",
        "max_time",
        "min_coverage",
        "max_advisory_age",
        "fail_on",
        "baseline",
    ):
        if given.get(name) is not None:
            changes[name] = given[name]
    for name in ("select", "ignore", "exclude", "engines", "allow"):
        values = given.get(name) or ()
        split = tuple(
            part.strip() for value in values for part in _parts(name, value) if part.strip()
        )
        if split:
            before = getattr(settings, name) if name in ("ignore", "exclude", "allow") else ()
            changes[name] = (*before, *split)
    added = tuple(parse_identity_option(text) for text in given.get("identity") or ())
    if given.get("identities") is not None:
        added = (*added, *_identities_in(given["identities"]))
    if added:
        check(replace(settings, identities=added), where="--identity: ")
        names = {item.name for item in added}
        changes["identities"] = (*(i for i in settings.identities if i.name not in names), *added)
    settings = replace(settings, **changes)
    check(settings)
    return settings


def _identities_in(stream: BinaryIO) -> tuple[IdentitySettings, ...]:
    """Identities that come by a file, since everybody on a machine reads the arguments of its programs (CWE-214).

    Raises:
        SettingsError: They are none. The message repeats no value.
    """
    try:
        found = json.loads(stream.read(MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            "--identities: it is no JSON", hint='{"alice": {"header": "…"}}'
        ) from error
    return identities_of(found, "--identities:")


def walls_of(text: str) -> tuple[str, ...]:
    """The kernel walls that ``--walls`` names; none for ``none``.

    Raises:
        UsageError: There is no such wall. A slip must not take the walls away.
    """
    names = [name.strip() for name in text.split(",")]
    if names == ["none"]:
        return ()
    for name in names:
        if name not in WALLS:
            raise UsageError(
                f"--walls: there is no wall {name!r}",
                hint=f"of {', '.join(WALLS)}; or none, alone, for none of them",
            )
    return tuple(wall for wall in WALLS if wall in names)


def _parts(name: str, value: str) -> list[str]:
    return [value] if name in ("exclude", "allow") else value.split(",")


def options_of(settings: Settings, given: dict[str, Any], folder: Path) -> Options:
    """How to run the application.

    Raises:
        UsageError: An option names what there is not.
    """
    env_file = given.get("env_file") or (folder / settings.env_file if settings.env_file else None)
    return Options(
        env_file=env_file,
        passed=tuple(given.get("pass_env") or ()),
        allow=settings.allow,
        writes=bool(given.get("writes")),
        processes=bool(given.get("allow_processes")),
        walls=walls_of(str(given["walls"])),
        database=str(given["database"]),
        import_timeout=min(60.0, settings.max_time),
        request_timeout=settings.request_timeout,
        seed=settings.seed,
        data=settings.app_seed or "",
    )


def find(target: str, settings: Settings) -> Target:
    """Discover the application of a target."""
    return discover(target, settings)
