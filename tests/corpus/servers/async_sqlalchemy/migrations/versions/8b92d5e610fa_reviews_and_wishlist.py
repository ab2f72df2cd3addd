"""reviews and wishlist

Revision ID: 8b92d5e610fa
Revises: 3f1c0a7be2d4
"""

import sqlalchemy as sa
from alembic import op

revision = "8b92d5e610fa"
down_revision = "3f1c0a7be2d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "book_reviews",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "book_id", sa.Integer(), sa.ForeignKey("books.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "reader_id", sa.Integer(), sa.ForeignKey("readers.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("stars", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars_range"),
    )
    op.create_table(
        "wishlist_entries",
        sa.Column(
            "reader_id", sa.Integer(), sa.ForeignKey("readers.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "book_id", sa.Integer(), sa.ForeignKey("books.id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.add_column(
        "readers",
        sa.Column("shelf_order", sa.String(200), nullable=False, server_default="title"),
    )


def downgrade() -> None:
    op.drop_column("readers", "shelf_order")
    op.drop_table("wishlist_entries")
    op.drop_table("book_reviews")
