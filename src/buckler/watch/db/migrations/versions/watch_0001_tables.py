"""The tables of watch. Written down as they were at this revision: a revision stays as it is for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "watch_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "watch_channels",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("quiet", sa.Text(), nullable=True),
        sa.Column("digest", sa.Double(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_channels")),
    )
    op.create_table(
        "watch_marks",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_marks")),
    )
    op.create_table(
        "watch_targets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.String(length=120), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("sla", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=2), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("reached", sa.Double(), nullable=True),
        sa.Column("reported_at", sa.Double(), nullable=True),
        sa.Column("seen_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_targets")),
    )
    op.create_index(op.f("ix_watch_targets_next_at"), "watch_targets", ["next_at"], unique=False)
    op.create_index(op.f("ix_watch_targets_owner"), "watch_targets", ["owner"], unique=False)
    op.create_index(
        op.f("ix_watch_targets_removed_at"), "watch_targets", ["removed_at"], unique=False
    )
    op.create_table(
        "watch_workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("beat_at", sa.Double(), nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_workers")),
    )
    op.create_index(op.f("ix_watch_workers_beat_at"), "watch_workers", ["beat_at"], unique=False)
    op.create_table(
        "watch_alerts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("finding_id", sa.String(length=32), nullable=True),
        sa.Column("scan_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("routed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_alerts_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_watch_alerts_key")),
    )
    op.create_index(op.f("ix_watch_alerts_at"), "watch_alerts", ["at"], unique=False)
    op.create_index("ix_watch_alerts_routed", "watch_alerts", ["routed", "at"], unique=False)
    op.create_index(op.f("ix_watch_alerts_target_id"), "watch_alerts", ["target_id"], unique=False)
    op.create_table(
        "watch_findings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("engines", sa.Text(), nullable=False),
        sa.Column("tool", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("by_code", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("told", sa.String(length=8), nullable=False),
        sa.Column("assignee", sa.String(length=64), nullable=False),
        sa.Column("accepted_until", sa.Double(), nullable=True),
        sa.Column("accepted_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_findings_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_findings")),
        sa.UniqueConstraint(
            "target_id", "fingerprint", name=op.f("uq_watch_findings_target_id_fingerprint")
        ),
    )
    op.create_index(
        op.f("ix_watch_findings_accepted_until"), "watch_findings", ["accepted_until"], unique=False
    )
    op.create_index(op.f("ix_watch_findings_due_at"), "watch_findings", ["due_at"], unique=False)
    op.create_index(
        "ix_watch_findings_list", "watch_findings", ["state", "rank", "id"], unique=False
    )
    op.create_table(
        "watch_inventories",
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("packages", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_inventories_target_id")
        ),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_watch_inventories")),
    )
    op.create_table(
        "watch_scans",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("handed_at", sa.Double(), nullable=True),
        sa.Column("begun_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("grade", sa.String(length=2), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("reached", sa.Double(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("engines", sa.Text(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["watch_targets.id"], name=op.f("fk_watch_scans_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_scans")),
    )
    op.create_index("ix_watch_scans_state", "watch_scans", ["state"], unique=False)
    op.create_index(
        "ix_watch_scans_target_id_asked_at", "watch_scans", ["target_id", "asked_at"], unique=False
    )
    op.create_index(
        "uq_watch_scans_queued",
        "watch_scans",
        ["target_id"],
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "watch_deliveries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("leased_until", sa.Double(), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["watch_alerts.id"], name=op.f("fk_watch_deliveries_alert_id")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["watch_channels.id"], name=op.f("fk_watch_deliveries_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_deliveries")),
        sa.UniqueConstraint(
            "alert_id", "channel_id", name=op.f("uq_watch_deliveries_alert_id_channel_id")
        ),
    )
    op.create_index(op.f("ix_watch_deliveries_batch"), "watch_deliveries", ["batch"], unique=False)
    op.create_index(
        "ix_watch_deliveries_due", "watch_deliveries", ["state", "next_at"], unique=False
    )
    op.create_table(
        "watch_history",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("finding_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["watch_findings.id"], name=op.f("fk_watch_history_finding_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_history")),
    )
    op.create_index(
        op.f("ix_watch_history_finding_id"), "watch_history", ["finding_id"], unique=False
    )
    op.create_table(
        "watch_reports",
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["watch_scans.id"], name=op.f("fk_watch_reports_scan_id")
        ),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_watch_reports")),
    )


def downgrade() -> None:
    """Drop them."""
    for name in (
        "watch_reports",
        "watch_history",
        "watch_deliveries",
        "watch_scans",
        "watch_inventories",
        "watch_findings",
        "watch_alerts",
        "watch_workers",
        "watch_targets",
        "watch_marks",
        "watch_channels",
    ):
        op.drop_table(name)
