"""What was answered in place of other people's APIs, for the report: without any secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from buckler.core.events import GapFound
from buckler.core.redact import Redactor
from buckler.core.report import OutgoingCall

MAX_TOLD = 100


def told(calls: Iterable[OutgoingCall], redactor: Redactor) -> tuple[OutgoingCall, ...]:
    """The calls in order, each once, with what is known to be a secret taken out."""
    found = {replace(call, url=redactor.text(call.url)) for call in calls}
    return tuple(sorted(found)[:MAX_TOLD])


def gaps(calls: Iterable[OutgoingCall]) -> Iterator[GapFound]:
    """One gap for each call whose answer could only be an empty one."""
    for call in calls:
        if call.why:
            place = f" at {call.where}" if call.where else ""
            yield GapFound(
                f"outgoing: {call.method} {call.url}",
                f"an empty answer stood in for it{place}: {call.why}",
                f"--allow {call.address}",
            )
