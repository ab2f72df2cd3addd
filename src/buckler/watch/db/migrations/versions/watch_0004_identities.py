"""Identities of targets; kinds of targets with longer names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0004"
down_revision = "watch_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "watch_identities",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_identities_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_identities")),
        sa.UniqueConstraint("target_id", "name", name=op.f("uq_watch_identities_target_id_name")),
    )
    _length(20)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("watch_identities")
    op.execute("UPDATE watch_targets SET kind = 'pushed' WHERE length(kind) > 10")
    _length(10)


def _length(characters: int) -> None:
    """Of the kind of a target; SQLite counts no characters."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("watch_targets", "kind", type_=sa.String(length=characters))
