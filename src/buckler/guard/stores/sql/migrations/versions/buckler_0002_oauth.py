"""The tables of an authorization server.

Written down as they were at this revision, not taken from today's: a revision stays as it is for good.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from buckler.guard.stores.sql.migrations.prefix import prefix_of

revision = "buckler_0002"
down_revision = "buckler_0001"
branch_labels = None
depends_on = None

TABLES = (
    "oauth_clients",
    "oauth_grants",
    "oauth_codes",
    "oauth_refresh",
    "oauth_access",
    "oauth_requests",
    "oauth_devices",
    "oauth_consents",
    "oauth_replays",
    "oauth_keys",
)
INDEXES = (
    ("oauth_grants", "client_id"),
    ("oauth_grants", "user_id"),
    ("oauth_grants", "session"),
    ("oauth_grants", "expires"),
    ("oauth_codes", "grant_id"),
    ("oauth_refresh", "grant_id"),
    ("oauth_access", "grant_id"),
    ("oauth_access", "client_id"),
    ("oauth_access", "expires"),
    ("oauth_requests", "client_id"),
    ("oauth_requests", "expires"),
    ("oauth_devices", "client_id"),
    ("oauth_devices", "expires"),
    ("oauth_consents", "client_id"),
    ("oauth_replays", "until"),
)
UNIQUE = (("oauth_devices", "user_code"),)


def _exact(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=primary_key, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _of_grant(table: str, prefix: str) -> sa.Column[str]:
    return sa.Column(
        "grant_id",
        sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
        sa.ForeignKey(
            f"{prefix}oauth_grants.id", ondelete="CASCADE", name=f"fk_{prefix}{table}_grant_id"
        ),
        nullable=False,
    )


def upgrade() -> None:
    """Make them."""
    prefix = prefix_of(op.get_context())
    _granted(prefix)
    _waiting(prefix)
    _kept(prefix)
    for table, column in INDEXES:
        op.create_index(f"ix_{prefix}{table}_{column}", f"{prefix}{table}", [column])
    for table, column in UNIQUE:
        op.create_index(f"uq_{prefix}{table}_{column}", f"{prefix}{table}", [column], unique=True)


def downgrade() -> None:
    """Drop them, with all that is in them."""
    prefix = prefix_of(op.get_context())
    for table in reversed(TABLES):
        op.drop_table(f"{prefix}{table}")


def _granted(prefix: str) -> None:
    op.create_table(
        f"{prefix}oauth_grants",
        _exact("id", primary_key=True),
        _exact("client_id"),
        _exact("user_id"),
        _exact("session"),
        _time("created"),
        _time("expires"),
        _exact("head"),
        _time("revoked", nullable=True),
        _text("scopes"),
        _text("resources"),
        _text("factors"),
        _time("authenticated"),
        _exact("binding"),
        _text("data"),
    )
    op.create_table(
        f"{prefix}oauth_codes",
        _exact("digest", primary_key=True),
        _of_grant("oauth_codes", prefix),
        _time("created"),
        _time("expires"),
        _time("used", nullable=True),
        _text("data"),
    )
    op.create_table(
        f"{prefix}oauth_refresh",
        _exact("digest", primary_key=True),
        _of_grant("oauth_refresh", prefix),
        _exact("parent"),
        _time("created"),
        _time("expires"),
    )
    op.create_table(
        f"{prefix}oauth_access",
        _exact("digest", primary_key=True),
        _exact("grant_id"),
        _exact("client_id"),
        _time("expires"),
        _text("claims"),
    )


def _waiting(prefix: str) -> None:
    op.create_table(
        f"{prefix}oauth_requests",
        _exact("digest", primary_key=True),
        _exact("kind"),
        _exact("client_id"),
        _time("expires"),
        _text("data"),
    )
    op.create_table(
        f"{prefix}oauth_devices",
        _exact("digest", primary_key=True),
        _exact("user_code"),
        _exact("client_id"),
        _time("expires"),
        _time("interval"),
        _time("polled"),
        _exact("status"),
        _exact("grant_id"),
        _text("data"),
    )
    op.create_table(
        f"{prefix}oauth_replays",
        _exact("id", primary_key=True),
        _time("until"),
    )


def _kept(prefix: str) -> None:
    op.create_table(
        f"{prefix}oauth_clients",
        _exact("id", primary_key=True),
        _text("data"),
        _time("created"),
    )
    op.create_table(
        f"{prefix}oauth_consents",
        _exact("user_id", primary_key=True),
        _exact("client_id", primary_key=True),
        _text("scopes"),
        _text("resources"),
        _time("given"),
    )
    op.create_table(
        f"{prefix}oauth_keys",
        _exact("id", primary_key=True),
        _exact("alg"),
        _text("sealed"),
        _time("signs_from"),
        _time("signs_until"),
        _time("published_until"),
    )
