"""``buckler scan https://…``: a running site."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from buckler.cli import options
from buckler.cli import push as pushing
from buckler.cli.giving import give, wanted
from buckler.cli.progress import Watcher
from buckler.core.errors import UsageError
from buckler.core.finding import Severity
from buckler.core.settings import Settings
from buckler.scan import formats
from buckler.scan.engines.live.given import read_document
from buckler.scan.engines.live.site import Bounds, Site, parse
from buckler.scan.scanner import RULES
from buckler.scan.visiting import HOOKS, SiteScanner

F = TypeVar("F", bound=Callable[..., Any])
NOT_FOR_SITES = (
    "python",
    "env_file",
    "pass_env",
    "allow",
    "allow_processes",
    "walls",
    "database",
    "host",
    "engines",
    "project_rules",
    "advisories",
    "max_advisory_age",
    "baseline",
    "update_baseline",
)
"""Options that mean nothing for a site."""
ONLY_FOR_SITES = ("permitted", "max_requests", "rate", "connect_to", "insecure_tls", "openapi")
NAME_IS_ASKED = (
    "the name that is asked stands in the address: buckler scan http://NAME/ --connect-to ADDRESS"
)
_NO_SCHEME = re.compile(
    r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]):\d{1,5}(?:/.*)?", re.IGNORECASE
)
"""Host and port as people type them; what follows the colon of ``module:app`` is no number."""


def site_options(function: F) -> F:
    """How much a running site is asked, and what is allowed."""
    for option in reversed(
        (
            click.option(
                "--permitted",
                is_flag=True,
                help="I may test it. Sends attacks; on loopback that needs no word.",
            ),
            click.option(
                "--max-requests",
                type=click.IntRange(min=1),
                metavar="N",
                help="Requests in all (300).",
            ),
            click.option(
                "--rate",
                type=click.FloatRange(0.1, 1000),
                metavar="N",
                help="Requests in a second (20).",
            ),
            click.option(
                "--connect-to",
                metavar="ADDRESS",
                help="Connect to this IP address instead of looking its name up.",
            ),
            click.option(
                "--openapi",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Its OpenAPI document (JSON), where it serves none.",
            ),
            click.option("--insecure-tls", is_flag=True, help="Take any certificate."),
        )
    ):
        function = option(function)
    return function


def refuse_for_projects(given: dict[str, Any]) -> None:
    """An option for sites that is given for a project would do nothing.

    Raises:
        UsageError: There is one.
    """
    found = [_option(name) for name in ONLY_FOR_SITES if given.get(name)]
    if found:
        raise UsageError(f"{found[0]} is for running sites", hint="buckler scan https://host/")


def refuse_other_addresses(target: str) -> None:
    """A project is no address, though some addresses look like a module and its application.

    Args:
        target: As typed; one that begins with ``http://`` or ``https://`` does not come here.

    Raises:
        UsageError: It is one without a scheme, or with a scheme of something else. The message repeats
            no password.
    """
    if Path(target).exists():
        return
    scheme, found, _ = target.partition("://")
    if found:
        raise UsageError(
            f"{scheme[:20]}:// is no address of a site", hint="buckler scan https://host/"
        )
    if _NO_SCHEME.fullmatch(target):
        raise UsageError(
            f"{target} is no project; is it a running site?", hint=f"buckler scan http://{target}"
        )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _refuse_for_sites(site: Site, bounds: Bounds, given: dict[str, Any]) -> None:
    """An option for projects that is given for a site would do nothing, and so would ``--writes`` alone.

    Raises:
        UsageError: There is one.
    """
    context = click.get_current_context()
    for name in NOT_FOR_SITES:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(
                f"{_option(name)} is for projects; {site.origin} is a running site",
                hint=NAME_IS_ASKED if name == "host" else "leave it out",
            )
    if bounds.writes and not bounds.permitted:
        raise UsageError(
            "--writes changes what the site holds, and nobody said that it may be tested",
            hint="--permitted, if you may; without --no-attack",
        )


def scan(target: str, given: dict[str, Any]) -> int:
    """Scan a site; the exit code.

    Args:
        target: Its address.
        given: Options by name.

    Raises:
        UsageError: An option cannot be, or means nothing for a site.
        SiteError: The site does not answer.
    """
    site = parse(target, given["connect_to"] or "")
    settings = _settings(given)
    bounds = bounds_of(site, settings, given)
    _refuse_for_sites(site, bounds, given)
    document = read_document(given["openapi"]) if given["openapi"] else None
    outputs, printed = wanted(given)
    token = pushing.check(given["push"]) if given["push"] else ""
    rules = options.rules_of(RULES, settings)
    if not any(set(HOOKS).intersection(rule.hooks()) for rule in rules):
        raise UsageError(
            f"none of the {len(rules)} selected rules looks at a running site",
            hint="take other rules; `buckler rules` says how each looks",
        )
    with Watcher(verbose=given["verbose"], said=told(site, bounds)) as watcher:
        report = SiteScanner(site, bounds, settings, rules, watcher, document).scan()
    give(report, outputs, printed, show_all=given["show_all"])
    if token:
        pushing.push(given["push"], token, formats.by_name("json").render(report))
    return report.exit_code(Severity(settings.fail_on))


def bounds_of(site: Site, settings: Settings, given: dict[str, Any]) -> Bounds:
    """How much the site is asked.

    Args:
        site: One on loopback is taken to be the user's own.
        settings: Its times.
        given: Options by name.
    """
    usual = Bounds()
    return Bounds(
        requests=given["max_requests"] or usual.requests,
        rate=given["rate"] or usual.rate,
        seconds=settings.request_timeout,
        total=settings.max_time,
        permitted=(given["permitted"] or site.is_loopback) and not given["no_attack"],
        writes=bool(given["writes"]),
        verify=not given["insecure_tls"],
    )


def told(site: Site, bounds: Bounds) -> str:
    """What will be done to whom, in a line or two."""
    most = f"at most {bounds.requests} requests, {bounds.rate:g} a second"
    if not bounds.permitted:
        return (
            f"Looking at {site.origin} as a visitor does: {most}, nothing but GET and OPTIONS. "
            "Attacks are sent with --permitted, if you may.\n"
        )
    rest = (
        "Requests that change data are sent (--writes)."
        if bounds.writes
        else "Valid POST, PUT, PATCH and DELETE are not sent (--writes)."
    )
    return f"Testing {site.origin}, with attacks: {most}. {rest}\n"


def _settings(given: dict[str, Any]) -> Settings:
    """Defaults with the command line's on top; the folder that one happens to be in says nothing."""
    settings = options.with_options(Settings(), given)
    share = given.get("min_coverage")
    return replace(settings, min_coverage=0.0 if share is None else share)
