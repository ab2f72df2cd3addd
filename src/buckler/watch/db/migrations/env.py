"""What Alembic runs for watch's tables."""

from __future__ import annotations

from alembic import context

from buckler.watch.db.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
