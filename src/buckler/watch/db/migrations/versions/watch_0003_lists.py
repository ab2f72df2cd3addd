"""Indexes along which lists are read: findings of a target and of a rule, worst first; scans, newest first; what people did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0003"
down_revision = "watch_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_index(
        "ix_watch_findings_target",
        "watch_findings",
        ["target_id", "state", "rank", "id", "due_at"],
        unique=False,
    )
    op.create_index(
        "ix_watch_findings_rule", "watch_findings", ["rule", "state", "rank", "id"], unique=False
    )
    op.create_index("ix_watch_scans_asked_at", "watch_scans", ["asked_at"], unique=False)
    op.create_index(
        "ix_watch_history_people",
        "watch_history",
        ["at"],
        unique=False,
        sqlite_where=sa.text("who <> 'watch'"),
        postgresql_where=sa.text("who <> 'watch'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_watch_history_people", "watch_history")
    op.drop_index("ix_watch_scans_asked_at", "watch_scans")
    op.drop_index("ix_watch_findings_rule", "watch_findings")
    op.drop_index("ix_watch_findings_target", "watch_findings")
