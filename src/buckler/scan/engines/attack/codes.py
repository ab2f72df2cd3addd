"""Guesses short codes in a row: CWE-307. Ten thousand tries open a code of four digits.

A code has to be asked for first, or there is nothing to guess and nothing that counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from buckler.scan.engines.attack.absent import wrong_code
from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import entered, exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.values import lengths
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.model.application import Operation

SHORT = re.compile(
    r"^(otp|totp|pin|passcode)$|(one_?time|verification|confirmation|sms|mfa|otp|login)_?code$|^code$",
    re.IGNORECASE,
)
MOST_LENGTH, LONG = 10, 99
"""Longer codes are not guessed by trying them."""
_ABOUT = re.compile(
    r"otp|mfa|2fa|totp|verif|confirm|pin|passcode|one-?time|sms|code", re.IGNORECASE
)
_SENDS = re.compile(
    r"(^|[-_])(send|request|start|begin|challenge|issue|resend|new|ask)($|[-_])", re.IGNORECASE
)
_LONG = re.compile(
    r"forgot|reset|invite|coupon|voucher|promo|join|authorize|callback", re.IGNORECASE
)
"""What is sent in a link is long as a rule; what is bought with is no credential."""
WROTE = frozenset({"sql-write", "stored"})


class Codes:
    """Sends wrong codes in a row, from one address, for somebody who has asked for one.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        names: Gives, for the slot of a name, names that somebody has.
        attempts: How many.
        address: From which they are sent.
    """

    def __init__(
        self,
        run: Run,
        explorer: Explorer,
        names: Callable[[Slot], Iterator[str]],
        attempts: int,
        address: str,
    ) -> None:
        self._run = run
        self._explorer = explorer
        self._names = names
        self._attempts = attempts
        self._address = address

    def collect(self, operation: Operation, name: Slot | None) -> None:
        """The short code that an operation takes, if it takes one."""
        draft = self._explorer.drafts.get(operation.key)
        slots = [s for s in self._explorer.slots(operation) if s.where in ("json", "form")]
        code = next((s for s in slots if SHORT.search(s.leaf)), None)
        if draft is None or code is None or name is None or operation.method != "POST":
            return
        short = SHORT.search(code.leaf) and (
            (lengths(code.schema)[1] or LONG) <= MOST_LENGTH or _ABOUT.search(operation.path)
        )
        sender = self._sender(operation)
        if not short or _LONG.search(operation.path) or sender is None:
            return
        for text in islice(dict.fromkeys(self._names(name)), 3):
            if self._ask(sender, text):
                self._guess(operation, draft.with_value(name, text), code)
                return

    def _sender(self, operation: Operation) -> Operation | None:
        """The operation that sends the code: below it or beside it."""
        base = operation.path.rstrip("/").rpartition("/")[0]
        for other in self._run.operations:
            last = other.path.rstrip("/").rpartition("/")[2]
            below = other.path.startswith(f"{operation.path.rstrip('/')}/")
            # Beside it at the top of an application stands everything.
            beside = other.path.startswith(f"{base}/") and (base or _ABOUT.search(last))
            near = below or beside
            if near and other.method == "POST" and other is not operation and _SENDS.search(last):
                return other
        return None

    def _ask(self, sender: Operation, text: str) -> bool:
        """Ask for a code in somebody's name; whether that was taken, and kept."""
        draft = self._explorer.drafts.get(sender.key)
        slots = [s for s in self._explorer.slots(sender) if s.where in ("json", "form", "query")]
        if draft is None or len(slots) != 1:
            return False
        made = draft.with_value(slots[0], text)
        exchange = exchanged(self._run, sender, made.request(None, self._address))
        return (
            exchange is not None
            and exchange.reached
            and exchange.answer.ok
            and bool(WROTE.intersection(exchange.answer.effects))
        )

    def _guess(self, operation: Operation, draft: Draft, code: Slot) -> None:
        requests = [
            draft.with_value(code, wrong_code(code, number)).request(None, self._address)
            for number in range(self._attempts)
        ]
        answers = [
            Exchange(operation, request, answer, entered(operation, answer))
            for request, answer in self._run.send_all(requests, operation)
        ]
        counted = any(_writes(exchange) for exchange in answers)
        if len(answers) == self._attempts and not counted:
            self._run.seen.codes[operation.key] = (code.key, answers)


def _writes(exchange: Exchange) -> bool:
    """Whether the attempt left something behind that may be counted."""
    effects = exchange.answer.effects
    return bool(WROTE.intersection(effects)) or any(e.startswith("key ") for e in effects)
