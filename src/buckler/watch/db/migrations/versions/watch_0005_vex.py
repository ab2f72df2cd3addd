"""Documents of statements about packages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0005"
down_revision = "watch_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "watch_vex",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_vex_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_vex")),
    )
    op.create_index(op.f("ix_watch_vex_target_id"), "watch_vex", ["target_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("watch_vex")
