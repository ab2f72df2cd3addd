"""The tables, made by one function, so that a project can have them in its own metadata.

No table names the accounts as a foreign key: they may be in a table of the application's own, with ids of
another kind. What belongs to an account is removed by ``forget``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from buckler.guard.options import GuardError
from buckler.guard.stores.sql.federation_tables import federation_tables
from buckler.guard.stores.sql.oauth_tables import OAuthTables, make_oauth_tables
from buckler.guard.stores.sql.types import (
    LONGEST_CREDENTIAL,
    Details,
    Exact,
    Free,
    Names,
    Seconds,
    plain_text,
)

PREFIX: Final = "buckler_"
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables(OAuthTables):
    """The tables by what they hold; ``states`` has what a table of the application's own lacks."""

    users: Table
    states: Table
    roles: Table
    assignments: Table
    epoch: Table
    sessions: Table
    families: Table
    refresh: Table
    keys: Table
    one_time: Table
    attempts: Table
    revocations: Table
    totp: Table
    codes: Table
    passkeys: Table
    external_identities: Table
    external_tokens: Table
    external_sessions: Table


def check_prefix(prefix: str) -> str:
    """The prefix itself.

    Raises:
        GuardError: It is none that every database takes.
    """
    if not isinstance(prefix, str) or _PREFIX.fullmatch(prefix) is None:
        raise GuardError(
            f"prefix: {prefix!r} cannot begin the name of a table",
            hint="up to 30 lower case letters, digits and underscores, e.g. prefix='buckler_'",
        )
    return prefix


def add_tables(metadata: MetaData, prefix: str = PREFIX) -> Tables:
    """Put the tables into a project's own metadata, so that its migrations include them.

    Their columns have plain types: a migration that Alembic writes imports nothing of Buckler.

    Args:
        metadata: What the project gives Alembic as ``target_metadata``.
        prefix: Of the names of all tables.

    Raises:
        GuardError: The prefix cannot begin the name of a table, or the metadata is none.
    """
    if not isinstance(metadata, MetaData):
        raise GuardError(
            "add_tables takes the metadata of a project", hint="write add_tables(Base.metadata)"
        )
    tables = make_tables(metadata, check_prefix(prefix))
    for name in Tables.__dataclass_fields__:
        for column in getattr(tables, name).columns:
            column.type = _plain(column.type)
    return tables


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, Exact):
        return plain_text()
    if isinstance(kind, Seconds):
        return Double()
    return Text() if isinstance(kind, TypeDecorator) else kind


def _exact(name: str, *, most: int | None = None, primary_key: bool = False) -> Column[str]:
    kind = Exact() if most is None else Exact(most)
    return Column(name, kind, primary_key=primary_key, nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Seconds(), nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


def _free(name: str) -> Column[str]:
    return Column(name, Free(), nullable=False)


def _names(name: str, *, nullable: bool = False) -> Column[frozenset[str]]:
    return Column(name, Names(), nullable=nullable)


def make_tables(metadata: MetaData, prefix: str) -> Tables:
    """The tables with the types that the stores work with."""

    def table(
        name: str,
        *columns: Column[Any],
        indexes: tuple[str, ...] = (),
        unique: tuple[str, ...] = (),
    ) -> Table:
        made = Table(f"{prefix}{name}", metadata, *columns)
        for column in indexes:
            Index(f"ix_{prefix}{name}_{column}", made.c[column])
        for column in unique:
            Index(f"uq_{prefix}{name}_{column}", made.c[column], unique=True)
        return made

    def one_row() -> Column[Any]:
        return Column("id", Integer(), primary_key=True, autoincrement=False)

    def number(name: str) -> Column[Any]:
        return Column(name, BigInteger(), nullable=False)

    oauth = make_oauth_tables(table, prefix)
    return Tables(
        **{name: getattr(oauth, name) for name in OAuthTables.__dataclass_fields__},
        users=table(
            "users",
            _exact("id", primary_key=True),
            _exact("name"),
            Column("password", Text(), nullable=True),
            _flag("verified"),
            _flag("disabled"),
            _time("created"),
            _time("valid_from"),
            unique=("name",),
        ),
        states=table(
            "states",
            _exact("user_id", primary_key=True),
            _flag("verified"),
            _flag("disabled"),
            _time("created"),
            _time("valid_from"),
        ),
        roles=table(
            "roles", _exact("name", primary_key=True), _names("permissions"), _names("inherits")
        ),
        assignments=table(
            "assignments",
            _exact("user_id", primary_key=True),
            _exact("role", primary_key=True),
            indexes=("role",),
        ),
        epoch=table("epoch", one_row(), number("value")),
        sessions=table(
            "sessions",
            _exact("digest", primary_key=True),
            _exact("id"),
            _exact("user_id"),
            _time("created"),
            _time("used"),
            _time("expires"),
            _time("authenticated"),
            _names("factors"),
            _free("agent"),
            _free("client"),
            _exact("rights"),
            indexes=("user_id", "expires"),
            unique=("id",),
        ),
        families=table(
            "refresh_families",
            _exact("id", primary_key=True),
            _exact("user_id"),
            _time("created"),
            _time("expires"),
            _exact("head"),
            _time("revoked", nullable=True),
            _names("scopes", nullable=True),
            _names("factors"),
            _time("authenticated"),
            _free("agent"),
            _free("client"),
            indexes=("user_id", "expires"),
        ),
        refresh=table(
            "refresh_tokens",
            _exact("digest", primary_key=True),
            Column(
                "family_id",
                Exact(),
                ForeignKey(
                    f"{prefix}refresh_families.id",
                    ondelete="CASCADE",
                    name=f"fk_{prefix}refresh_tokens_family_id",
                ),
                nullable=False,
            ),
            _exact("parent"),
            _time("created"),
            _time("expires"),
            indexes=("family_id",),
        ),
        keys=table(
            "api_keys",
            _exact("id", primary_key=True),
            _exact("digest"),
            _exact("user_id"),
            _free("name"),
            _free("hint"),
            _names("scopes", nullable=True),
            _time("created"),
            _time("expires"),
            _time("used", nullable=True),
            indexes=("user_id", "expires"),
            unique=("digest",),
        ),
        one_time=table(
            "one_time_tokens",
            _exact("digest", primary_key=True),
            _exact("purpose"),
            _exact("subject"),
            _time("expires"),
            Column("data", Details(), nullable=False),
            indexes=("subject", "expires"),
        ),
        attempts=table(
            "failed_attempts",
            _exact("key", primary_key=True),
            number("count"),
            _time("last"),
            _time("until"),
            indexes=("until",),
        ),
        revocations=table(
            "revocations", _exact("id", primary_key=True), _time("until"), indexes=("until",)
        ),
        totp=table(
            "totp_factors",
            _exact("user_id", primary_key=True),
            Column("secret", Text(), nullable=False),
            _flag("confirmed"),
            number("step"),
        ),
        codes=table(
            "recovery_codes",
            _exact("user_id", primary_key=True),
            _exact("digest", primary_key=True),
        ),
        passkeys=table(
            "passkeys",
            _exact("id", most=LONGEST_CREDENTIAL, primary_key=True),
            _exact("user_id"),
            Column("public_key", Text(), nullable=False),
            number("sign_count"),
            _free("name"),
            _names("transports"),
            _time("created"),
            _time("used", nullable=True),
            indexes=("user_id",),
        ),
        **federation_tables(table),
    )
