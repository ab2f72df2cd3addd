"""Sends what ought not to be let in because something is missing: a signature left out, an empty code.

CWE-287, CWE-347.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.reachable import reachable
from buckler.scan.engines.attack.run import CHANGING, Run
from buckler.scan.engines.attack.values import lengths
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.model.application import Operation

REFUSED = (400, 401, 403)
MOST_NAMES = 6
SIGNATURE = re.compile(r"signature|hmac|(^|[-_])(sig|sign)$", re.IGNORECASE)
"""Headers that tell who made a message, which nobody has a reason to leave out."""
CODE = re.compile(
    r"^(.*_)?(code|otp|pin|totp|passcode|password|secret|token|answer)$", re.IGNORECASE
)
NOT_A_CODE = re.compile(
    r"coupon|promo|voucher|country|zip|postal|post_?code|currency|lang|area|colou?r|status|error|bar_?code|product|qr|csrf",
    re.IGNORECASE,
)
_EVERYDAY = re.compile(
    r"^(accept.*|user-agent|host|content-.*|connection|authorization|cookie|origin|referer|if-.*|range|forwarded|via|"
    r"x-forwarded.*|x-real-ip|.*-(request|correlation|trace|csrf).*|traceparent|.*(csrf|xsrf).*)$"
)
"""Headers that are no credential, or the one of a scheme, which is looked at by itself."""
USUAL, LONGEST = 12, 200
"""Characters of a wrong code where nothing says how many, and at most."""
_WRONG = "0f" * 32


class Unsigned:
    """Leaves out what signs a message or opens a door, where a wrong one is refused.

    Of what is no signature the rule has to know more: it may be left out on purpose.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Each header of that kind of each operation."""
        for operation, draft in reachable(self._run, self._explorer):
            for name in headers_read(operation, self._run, self._explorer):
                if not _EVERYDAY.search(name):
                    self._try(operation, draft, name)

    def _try(self, operation: Operation, draft: Draft, name: str) -> None:
        left_out = {k: v for k, v in draft.headers.items() if k.lower() != name}
        attacked = draft.attacked | {f"header:{name}"}
        without = self._send(operation, replace(draft, headers=left_out, attacked=attacked))
        signed = replace(draft, headers={**left_out, name: _WRONG}, attacked=attacked)
        wrong = self._send(operation, signed)
        if without is None or wrong is None or without.answer.status in REFUSED:
            return
        inside = without.reached and (without.answer.ok or not wrong.reached)
        if inside and wrong.answer.status in REFUSED:
            self._run.seen.unsigned[operation.key] = (name, without, wrong)

    def _send(self, operation: Operation, draft: Draft) -> Exchange | None:
        identity = self._run.identity(self._explorer.best_identity(operation))
        return exchanged(self._run, operation, draft.request(identity, self._run.client()))


class Emptied:
    """Sends an empty code where a wrong one is refused: what nobody has set is empty, too.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        names: Gives, for the slot of a name, names that somebody has.
    """

    def __init__(
        self, run: Run, explorer: Explorer, names: Callable[[Slot], Iterator[str]]
    ) -> None:
        self._run = run
        self._explorer = explorer
        self._names = names

    def collect(self, operation: Operation, name: Slot | None) -> None:
        """Each code that one operation takes, for the people who are known."""
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or operation.method not in CHANGING:
            return
        for slot in self._explorer.slots(operation):
            if slot.where in ("json", "form") and is_code(slot) and slot is not name:
                for named in self._named(draft, name):
                    if self._try(operation, named, slot):
                        return

    def _named(self, draft: Draft, name: Slot | None) -> Iterator[Draft]:
        yield draft
        known = dict.fromkeys(self._names(name)) if name is not None else ()
        for text in islice(known, MOST_NAMES):
            yield draft.with_value(name, text) if name is not None else draft

    def _try(self, operation: Operation, draft: Draft, slot: Slot) -> bool:
        if lengths(slot.schema)[0]:
            return False
        wrong = self._send(operation, draft.with_value(slot, wrong_code(slot)))
        if wrong is None or not wrong.reached or wrong.answer.status not in REFUSED:
            return False
        empty = self._send(operation, draft.with_value(slot, ""))
        if empty is None or not (empty.reached and 200 <= (empty.answer.status or 0) < 300):
            return False
        self._run.seen.emptied[operation.key] = (slot.key, empty, wrong)
        return True

    def _send(self, operation: Operation, draft: Draft) -> Exchange | None:
        return exchanged(self._run, operation, draft.request(None, self._run.client()))


def is_code(slot: Slot) -> bool:
    """Whether it takes what somebody has to know."""
    return bool(CODE.search(slot.leaf)) and not NOT_A_CODE.search(slot.name)


def wrong_code(slot: Slot, number: int = 0) -> str:
    """A code that nobody was given, of a length that fits."""
    least, most = lengths(slot.schema)
    longest = max(min(most or USUAL, LONGEST), min(least, LONGEST), 1)
    return f"{938271 + number * 1013}wrong-code-".ljust(min(least, LONGEST), "a")[:longest]


def headers_read(operation: Operation, run: Run, explorer: Explorer) -> list[str]:
    """Names of the headers that an operation declares or was seen to read, in lower case."""
    names = [p.name for p in operation.parameters if p.where == "header"]
    names += [s.name for s in explorer.found.get(operation.key, ()) if s.where == "header"]
    for cell in run.seen.matrix.get(operation.key, {}).values():
        names += [r.partition(":")[2] for r in cell.answer.reads if r.startswith("header:")]
    return list(dict.fromkeys(name.lower() for name in names))
