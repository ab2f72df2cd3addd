"""``buckler watch``: the service, its workers, and what is asked of it on the machine itself."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from buckler.cli.watch_options import (
    database_of,
    needs_extra,
    options_of,
    place_options,
    sign_in_options,
    work_options,
)
from buckler.core.errors import UsageError

START = "start"


class _StartsByDefault(click.Group):
    """``buckler watch PATH`` is ``buckler watch start PATH``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name before what is none."""
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = [START, *args]
        return super().parse_args(ctx, args)


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
    from buckler.watch import logs, running
    from buckler.watch.service import Service

    logs.configure(given["log_format"])
    if target is None and _application_here():
        target = "."
    first = running.given_of(target) if target is not None else None
    service = Service(options_of({**given, "host": host}))
    running.serve(service, host, port, first=first, tell=lambda line: click.echo(line))


@command.command("worker")
@work_options
def worker_command(**given: Any) -> None:
    """Do scans and deliveries without an interface, beside others on one PostgreSQL database."""
    needs_extra()
    from buckler.watch import logs
    from buckler.watch.service import Service

    if not given["database"]:
        raise UsageError("a worker needs --database", hint="SQLite belongs to one process")
    logs.configure(given["log_format"])
    service = Service(options_of(given))
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
    "--trusted",
    is_flag=True,
    help="Run its application, too, behind the scanner's walls; attack a site.",
)
@click.option("--owner", default="", metavar="ACCOUNT", help="Id of its owner's account.")
@click.option("--site", is_flag=True, help="The address is that of a running site.")
@work_options
def add_command(target: str, owner: str, site: bool, **given: Any) -> None:
    """Add a folder, repository or running site; a service that runs begins its first scan at once."""
    needs_extra()
    from dataclasses import replace

    from buckler.watch import running
    from buckler.watch.interface import Caller

    options = options_of(given)
    named = {key: given[key] for key in ("name", "branch", "schedule", "zone", "trusted")}
    found = running.given_of(target)
    wanted = replace(found, **named, kind="url" if site else found.kind)
    allowed = options.cloning.allowed
    click.echo(running.add(database_of(options), Caller(owner or "operator"), wanted, allowed))


@command.command("scan")
@click.argument("target_id")
@place_options
def scan_command(target_id: str, **given: Any) -> None:
    """Ask for a scan of a target; one that waits already is joined."""
    needs_extra()
    import time

    from buckler.watch.db import scans
    from buckler.watch.interface import SYSTEM

    with database_of(options_of(given)).write() as connection:
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

    with database_of(options_of(given)).read() as connection:
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
    with database_of(options_of(given)).read() as connection:
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


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@place_options
def backup_command(file: Path, **given: Any) -> None:
    """Write all data and the key into one file that is for you alone; the service may run meanwhile."""
    needs_extra()
    from sqlalchemy.engine import make_url

    from buckler.watch import backup
    from buckler.watch.place import Place, default_folder

    if given["database"]:
        shown = make_url(given["database"]).set(drivername="postgresql", password=None)
        raise UsageError(
            "the data are in PostgreSQL", hint=backup.postgresql(shown.render_as_string())
        )
    place = Place.at(given["data"] or default_folder())
    click.echo(f"wrote {file}: {', '.join(backup.backup(place, file))}")


@command.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--other-key",
    is_flag=True,
    help="Go on with the key of this machine: the secrets of the back-up are lost.",
)
@place_options
def restore_command(file: Path, other_key: bool, **given: Any) -> None:
    """Put a back-up into an empty data folder: all of it, or nothing."""
    needs_extra()
    from buckler.watch import restore
    from buckler.watch.place import default_folder

    if given["database"]:
        raise UsageError("the data are in PostgreSQL", hint="pg_restore --dbname=… watch.dump")
    folder = given["data"] or default_folder()
    found = restore.restore(file, folder, other_key=other_key)
    click.echo(f"restored {', '.join(found)} into {folder}")


def _application_here() -> bool:
    """Whether the present folder has an application, as a scan would find it."""
    from buckler.core.settings import Settings
    from buckler.scan.discover import discover

    return bool(discover(".", Settings()).applications)
