"""The tables of identities.

Written down as they were at this revision, not taken from today's: a revision stays as it is for good.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from buckler.guard.stores.sql.migrations.prefix import prefix_of

revision = "buckler_0001"
down_revision = None
branch_labels = ("buckler",)
depends_on = None

TABLES = (
    "users",
    "states",
    "roles",
    "assignments",
    "epoch",
    "sessions",
    "refresh_families",
    "refresh_tokens",
    "api_keys",
    "one_time_tokens",
    "failed_attempts",
    "revocations",
    "totp_factors",
    "recovery_codes",
    "passkeys",
)
INDEXES = (
    ("assignments", "role"),
    ("sessions", "user_id"),
    ("sessions", "expires"),
    ("refresh_families", "user_id"),
    ("refresh_families", "expires"),
    ("refresh_tokens", "family_id"),
    ("api_keys", "user_id"),
    ("api_keys", "expires"),
    ("one_time_tokens", "subject"),
    ("one_time_tokens", "expires"),
    ("failed_attempts", "until"),
    ("revocations", "until"),
    ("passkeys", "user_id"),
)
UNIQUE = (
    ("users", "name"),
    ("sessions", "id"),
    ("api_keys", "digest"),
)


def _exact(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, primary_key=primary_key, nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Make them."""
    prefix = prefix_of(op.get_context())
    _accounts(prefix)
    _credentials(prefix)
    _counted(prefix)
    _factors(prefix)
    for table, column in INDEXES:
        op.create_index(f"ix_{prefix}{table}_{column}", f"{prefix}{table}", [column])
    for table, column in UNIQUE:
        op.create_index(f"uq_{prefix}{table}_{column}", f"{prefix}{table}", [column], unique=True)


def downgrade() -> None:
    """Drop them, with all that is in them."""
    prefix = prefix_of(op.get_context())
    for table in reversed(TABLES):
        op.drop_table(f"{prefix}{table}")


def _accounts(prefix: str) -> None:
    op.create_table(
        f"{prefix}users",
        _exact("id", primary_key=True),
        _exact("name"),
        _text("password", nullable=True),
        _flag("verified"),
        _flag("disabled"),
        _time("created"),
        _time("valid_from"),
    )
    op.create_table(
        f"{prefix}states",
        _exact("user_id", primary_key=True),
        _flag("verified"),
        _flag("disabled"),
        _time("created"),
        _time("valid_from"),
    )
    op.create_table(
        f"{prefix}roles",
        _exact("name", primary_key=True),
        _text("permissions"),
        _text("inherits"),
    )
    op.create_table(
        f"{prefix}assignments",
        _exact("user_id", primary_key=True),
        _exact("role", primary_key=True),
    )
    op.create_table(
        f"{prefix}epoch",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        _number("value"),
    )


def _credentials(prefix: str) -> None:
    op.create_table(
        f"{prefix}sessions",
        _exact("digest", primary_key=True),
        _exact("id"),
        _exact("user_id"),
        _time("created"),
        _time("used"),
        _time("expires"),
        _time("authenticated"),
        _text("factors"),
        _text("agent"),
        _text("client"),
        _exact("rights"),
    )
    op.create_table(
        f"{prefix}refresh_families",
        _exact("id", primary_key=True),
        _exact("user_id"),
        _time("created"),
        _time("expires"),
        _exact("head"),
        _time("revoked", nullable=True),
        _text("scopes", nullable=True),
        _text("factors"),
        _time("authenticated"),
        _text("agent"),
        _text("client"),
    )
    op.create_table(
        f"{prefix}refresh_tokens",
        _exact("digest", primary_key=True),
        sa.Column(
            "family_id",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            sa.ForeignKey(
                f"{prefix}refresh_families.id",
                ondelete="CASCADE",
                name=f"fk_{prefix}refresh_tokens_family_id",
            ),
            nullable=False,
        ),
        _exact("parent"),
        _time("created"),
        _time("expires"),
    )
    op.create_table(
        f"{prefix}api_keys",
        _exact("id", primary_key=True),
        _exact("digest"),
        _exact("user_id"),
        _text("name"),
        _text("hint"),
        _text("scopes", nullable=True),
        _time("created"),
        _time("expires"),
        _time("used", nullable=True),
    )


def _counted(prefix: str) -> None:
    op.create_table(
        f"{prefix}one_time_tokens",
        _exact("digest", primary_key=True),
        _exact("purpose"),
        _exact("subject"),
        _time("expires"),
        _text("data"),
    )
    op.create_table(
        f"{prefix}failed_attempts",
        _exact("key", primary_key=True),
        _number("count"),
        _time("last"),
        _time("until"),
    )
    op.create_table(
        f"{prefix}revocations",
        _exact("id", primary_key=True),
        _time("until"),
    )


def _factors(prefix: str) -> None:
    op.create_table(
        f"{prefix}totp_factors",
        _exact("user_id", primary_key=True),
        _text("secret"),
        _flag("confirmed"),
        _number("step"),
    )
    op.create_table(
        f"{prefix}recovery_codes",
        _exact("user_id", primary_key=True),
        _exact("digest", primary_key=True),
    )
    op.create_table(
        f"{prefix}passkeys",
        _exact("id", primary_key=True),
        _exact("user_id"),
        _text("public_key"),
        _number("sign_count"),
        _text("name"),
        _text("transports"),
        _time("created"),
        _time("used", nullable=True),
    )
