"""Channels follow the rights of their owners.

Threat: who is no administrator any more, or may not sign in, is still told of everybody's targets (CWE-613): a channel keeps
what its owner might see when it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from buckler.guard.audit.events import EventKind
from buckler.guard.audit.record import AuditRecord
from buckler.watch.db import alerts
from buckler.watch.db.database import Database


class ChannelRights:
    """Takes the sight of everybody's targets from the channels of who lost it; a sink, in whose thread nobody waits.

    Args:
        database: Of the channels.
        roles: That give the sight of everything.
    """

    name = "rights of channels"

    def __init__(self, database: Database, roles: Collection[str]) -> None:
        self._database = database
        self._roles = frozenset(roles)

    def open(self) -> None:
        """Nothing is held."""

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Look for accounts that lost such a role, or were switched off."""
        for record in records:
            event = record.event
            lost = (
                event.kind is EventKind.RIGHTS_CHANGED
                and event.reason == "withdrawn"
                and event.detail.get("from") in self._roles
            )
            off = event.kind is EventKind.ACCOUNT_CHANGED and event.reason == "disabled"
            if lost or off:
                with self._database.write() as connection:
                    alerts.narrow(connection, str(event.detail.get("subject", "")))

    def close(self) -> None:
        """Nothing is held."""
