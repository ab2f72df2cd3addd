"""Probes on their way: several in one request, each in a slot of its own.

Slots of a kind share a request, because requests are what a scan is made of; each canary names its
slot, so nothing is mixed up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.encodings import PLAIN, fitted
from buckler.scan.engines.attack.exchanges import entered
from buckler.scan.engines.attack.explore import UNIQUE, Explorer
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Payload, Probe, Request, Slot
from buckler.scan.model.application import Operation

GROUPS = (
    ("path", "query"),
    ("header", "cookie"),
    ("json", "form", "file", "filename", "body", "message"),
)
Bundle = tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """How one operation is attacked.

    Attributes:
        draft: The request that reached it, into which the payloads go.
        identity: Name of whoever sends them; None for nobody.
        unique: Whether the same request is refused the second time, as a sign-up is.
        spent: Whether other values would not help: what it is about has been used up, as an order
            that is cancelled. The databases are put back before each request.
    """

    draft: Draft
    identity: str | None
    unique: bool = False
    spent: bool = False

    @property
    def operation(self) -> Operation:
        """What is attacked."""
        return self.draft.operation


class Bundles:
    """Makes probes and sends them for one run.

    Args:
        run: The run.
        explorer: Knows the slots of each operation.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._fresh = 0

    def probe(
        self, rule: str, aim: Aim, slot: Slot, payload: Payload, encoding: str = PLAIN
    ) -> Probe:
        """A payload on its way; from now on its canary leads back to it."""
        probe = Probe(rule, aim.operation, slot, payload, aim.identity, encoding)
        self._run.canaries.own(payload.canary, probe)
        return probe

    def exchanges(self, bundles: Iterator[Bundle], aim: Aim) -> Iterator[tuple[Bundle, Exchange]]:
        """Send bundles and yield them, as far as they could be carried, with their exchanges."""
        sent: list[Bundle] = []

        def requests() -> Iterator[Request]:
            for bundle in bundles:
                filled, carried = self._filled(self.draft(aim), bundle)
                if carried:
                    sent.append(carried)
                    identity = self._run.identity(carried[0].identity)
                    request = filled.request(identity, self._run.client())
                    yield replace(request, restored=True) if aim.spent else request

        operation = aim.operation
        for number, (request, answer) in enumerate(self._run.send_all(requests(), operation)):
            yield (
                sent[number],
                Exchange(operation, request, answer, reached=entered(operation, answer)),
            )

    def draft(self, aim: Aim) -> Draft:
        """The draft for one more request: with fresh values where a second one alike is refused."""
        return self._freshened(aim.draft) if aim.unique else aim.draft

    @staticmethod
    def _filled(draft: Draft, bundle: Bundle) -> tuple[Draft, Bundle]:
        """The draft with the payloads that it can carry, and those."""
        carried = []
        for probe in bundle:
            try:
                draft = draft.with_value(probe.slot, fitted(probe), probe.payload.key)
            except CannotCarry:
                continue
            carried.append(probe)
        return draft, tuple(carried)

    def _freshened(self, draft: Draft) -> Draft:
        """The draft with other names, addresses and the like, so that it is not a duplicate."""
        self._fresh += 1
        for slot in self._explorer.slots(draft.operation):
            if (
                slot.where in ("json", "form")
                and UNIQUE.search(slot.leaf)
                and "enum" not in slot.schema
            ):
                text = f"casey{self._fresh}"
                if (
                    slot.schema.get("format") in ("email", "idn-email")
                    or "mail" in slot.leaf.lower()
                ):
                    text += "@example.com"
                draft = draft.with_value(slot, text)
        return replace(draft, attacked=frozenset())


def groups(slots: list[Slot]) -> Iterator[list[Slot]]:
    """The slots that share a request, kind by kind."""
    for kinds in GROUPS:
        group = [slot for slot in slots if slot.where in kinds]
        if group:
            yield group
