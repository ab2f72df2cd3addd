"""When a client goes that registered itself and that nobody agreed to. Those that are there stay.

Written down as it was at this revision, not taken from today's: a revision stays as it is for good.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from buckler.guard.stores.sql.migrations.prefix import prefix_of

revision = "buckler_0004"
down_revision = "buckler_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    table = f"{prefix_of(op.get_context())}oauth_clients"
    op.add_column(table, sa.Column("unused_until", sa.Double(), nullable=True))
    op.create_index(f"ix_{table}_unused_until", table, ["unused_until"])


def downgrade() -> None:
    """Drop it."""
    table = f"{prefix_of(op.get_context())}oauth_clients"
    op.drop_index(f"ix_{table}_unused_until", table)
    op.drop_column(table, "unused_until")
