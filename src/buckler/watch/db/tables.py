"""All tables, once: whoever needs their metadata whole imports them here."""

from __future__ import annotations

from buckler.watch.db import (
    alerts,
    events,
    findings,
    identities,
    inventories,
    scans,
    targets,
    vex,
    workers,
)
from buckler.watch.db.metadata import METADATA as METADATA

FILES = (alerts, events, findings, identities, inventories, scans, targets, vex, workers)
