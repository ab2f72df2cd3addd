"""Events of applications, who may send them, and the history in the order of time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0002"
down_revision = "watch_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "watch_applications",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_applications_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_applications")),
    )
    op.create_index(
        op.f("ix_watch_applications_target_id"), "watch_applications", ["target_id"], unique=False
    )
    op.create_table(
        "watch_events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=256), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_events_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_events")),
    )
    for columns in (
        ["target_id", "at"],
        ["target_id", "received_at"],
        ["at"],
        ["account", "at"],
        ["address", "at"],
    ):
        op.create_index(f"ix_watch_events_{'_'.join(columns)}", "watch_events", columns)
    op.create_table(
        "watch_quiet",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_quiet")),
    )
    op.create_index(op.f("ix_watch_history_at"), "watch_history", ["at"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_watch_history_at"), table_name="watch_history")
    for name in ("watch_quiet", "watch_events", "watch_applications"):
        op.drop_table(name)
