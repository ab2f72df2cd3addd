"""What Alembic runs for ``buckler db``; a project that has our revisions among its own runs its own."""

from __future__ import annotations

from alembic import context

from buckler.guard.stores.sql.migrations import version_table

context.configure(
    connection=context.config.attributes["connection"],
    version_table=version_table(context.config.attributes["buckler_prefix"]),
)
with context.begin_transaction():
    context.run_migrations()
