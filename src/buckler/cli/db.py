"""``buckler db``: the tables of identities in an SQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
_DATABASE = click.option(
    "--database",
    required=True,
    metavar="URL",
    envvar="BUCKLER_DATABASE",
    show_envvar=True,
    help="E.g. sqlite+aiosqlite:///app.db. With a password in it, rather by the variable: others see arguments.",
)
_PREFIX = click.option(
    "--prefix", default="buckler_", show_default=True, help="Of the names of the tables."
)


@click.group("db")
def command() -> None:
    """Make and change the tables that guard keeps identities in."""


@command.command("upgrade")
@_DATABASE
@_PREFIX
def upgrade_command(database: str, prefix: str) -> None:
    """Bring the tables to the revision of this version; does nothing where they are there.

    Run it before the workers start. Several at once wait for each other.

    \b
    Exit codes: 0 done, 2 usage, 3 the database did not answer.
    """
    from buckler.guard.stores.sql import migrations

    async def upgrade(engine: AsyncEngine) -> str | None:
        await migrations.upgrade(engine, prefix=prefix)
        return await migrations.current(engine, prefix=prefix)

    click.echo(f"at {_with_engine(database, upgrade)}")


@command.command("current")
@_DATABASE
@_PREFIX
def current_command(database: str, prefix: str) -> None:
    """Show the revision of the tables."""
    from buckler.guard.stores.sql import migrations

    revision = _with_engine(database, lambda e: migrations.current(e, prefix=prefix))
    click.echo(f"at {revision}" if revision else "no tables made by `buckler db upgrade`")


def _with_engine(database: str, do: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    from buckler.guard.stores.sql.engine import engine_of

    async def run() -> T:
        engine = engine_of(database)
        try:
            return await do(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())
