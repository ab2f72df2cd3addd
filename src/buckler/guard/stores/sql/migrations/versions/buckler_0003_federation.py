"""The tables of accounts at other providers.

Written down as they were at this revision, not taken from today's: a revision stays as it is for good.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from buckler.guard.stores.sql.migrations.prefix import prefix_of

revision = "buckler_0003"
down_revision = "buckler_0002"
branch_labels = None
depends_on = None

TABLES = ("external_identities", "external_tokens", "external_sessions")
INDEXES = (
    ("external_identities", "user_id"),
    ("external_sessions", "user_id"),
    ("external_sessions", "subject"),
    ("external_sessions", "sid"),
    ("external_sessions", "expires"),
)


def _exact(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=primary_key, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    prefix = prefix_of(op.get_context())
    op.create_table(
        f"{prefix}external_identities",
        _exact("issuer", primary_key=True),
        _exact("subject", primary_key=True),
        _exact("user_id"),
        _exact("provider"),
        _text("email"),
        sa.Column("proven", sa.Boolean(), nullable=False),
        _time("created"),
        _time("used"),
    )
    op.create_table(
        f"{prefix}external_tokens",
        _exact("user_id", primary_key=True),
        _exact("provider", primary_key=True),
        _exact("version"),
        _text("sealed"),
        _time("expires"),
        _time("leased"),
    )
    op.create_table(
        f"{prefix}external_sessions",
        _exact("session_id", primary_key=True),
        _exact("user_id"),
        _exact("provider"),
        _exact("issuer"),
        _exact("subject"),
        _exact("sid"),
        _text("sealed"),
        _time("expires"),
    )
    for table, column in INDEXES:
        op.create_index(f"ix_{prefix}{table}_{column}", f"{prefix}{table}", [column])


def downgrade() -> None:
    """Remove the tables and all that is in them."""
    prefix = prefix_of(op.get_context())
    for table in reversed(TABLES):
        op.drop_table(f"{prefix}{table}")
