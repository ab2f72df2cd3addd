"""What strangers make as much of as they like takes no room from what matters."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from buckler.guard import Audit, EventKind
from buckler.guard.audit.record import AuditRecord
from tests.guard.test_audit import Fake, event


def test_a_flood_of_refusals_takes_no_room_from_other_events() -> None:
    """Neither in a slow sink's queue, nor before it."""
    release, entered = threading.Event(), threading.Event()
    got: list[AuditRecord] = []

    def slow(records: Sequence[AuditRecord]) -> None:
        entered.set()
        release.wait(60)
        got.extend(records)

    audit = Audit(Fake("slow", slow), queue=20)
    audit(event(0))
    assert entered.wait(30)

    def flood() -> None:
        """Refusals, until one of them has found the sink's queue full."""
        before = audit.figures()["slow"].dropped
        end = time.monotonic() + 30
        while audit.figures()["slow"].dropped == before and time.monotonic() < end:
            audit(event())

    flood()
    kinds = (EventKind.RIGHTS_CHANGED, EventKind.SIGN_IN_SUCCEEDED, EventKind.TOKEN_REUSED)
    for kind in kinds:
        audit(event(kind=kind))
        flood()
    release.set()
    assert audit.flush(30)
    audit.close()
    # A tenth of twenty: two, and no more, lest a flood of these fills the memory.
    assert [record.event.kind for record in got if record.event.kind in kinds] == list(kinds[:2])
