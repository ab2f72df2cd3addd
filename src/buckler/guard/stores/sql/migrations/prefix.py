"""Which prefix a revision gives its tables."""

from __future__ import annotations

from alembic.migration import MigrationContext

from buckler.guard.stores.sql.tables import PREFIX, check_prefix


def prefix_of(context: MigrationContext) -> str:
    """From ``buckler db``, else ``buckler_prefix`` of the project's ``alembic.ini``, else the usual one.

    Raises:
        GuardError: It cannot begin the name of a table.
    """
    config = context.config
    if config is None:
        return PREFIX
    found = config.attributes.get("buckler_prefix") or config.get_main_option("buckler_prefix")
    return check_prefix(found or PREFIX)
