"""The tables of accounts at other providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from sqlalchemy import Boolean, Column, Table, Text

from buckler.guard.stores.sql.types import Exact, Free, Seconds


class FederationTables(TypedDict):
    """By what they hold."""

    external_identities: Table
    external_tokens: Table
    external_sessions: Table


def federation_tables(table: Callable[..., Table]) -> FederationTables:
    """The tables.

    Args:
        table: Makes one of its name and columns, with indexes.
    """
    return {
        "external_identities": table(
            "external_identities",
            _exact("issuer", primary_key=True),
            _exact("subject", primary_key=True),
            _exact("user_id"),
            _exact("provider"),
            Column("email", Free(), nullable=False),
            Column("proven", Boolean(), nullable=False),
            _time("created"),
            _time("used"),
            indexes=("user_id",),
        ),
        "external_tokens": table(
            "external_tokens",
            _exact("user_id", primary_key=True),
            _exact("provider", primary_key=True),
            _exact("version"),
            Column("sealed", Text(), nullable=False),
            _time("expires"),
            _time("leased"),
        ),
        "external_sessions": table(
            "external_sessions",
            _exact("session_id", primary_key=True),
            _exact("user_id"),
            _exact("provider"),
            _exact("issuer"),
            _exact("subject"),
            _exact("sid"),
            Column("sealed", Text(), nullable=False),
            _time("expires"),
            indexes=("user_id", "subject", "sid", "expires"),
        ),
    }


def _exact(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, Exact(), primary_key=primary_key, nullable=False)


def _time(name: str) -> Column[float]:
    return Column(name, Seconds(), nullable=False)
