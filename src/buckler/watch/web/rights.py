"""Channels follow the rights of their owners.

Threat: who is no administrator any more is still told of everybody's targets, and who may not sign in or read at all, of what
was theirs (CWE-613): a channel keeps what its owner might see when it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from buckler.guard.audit.events import EventKind
from buckler.guard.audit.record import AuditRecord
from buckler.watch.db import alerts
from buckler.watch.db.database import Database


class ChannelRights:
    """Takes from channels what their owners lost the sight of; a sink, in whose thread nobody waits.

    Args:
        database: Of the channels.
        seeing: Roles that give the sight of everything.
        blind: Roles that give the sight of nothing.
    """

    name = "rights of channels"

    def __init__(self, database: Database, seeing: Collection[str], blind: Collection[str]) -> None:
        self._database = database
        self._seeing = frozenset(seeing)
        self._blind = frozenset(blind)

    def open(self) -> None:
        """Nothing is held."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Look for accounts that lost such a role or their last one that reads, or were switched off."""
        for record in records:
            event = record.event
            subject = str(event.detail.get("subject", ""))
            withdrawn = event.kind is EventKind.RIGHTS_CHANGED and event.reason == "withdrawn"
            off = event.kind is EventKind.ACCOUNT_CHANGED and event.reason == "disabled"
            left = {one for one in str(event.detail.get("left", "")).split(", ") if one}
            if not (withdrawn or off):
                continue
            with self._database.write() as connection:
                if off or (withdrawn and left <= self._blind):
                    alerts.silence(connection, subject)
                if off or (withdrawn and event.detail.get("from") in self._seeing):
                    alerts.narrow(connection, subject)

    def close(self) -> None:
        """Nothing is held."""
