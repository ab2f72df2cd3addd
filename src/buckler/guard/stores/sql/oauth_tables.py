"""The tables of an authorization server; see :mod:`.tables`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Table, Text

from buckler.guard.stores.sql.types import Details, Exact, Names, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthTables:
    """The tables by what they hold."""

    oauth_clients: Table
    oauth_grants: Table
    oauth_codes: Table
    oauth_refresh: Table
    oauth_access: Table
    oauth_requests: Table
    oauth_devices: Table
    oauth_consents: Table
    oauth_replays: Table
    oauth_keys: Table


Make = Callable[..., Table]


def make_oauth_tables(table: Make, prefix: str) -> OAuthTables:
    """The tables with the types that the stores work with.

    Args:
        table: Makes one, of its name without the prefix, its columns and the names of its indexes.
        prefix: Of the names of all tables.
    """
    return OAuthTables(
        oauth_clients=table(
            "oauth_clients",
            _key("id"),
            _details("data"),
            _time("created"),
            Column("unused_until", Seconds(), nullable=True),
            indexes=("unused_until",),
        ),
        oauth_grants=table(
            "oauth_grants",
            _key("id"),
            _exact("client_id"),
            _exact("user_id"),
            _exact("session"),
            _time("created"),
            _time("expires"),
            _exact("head"),
            Column("revoked", Seconds(), nullable=True),
            Column("scopes", Names(), nullable=False),
            Column("resources", Names(), nullable=False),
            Column("factors", Names(), nullable=False),
            _time("authenticated"),
            _exact("binding"),
            _details("data"),
            indexes=("client_id", "user_id", "session", "expires"),
        ),
        oauth_codes=table(
            "oauth_codes",
            _key("digest"),
            _of_grant("oauth_codes", prefix),
            _time("created"),
            _time("expires"),
            Column("used", Seconds(), nullable=True),
            _details("data"),
            indexes=("grant_id",),
        ),
        oauth_refresh=table(
            "oauth_refresh",
            _key("digest"),
            _of_grant("oauth_refresh", prefix),
            _exact("parent"),
            _time("created"),
            _time("expires"),
            indexes=("grant_id",),
        ),
        oauth_access=table(
            "oauth_access",
            _key("digest"),
            _exact("grant_id"),
            _exact("client_id"),
            _time("expires"),
            Column("claims", Text(), nullable=False),
            indexes=("grant_id", "client_id", "expires"),
        ),
        oauth_requests=table(
            "oauth_requests",
            _key("digest"),
            _exact("kind"),
            _exact("client_id"),
            _time("expires"),
            _details("data"),
            indexes=("client_id", "expires"),
        ),
        oauth_devices=table(
            "oauth_devices",
            _key("digest"),
            _exact("user_code"),
            _exact("client_id"),
            _time("expires"),
            _time("interval"),
            _time("polled"),
            _exact("status"),
            _exact("grant_id"),
            _details("data"),
            indexes=("client_id", "expires"),
            unique=("user_code",),
        ),
        oauth_consents=table(
            "oauth_consents",
            _key("user_id"),
            _key("client_id"),
            Column("scopes", Names(), nullable=False),
            Column("resources", Names(), nullable=False),
            _time("given"),
            indexes=("client_id",),
        ),
        oauth_replays=table("oauth_replays", _key("id"), _time("until"), indexes=("until",)),
        oauth_keys=table(
            "oauth_keys",
            _key("id"),
            _exact("alg"),
            Column("sealed", Text(), nullable=False),
            _time("signs_from"),
            _time("signs_until"),
            _time("published_until"),
        ),
    )


def _key(name: str) -> Column[str]:
    return Column(name, Exact(), primary_key=True, nullable=False)


def _exact(name: str) -> Column[str]:
    return Column(name, Exact(), nullable=False)


def _time(name: str) -> Column[float]:
    return Column(name, Seconds(), nullable=False)


def _details(name: str) -> Column[Any]:
    return Column(name, Details(), nullable=False)


def _of_grant(name: str, prefix: str) -> Column[str]:
    """The grant that a row belongs to, and goes with."""
    reference = ForeignKey(
        f"{prefix}oauth_grants.id", ondelete="CASCADE", name=f"fk_{prefix}{name}_grant_id"
    )
    return Column("grant_id", Exact(), reference, nullable=False)
