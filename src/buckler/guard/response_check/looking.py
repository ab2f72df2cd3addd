"""Looks into one record of an answer, says what was found, and cuts it out where that is chosen.

Threat: a field that looks like a secret and goes out (CWE-201). What cannot be looked into is told, once
for each route and reason: a check that passes something in silence is taken for one that saw it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.response_check import json_text, records
from buckler.guard.response_check.judging import AnswerError, Leak, Mode, steps
from buckler.guard.response_check.records import Form

log: Final = logging.getLogger("buckler.guard")
Emit = Callable[..., None]
Steps = Iterator[bytes | None]
"""What may go out, and None wherever others may have their turn."""
SHOWN: Final = 5
UNSEEN: Final = {
    "encoding": "its Content-Encoding is not one that can be undone here",
    "size": f"it is larger than {records.MAX_RECORD} bytes",
    "damaged": "its compressed data are damaged",
    "no_json": "it is not the JSON that its Content-Type names",
    "depth": "it is nested too deeply",
    "part": "it is a part of something",
    "file": "the server sends it from a file",
}


class Looker:
    """Looks into the records of all answers of one application.

    Args:
        mode: ``fail``, ``log`` or ``strip``.
        emit: Tells the listener.
    """

    def __init__(self, mode: Mode, emit: Emit) -> None:
        self.mode = mode
        self._emit = emit
        self._told: set[tuple[str, str]] = set()

    def look(self, inbound: Inbound, record: bytes, kind: Form, told: set[str]) -> Steps:
        """The record as it may go out, last; the very same object where nothing is taken out.

        Before it comes None wherever the look may be interrupted.

        Args:
            inbound: The request.
            record: Its JSON is whole.
            kind: Where that stands.
            told: What was told of this answer already.

        Raises:
            AnswerError: It holds what looks like a secret, and such an answer fails.
        """
        if not record.strip():
            yield record
            return
        yield None
        try:
            text, encoding = json_text.decoded(record)
            parts = records.texts(text, kind)
            joined = "\n".join(text[start:end] for start, end in parts)
            if not joined.strip():
                yield record
                return
            content = json_text.parsed(joined)
        except ValueError:
            if kind != "events":  # the data of an event may be any text
                self.unseen(inbound, "no_json")
            yield record
            return
        except RecursionError:
            self.unseen(inbound, "depth")
            yield record
            return
        yield None
        found: list[Leak] = []
        names: dict[str, None] = {}
        for leak in steps(content, inbound.plan.secrets, inbound.plan.answered):
            if leak is None:
                yield None
            else:
                found.append(leak)
                names[_name(leak)] = None
        if found:
            self._tell(inbound, found, _listed(names), told)
        if not found or self.mode != "strip":
            yield record
            return
        spans: list[json_text.Cut] = []
        for step in json_text.cut(joined, (leak.place for leak in found)):
            if step is None:
                yield None
            else:
                spans = step
        yield records.without(text, parts, spans).encode(encoding, "surrogatepass")

    def unseen(self, inbound: Inbound, reason: str) -> None:
        """Say that an answer is not looked into, once for each route and reason.

        Args:
            inbound: The request.
            reason: Of :data:`UNSEEN`.
        """
        route = inbound.plan.template
        if (route, reason) in self._told:
            return
        self._told.add((route, reason))
        message = "An answer is not looked into for secrets"
        log.warning("answers: what %s answers is not looked into: %s", route, UNSEEN[reason])
        self._emit(
            inbound, EventKind.CONFIGURATION, "answer_unseen", message, detail={"why": reason}
        )

    def _tell(self, inbound: Inbound, found: list[Leak], names: str, told: set[str]) -> None:
        if names not in told and len(told) < SHOWN:
            told.add(names)
            self._emit(
                inbound,
                EventKind.SECRET_ANSWERED,
                found[0].shape,
                "An answer held what looks like a secret",
                detail={"fields": names, "count": len(found), "action": self.mode},
            )
        if self.mode == "fail":
            raise AnswerError(
                f"{inbound.plan.template} answers {names}",
                hint="leave the field out of the response model, or declare it: "
                "@with_policy(secrets=['name'])",
            )


def _name(leak: Leak) -> str:
    """Where it stands; numbers of a list's items are all alike."""
    return f"{'.'.join('*' if isinstance(p, int) else p for p in leak.path)} ({leak.shape})"


def _listed(names: Collection[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(list(names)[:SHOWN]) + (f" and {more} more" if more > 0 else "")
