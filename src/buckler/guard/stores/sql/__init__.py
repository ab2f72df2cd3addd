"""Identities in an SQL database, by SQLAlchemy and Alembic.

Threat: two workers that each let something happen which may happen once: a token taken twice, a rotation done
twice, a count that loses a failed attempt (CWE-362, CWE-367; ASVS 5.0 V15.4). Whatever the interface wants done at
once is one statement, or one transaction, of which the database lets one win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.stores.sql.own_table import SqlUsers as SqlUsers
    from buckler.guard.stores.sql.stores import SqlStores as SqlStores
    from buckler.guard.stores.sql.tables import add_tables as add_tables
else:
    try:
        import alembic  # noqa: F401
        import sqlalchemy.ext.asyncio  # noqa: F401
    except ImportError as error:
        raise GuardError(
            "SqlStores needs SQLAlchemy and Alembic", hint="pip install 'buckler[sql]'"
        ) from error
    from buckler.guard.stores.sql.own_table import SqlUsers
    from buckler.guard.stores.sql.stores import SqlStores
    from buckler.guard.stores.sql.tables import add_tables

__all__ = ["SqlStores", "SqlUsers", "add_tables"]
