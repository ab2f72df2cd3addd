"""``buckler oauth``: the clients of an authorization server, in its SQL database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.client import OAuthClient
    from buckler.guard.auth.oauth.server.clients import ClientBook

T = TypeVar("T")
DATABASE = click.option(
    "--database",
    required=True,
    metavar="URL",
    envvar="BUCKLER_DATABASE",
    show_envvar=True,
    help="E.g. sqlite+aiosqlite:///app.db. With a password in it, rather by the variable: others see arguments.",
)
PREFIX = click.option(
    "--prefix", default="buckler_", show_default=True, help="Prefix of the names of the tables."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_SHORT = {
    "device_code": "urn:ietf:params:oauth:grant-type:device_code",
    "token_exchange": "urn:ietf:params:oauth:grant-type:token-exchange",
}


@click.group("oauth")
def command() -> None:
    """Manage the clients of an authorization server."""


@command.group("client")
def client_group() -> None:
    """Clients that are registered in the database; those that code states are not among them."""


@client_group.command("add")
@click.argument("client_id", required=False)
@DATABASE
@PREFIX
@AS_JSON
@click.option("--name", default="", help="For people, on the page where they agree.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URL",
    help="Where a browser comes back to after the sign-in; once for each.",
)
@click.option(
    "--post-logout-redirect-uri",
    "post_logout",
    multiple=True,
    metavar="URL",
    help="Where it may come back to after the sign-out.",
)
@click.option(
    "--backchannel-logout-uri",
    "backchannel",
    default="",
    metavar="URL",
    help="What is told by the server when a user signs out.",
)
@click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="NAME",
    help="How it gets tokens: authorization_code and refresh_token where none is given; client_credentials, device_code, token_exchange.",
)
@click.option(
    "--auth",
    default="client_secret_basic",
    show_default=True,
    help="How it shows who it is; none for what runs at its user's.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="NAME",
    help="Scope that it may ask for; once for each.",
)
@click.option(
    "--resource", "resources", multiple=True, metavar="URL", help="API that its tokens may be for."
)
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Its public keys, for --auth private_key_jwt.",
)
@click.option("--jwks-uri", default="", metavar="URL", help="Where its public keys are.")
@click.option("--native", is_flag=True, help="An application on its user's machine.")
@click.option("--first-party", is_flag=True, help="Its users are not asked to agree.")
@click.option("--dpop", is_flag=True, help="Its tokens are bound to a key.")
@click.option("--par", is_flag=True, help="Its requests come pushed alone.")
@click.option("--opaque", is_flag=True, help="Its access tokens say nothing by themselves.")
@click.option("--introspects", is_flag=True, help="It is a resource server.")
def add_command(
    client_id: str | None,
    database: str,
    prefix: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Register a client; a secret that it has is shown once, here.

    \b
    Exit codes: 0 done, 2 usage, 3 it cannot be kept.
    """
    from buckler.guard.auth.oauth.server.client import OAuthClient, new_secret
    from buckler.guard.auth.oauth.server.clients import new_id

    secret = new_secret() if options["auth"].startswith("client_secret") else ""
    given = {
        "name": options["name"],
        "redirect_uris": options["redirect_uris"],
        "post_logout_redirect_uris": options["post_logout"],
        "backchannel_logout_uri": options["backchannel"],
        "auth": options["auth"],
        "secret": secret or (),
        "resources": options["resources"],
        "jwks_uri": options["jwks_uri"],
        "native": options["native"],
        "first_party": options["first_party"],
        "require_dpop": options["dpop"],
        "require_par": options["par"],
        "opaque": options["opaque"],
        "introspects": options["introspects"],
    }
    if options["grants"]:
        given["grants"] = [_SHORT.get(one, one) for one in options["grants"]]
    if options["scopes"]:
        given["scopes"] = options["scopes"]
    if options["jwks"] is not None:
        given["jwks"] = _jwks(options["jwks"])
    client = OAuthClient(id=client_id or new_id(), **given)
    _with_clients(database, prefix, lambda book: book.add(client, by="command line"))
    if as_json:
        said = {"client_id": client.id, **({"client_secret": secret} if secret else {})}
        click.echo(json.dumps(said))
        return
    click.echo(f"client_id      {client.id}")
    if secret:
        click.echo(f"client_secret  {secret}")
        click.echo("The secret is not shown again: the database has its SHA-256 alone.")


@client_group.command("list")
@DATABASE
@PREFIX
@AS_JSON
def list_command(database: str, prefix: str, as_json: bool) -> None:
    """List the clients."""

    async def all_of_them(book: ClientBook) -> list[OAuthClient]:
        found: list[OAuthClient] = []
        while page := await book.page(found[-1].id if found else ""):
            found += page
        return found

    found = _with_clients(database, prefix, all_of_them)
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found]))
        return
    for one in found:
        state = "  (disabled)" if one.disabled else ""
        click.echo(f"{one.id}  {one.auth}  {one.name}{state}")
    if not found:
        click.echo("no clients are registered in the database")


@client_group.command("show")
@click.argument("client_id")
@DATABASE
@PREFIX
def show_command(client_id: str, database: str, prefix: str) -> None:
    """Show what a client is, without its secret, as JSON."""
    click.echo(json.dumps(_shown(_one(database, prefix, client_id)), indent=2))


@client_group.command("secret")
@click.argument("client_id")
@DATABASE
@PREFIX
@click.option("--keep", is_flag=True, help="The secret before goes on counting until the next one.")
def secret_command(client_id: str, database: str, prefix: str, keep: bool) -> None:
    """Give a client another secret, shown once, here."""
    secret = _with_clients(
        database,
        prefix,
        lambda book: book.renew_secret(client_id, keep=keep, by="command line"),
    )
    click.echo(f"client_secret  {secret}")


@client_group.command("disable")
@click.argument("client_id")
@DATABASE
@PREFIX
def disable_command(client_id: str, database: str, prefix: str) -> None:
    """Let a client get nothing any more; its tokens count no more where the server is asked."""
    _change(database, prefix, client_id, disabled=True)


@client_group.command("enable")
@click.argument("client_id")
@DATABASE
@PREFIX
def enable_command(client_id: str, database: str, prefix: str) -> None:
    """Let it get tokens again."""
    _change(database, prefix, client_id, disabled=False)


@client_group.command("drop")
@click.argument("client_id")
@DATABASE
@PREFIX
def drop_command(client_id: str, database: str, prefix: str) -> None:
    """Remove a client, and all that was granted to it."""
    if not _with_clients(database, prefix, lambda book: book.drop(client_id, by="command line")):
        raise click.UsageError(f"there is no client {client_id} in the database")


def _change(database: str, prefix: str, client_id: str, **changes: Any) -> None:
    from dataclasses import replace

    changed = replace(_one(database, prefix, client_id), **changes)
    _with_clients(database, prefix, lambda book: book.change(changed, by="command line"))


def _one(database: str, prefix: str, client_id: str) -> OAuthClient:
    found = _with_clients(database, prefix, lambda book: book.registered(client_id))
    if found is None:
        raise click.UsageError(f"there is no client {client_id} in the database")
    return found


def _shown(client: OAuthClient) -> dict[str, Any]:
    found = {item.name: getattr(client, item.name) for item in fields(client)}
    found["secret"] = bool(found["secret"])
    return found


def _jwks(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--jwks {path}: {error}") from error


def _with_clients(database: str, prefix: str, do: Callable[[ClientBook], Awaitable[T]]) -> T:
    from buckler.guard.auth.oauth.server.clients import ClientBook
    from buckler.guard.stores.sql import SqlStores

    async def run() -> T:
        stores = SqlStores(database, prefix=prefix)
        try:
            await stores.open()
            return await do(ClientBook((), stores.oauth.clients, lambda event: None))
        finally:
            await stores.close()

    return asyncio.run(run())
