"""Says that accounts are in a table of the application's own, and which column of it holds what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint
from sqlalchemy import inspect as look_at
from sqlalchemy.orm import Mapper

from buckler.guard.options import GuardError
from buckler.guard.stores.sql.columns import Ids, Times, column_of, ids_of, python_type, times_of

_FLAGS = ("verified", "disabled", "active")
_TIMES = ("created", "valid_from")


@dataclass(frozen=True, slots=True)
class SqlUsers:
    """Accounts in a table of the application's own.

    What it has no column for is kept in a table of ours, by the account's id.

    Args:
        model: A declarative model, or a table.
        id: Its key: texts, whole numbers (the database gives new ones) or UUIDs.
        name: What owners sign in with; unique, and normalised in the table as it is looked for:
            NFKC, case folded.
        password: Hashes, or NULL (an empty text counts as NULL).
        verified: Whether the address was shown to be its owner's; NULL is no.
        disabled: Whether it may not sign in; NULL is no.
        active: The opposite, in place of ``disabled``; NULL is not active.
        valid_from: Since when what is issued to it counts; DateTime (UTC where it has no zone) or Double.
        created: When it was made; the same.
        defaults: Values of further columns for new accounts, by the name of the column.

    Raises:
        GuardError: A column is none, of another table or of a kind that does not fit; the name is not unique.
    """

    model: Any
    id: Any = field(kw_only=True)
    name: Any = field(kw_only=True)
    password: Any = field(kw_only=True)
    verified: Any = field(default=None, kw_only=True)
    disabled: Any = field(default=None, kw_only=True)
    active: Any = field(default=None, kw_only=True)
    valid_from: Any = field(default=None, kw_only=True)
    created: Any = field(default=None, kw_only=True)
    defaults: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    ids: Ids = field(init=False)
    times: Mapping[str, Times] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("id", "name", "password", *_FLAGS, *_TIMES):
            value = getattr(self, name)
            if value is not None or name in ("id", "name", "password"):
                object.__setattr__(self, name, column_of(value, name))
        self._check_table()
        self._check_kinds()
        _check_unique(self.id, "id")
        _check_unique(self.name, "name")
        object.__setattr__(self, "ids", ids_of(self.id))
        times = {
            name: times_of(c, name) for name in _TIMES if (c := getattr(self, name)) is not None
        }
        object.__setattr__(self, "times", times)

    @property
    def table(self) -> Table:
        """The table."""
        table: Table = self.id.table
        return table

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """What the table has no column for."""
        found = [name for name in ("verified", *_TIMES) if getattr(self, name) is None]
        if self.disabled is None and self.active is None:
            found.append("disabled")
        return tuple(found)

    def needs(self) -> list[str]:
        """Columns that a new row needs, that neither we nor the table give a value."""
        given = {
            c.key
            for name in ("id", "name", "password", *_FLAGS, *_TIMES)
            if (c := getattr(self, name)) is not None
        }
        given |= set(self.defaults)
        return [
            column.key
            for column in self.table.columns
            if column.key not in given
            and not column.nullable
            and column.default is None
            and column.server_default is None
        ]

    def _check_table(self) -> None:
        mapper = look_at(self.model, raiseerr=False)
        tables = (
            [self.model]
            if isinstance(self.model, Table)
            else list(mapper.tables)
            if isinstance(mapper, Mapper)
            else []
        )
        if not tables:
            raise GuardError(
                "SqlUsers takes a declarative model or a table first",
                hint="write SqlUsers(MyUser, id=MyUser.id, name=MyUser.email, password=MyUser.password_hash)",
            )
        for name in ("id", "name", "password", *_FLAGS, *_TIMES):
            column = getattr(self, name)
            if column is not None and (
                column.table not in tables or column.table is not self.table
            ):
                raise GuardError(
                    f"SqlUsers: {name} is a column of another table",
                    hint="all columns of accounts are in one table, that of id",
                )
        unknown = [name for name in self.defaults if name not in self.table.columns]
        if unknown:
            raise GuardError(
                f"SqlUsers: defaults names {unknown[0]!r}, which is no column of {self.table.name}",
                hint="write defaults={'column': value}",
            )

    def _check_kinds(self) -> None:
        if self.disabled is not None and self.active is not None:
            raise GuardError(
                "SqlUsers: disabled and active are one thing",
                hint="leave one out: active=MyUser.is_active, or disabled=MyUser.is_disabled",
            )
        for names, kind in ((("name", "password"), str), (_FLAGS, bool)):
            for name in names:
                column = getattr(self, name)
                if column is not None and python_type(column) is not kind:
                    raise GuardError(
                        f"SqlUsers: {name} takes a column of {'texts' if kind is str else 'truth values'}",
                        hint=f"use {'String or Text' if kind is str else 'Boolean'}",
                    )


def _check_unique(column: Column[Any], name: str) -> None:
    table: Any = column.table
    alone = [
        c
        for c in table.constraints
        if isinstance(c, UniqueConstraint) and list(c.columns) == [column]
    ]
    # Of one expression: an index on the name in lower case keeps two accounts apart as well.
    indexes = [
        index
        for index in table.indexes
        if index.unique and len(index.expressions) == 1 and column in set(index.columns)
    ]
    if column.unique or alone or indexes or list(table.primary_key.columns) == [column]:
        return
    raise GuardError(
        f"SqlUsers: {name} is not unique, so that two sign-ups at once make two accounts of one name",
        hint=f"write mapped_column(unique=True) for {column.name}, and migrate",
    )
