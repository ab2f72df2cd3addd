"""``buckler watch``: the service, its workers, and what is asked of it on the machine itself."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from buckler.core.errors import UsageError

if TYPE_CHECKING:
    from buckler.watch.db.database import Database
    from buckler.watch.options import Options
    from buckler.watch.web.openid import OpenId

F = TypeVar("F", bound=Callable[..., Any])
START = "start"


class _StartsByDefault(click.Group):
    """``buckler watch PATH`` is ``buckler watch start PATH``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name before what is none."""
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = [START, *args]
        return super().parse_args(ctx, args)


def place_options(function: F) -> F:
    """Where the data are."""
    for option in (
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
    ):
        function = option(function)
    return function


def sign_in_options(function: F) -> F:
    """How people come in, beside passwords."""
    for option in (
        click.option(
            "--base-url",
            default="",
            metavar="URL",
            help="Where browsers find it, e.g. https://watch.example; passkeys and OpenID need it.",
        ),
        click.option("--openid-issuer", default="", metavar="URL", help="Provider of sign-ins."),
        click.option("--openid-client", default="", metavar="ID", help="That it gave."),
        click.option(
            "--openid-secret",
            default="",
            envvar="BUCKLER_WATCH_OPENID_SECRET",
            show_envvar=True,
            help="The same; in the variable, since others see a command line.",
        ),
        click.option(
            "--openid-domain",
            multiple=True,
            metavar="DOMAIN",
            help="Whose mail addresses the provider is believed to have verified.",
        ),
    ):
        function = option(function)
    return function


def work_options(function: F) -> F:
    """What the process may do."""
    for option in (
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
            help="Of repositories; https alone otherwise.",
        ),
        click.option(
            "--allow-network",
            multiple=True,
            metavar="CIDR",
            help="That is not public and may hold repositories, e.g. 10.1.0.0/16.",
        ),
        click.option("--allow-host", multiple=True, metavar="NAME", help="The same, by name."),
        click.option(
            "--allow-folder",
            multiple=True,
            type=click.Path(path_type=Path, file_okay=False),
            help="Below which folders may be added by the interface.",
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
    ):
        function = option(function)
    return place_options(function)


@click.group("watch", cls=_StartsByDefault)
def command() -> None:
    """Scan targets again and again, keep the history of findings, and tell when something opens.

    `buckler watch` alone starts everything in one process on this machine; `buckler watch PATH` or
    `buckler watch https://host/repository.git` adds that target first. A project is read, not run.
    """


@command.command(START)
@click.argument("target", required=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8420, show_default=True)
@sign_in_options
@work_options
def start_command(target: str | None, host: str, port: int, **given: Any) -> None:
    """Start the service: interface, clock and scans (what `buckler watch` does)."""
    needs_extra()
    from buckler.watch import running
    from buckler.watch.service import Service

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    if target is None and _application_here():
        target = "."
    first = running.given_of(target) if target is not None else None
    service = Service(_options(given))
    running.serve(service, host, port, first=first, tell=lambda line: click.echo(line))


@command.command("worker")
@work_options
def worker_command(**given: Any) -> None:
    """Do scans and deliveries without an interface, beside others on one PostgreSQL database."""
    needs_extra()
    from buckler.watch.service import Service

    if not given["database"]:
        raise UsageError("a worker needs --database", hint="SQLite belongs to one process")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    service = Service(_options(given))
    ended = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    with service.running():
        click.echo(f"worker {service.engine.worker} is ready")
        ended.wait()


@command.command("add")
@click.argument("target")
@click.option("--name", default="", help="Else what its place is called.")
@click.option("--branch", default="", help="Else the repository's own choice.")
@click.option("--schedule", default="", metavar="CRON", help="E.g. '30 3 * * *' or @daily.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the schedule.")
@click.option(
    "--trusted", is_flag=True, help="Run its application, too, behind the scanner's walls."
)
@click.option("--owner", default="", metavar="ACCOUNT", help="Id of its owner's account.")
@work_options
def add_command(target: str, owner: str, **given: Any) -> None:
    """Add a folder or repository; a service that runs begins its first scan at once."""
    needs_extra()
    from dataclasses import replace

    from buckler.watch import running
    from buckler.watch.interface import Caller

    options = _options(given)
    named = {key: given[key] for key in ("name", "branch", "schedule", "zone", "trusted")}
    wanted = replace(running.given_of(target), **named)
    allowed = options.cloning.allowed
    click.echo(running.add(_database(options), Caller(owner or "operator"), wanted, allowed))


@command.command("scan")
@click.argument("target_id")
@place_options
def scan_command(target_id: str, **given: Any) -> None:
    """Ask for a scan of a target; one that waits already is joined."""
    needs_extra()
    import time

    from buckler.watch.db import scans
    from buckler.watch.interface import SYSTEM

    with _database(_options(given)).write() as connection:
        scan_id, joined = scans.request(connection, SYSTEM, target_id, time.time())
    click.echo(f"{scan_id}{' (it waits already)' if joined else ''}")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@place_options
def status_command(as_json: bool, **given: Any) -> None:
    """Show the targets, how they stand, and their latest scans."""
    needs_extra()
    from buckler.scan.formats import clean
    from buckler.watch.db import scans, targets
    from buckler.watch.interface import SYSTEM

    with _database(_options(given)).read() as connection:
        rows = targets.listed(connection, SYSTEM)
        latest = {row.id: scans.listed(connection, SYSTEM, row.id, 1) for row in rows}
    shown = [
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind,
            "grade": row.grade,
            "score": row.score,
            "scan": latest[row.id][0].state if latest[row.id] else None,
            "why": latest[row.id][0].why if latest[row.id] else "",
        }
        for row in rows
    ]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for one in shown:
        grade, state = one["grade"] or "-", one["scan"] or "no scan yet"
        why = f": {one['why']}" if one["why"] else ""
        click.echo(clean.line(f"{one['id']}  {grade:2}  {one['name']}  {state}{why}"))
    if not shown:
        click.echo("no targets: buckler watch add PATH")


@command.command("export")
@click.argument("target_id")
@click.option("--state", multiple=True, help="Only findings in this state.")
@place_options
def export_command(target_id: str, state: Sequence[str], **given: Any) -> None:
    """Print the findings of a target with their history, as JSON lines."""
    needs_extra()
    from buckler.watch.db import findings, targets
    from buckler.watch.db.findings import Wanted
    from buckler.watch.interface import SYSTEM

    after: tuple[int, str] | None = None
    with _database(_options(given)).read() as connection:
        targets.get(connection, SYSTEM, target_id)
        while True:
            wanted = Wanted(target_id=target_id, states=tuple(state), after=after)
            rows = findings.listed(connection, SYSTEM, wanted)
            for row in rows:
                whole = findings.get(connection, SYSTEM, row.id)._mapping
                history = findings.history(connection, SYSTEM, row.id)
                made = {**whole, "history": [dict(entry._mapping) for entry in history]}
                sys.stdout.write(json.dumps(made) + "\n")
            if len(rows) < wanted.most:
                return
            after = (rows[-1].rank, rows[-1].id)


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


def _application_here() -> bool:
    """Whether the present folder has an application, as a scan would find it."""
    from buckler.core.settings import Settings
    from buckler.scan.discover import discover

    return bool(discover(".", Settings()).applications)


def _options(given: dict[str, Any]) -> Options:
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
        openid=_openid(given),
    )


def _openid(given: dict[str, Any]) -> OpenId | None:
    from buckler.watch.web.openid import OpenId

    if not given.get("openid_issuer"):
        return None
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


def _database(options: Options) -> Database:
    """The database that a service uses, its tables made where there are none."""
    from buckler.watch.db import migrations
    from buckler.watch.db.database import Database
    from buckler.watch.place import Place, default_folder

    place = Place.at(options.data or default_folder())
    database = Database(options.database or place.database)
    migrations.upgrade(database)
    return database
