"""Options of ``buckler watch``, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from buckler.core.errors import UsageError

if TYPE_CHECKING:
    from buckler.watch.db.database import Database
    from buckler.watch.options import Options
    from buckler.watch.web.openid import OpenId

F = TypeVar("F", bound=Callable[..., Any])


def place_options(function: F) -> F:
    """Where the data are."""
    for option in reversed(
        (
            click.option(
                "--database",
                metavar="URL",
                envvar="BUCKLER_WATCH_DATABASE",
                show_envvar=True,
                default="",
                help="postgresql://… for several workers; else SQLite in the data folder.",
            ),
            click.option(
                "--data",
                type=click.Path(path_type=Path, file_okay=False),
                envvar="BUCKLER_WATCH_DATA",
                show_envvar=True,
                metavar="FOLDER",
                help="Data folder; else the platform's own.",
            ),
        )
    ):
        function = option(function)
    return function


def sign_in_options(function: F) -> F:
    """How people come in, beside passwords."""
    for option in reversed(
        (
            click.option(
                "--base-url",
                default="",
                metavar="URL",
                help="Where browsers find the service, e.g. https://watch.example; passkeys and OpenID need it.",
            ),
            click.option(
                "--hostname",
                multiple=True,
                metavar="NAME",
                help="Further name by which the service is asked, e.g. by a monitor inside; others are refused.",
            ),
            click.option(
                "--openid-issuer",
                default="",
                metavar="URL",
                help="OpenID provider by which people sign in.",
            ),
            click.option(
                "--openid-client",
                default="",
                metavar="ID",
                help="Client id that the provider gave.",
            ),
            click.option(
                "--openid-secret",
                default="",
                envvar="BUCKLER_WATCH_OPENID_SECRET",
                show_envvar=True,
                help="Client secret that it gave; rather by the variable, since others see a command line.",
            ),
            click.option(
                "--openid-domain",
                multiple=True,
                metavar="DOMAIN",
                help="Domain of mail addresses that the provider is believed to have verified.",
            ),
        )
    ):
        function = option(function)
    return function


def work_options(function: F) -> F:
    """What the process may do."""
    for option in reversed(
        (
            click.option(
                "--at-once",
                type=click.IntRange(1, 64),
                default=2,
                show_default=True,
                help="Scans of this process at the same time.",
            ),
            click.option(
                "--allow-scheme",
                multiple=True,
                type=click.Choice(("https", "ssh", "http", "file")),
                help="Scheme of repositories; https alone otherwise.",
            ),
            click.option(
                "--allow-network",
                multiple=True,
                metavar="CIDR",
                help="Network that is not public and may hold repositories, e.g. 10.1.0.0/16.",
            ),
            click.option(
                "--allow-host",
                multiple=True,
                metavar="NAME",
                help="Host that may hold repositories though its address is not public.",
            ),
            click.option(
                "--allow-port",
                multiple=True,
                type=click.IntRange(1, 65535),
                help="Port of repositories and sites; 443, 80 and 22 otherwise.",
            ),
            click.option(
                "--allow-folder",
                multiple=True,
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder below which the interface may add folders.",
            ),
            click.option(
                "--allow-inside",
                is_flag=True,
                help="Let channels send to addresses that are not public.",
            ),
            click.option(
                "--advisories",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Index of advisories; else the usual place.",
            ),
            click.option(
                "--log-format",
                type=click.Choice(("text", "json")),
                default="text",
                show_default=True,
                help="Format of what is written to standard error.",
            ),
        )
    ):
        function = option(function)
    return place_options(function)


def needs_extra() -> None:
    """Look whether what watch is made of is installed.

    Raises:
        UsageError: It is not.
    """
    try:
        import alembic  # noqa: F401
        import cronsim  # noqa: F401
        import dbos  # noqa: F401
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"watch needs {error.name}, which is not installed", hint="pip install 'buckler[watch]'"
        ) from error


def options_of(given: dict[str, Any]) -> Options:
    """How the service is set up.

    Raises:
        UsageError: An option is missing.
    """
    from buckler.scan.engines.packages.advisories.place import default_path
    from buckler.watch.alerts.channels import Reach
    from buckler.watch.options import Options
    from buckler.watch.scanning.address import Allowed
    from buckler.watch.scanning.git import Cloning
    from buckler.watch.scanning.scanner import Scanning

    allowed = Allowed(
        schemes=frozenset(given.get("allow_scheme") or ("https",)),
        networks=tuple(given.get("allow_network") or ()),
        hosts=frozenset(given.get("allow_host") or ()),
        ports=frozenset(given.get("allow_port") or ()),
        folders=tuple(given.get("allow_folder") or ()),
    )
    # A child has a home of its own, where there is no index.
    index = given.get("advisories") or default_path()
    return Options(
        data=given["data"],
        database=given["database"],
        at_once=given.get("at_once", 2),
        scanning=Scanning(advisories=index.absolute()),
        cloning=Cloning(allowed=allowed),
        reach=Reach(inside=bool(given.get("allow_inside"))),
        base_url=given.get("base_url", ""),
        hosts=_hosts(given),
        openid=_openid(given),
    )


def _hosts(given: dict[str, Any]) -> tuple[str, ...]:
    """Names that were given, and the address to listen at, where it is one that can be asked for."""
    from buckler.watch.options import bracketed

    host = given.get("host", "")
    own = (bracketed(host),) if host not in ("", "0.0.0.0", "::") else ()  # noqa: S104
    return (*given.get("hostname", ()), *own)


def _openid(given: dict[str, Any]) -> OpenId | None:
    if not given.get("openid_issuer"):
        return None
    from buckler.watch.web.openid import OpenId

    for name in ("base_url", "openid_client", "openid_secret"):
        if not given[name]:
            option = name.replace("_", "-")
            raise UsageError(f"--openid-issuer needs --{option}", hint="see docs/watch.md")
    return OpenId(
        issuer=given["openid_issuer"],
        client_id=given["openid_client"],
        client_secret=given["openid_secret"],
        domains=tuple(given["openid_domain"]),
    )


def database_of(options: Options) -> Database:
    """The database that a service uses, its tables made where there are none."""
    from buckler.watch.db import migrations
    from buckler.watch.db.database import Database
    from buckler.watch.place import Place, default_folder

    place = Place.at(options.data or default_folder())
    database = Database(options.database or place.database)
    migrations.upgrade(database)
    return database
