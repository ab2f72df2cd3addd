"""An index of the few scans that wait or run, among all that ever were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0006"
down_revision = "watch_0005"
branch_labels = None
depends_on = None
UNDER_WAY = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    """Make it."""
    op.create_index(
        "ix_watch_scans_under_way",
        "watch_scans",
        ["asked_at"],
        unique=False,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_watch_scans_under_way", "watch_scans")
