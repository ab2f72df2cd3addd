"""Looks again for what was stored: it may come out of another operation, or reach a sink there.

After each operation that wrote into a database, before that is put back; and at the end for what an
application keeps in its own memory.
"""

from __future__ import annotations

from buckler.scan.engines.attack import restoring
from buckler.scan.engines.attack.exchanges import entered
from buckler.scan.engines.attack.explore import Explorer, order_of
from buckler.scan.engines.attack.harvest import candidates, identifiers, nouns_of
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.model.application import Operation

MAX_AGAIN = 200
"""Requests to one operation that reads, in the whole scan, for things that probes made."""


class Again:
    """Asks those who read for what probes stored.

    Args:
        run: The run.
        explorer: Knows the best draft and identity of each operation.
        judge: Turns hits and answers into findings.
    """

    def __init__(self, run: Run, explorer: Explorer, judge: Judge) -> None:
        self._run = run
        self._explorer = explorer
        self._judge = judge
        self._left: dict[str, int] = {}

    def after(self, operation: Operation) -> None:
        """Look for what the probes of one operation stored, and put the databases back."""
        if not restoring.changed(self._run):
            return
        nouns = set(nouns_of(operation))
        for reader in self._readers() if self._run.kept.holds_probes else ():
            if not self._explorer.is_slow(reader) or nouns.intersection(nouns_of(reader)):
                self._ask(reader)
        if restoring.restore(self._run):
            self._run.created.clear()

    def everywhere(self) -> None:
        """Look for whatever is there."""
        for reader in self._readers():
            self._ask(reader)

    def _readers(self) -> list[Operation]:
        return [
            op
            for op in sorted(self._run.operations, key=order_of)
            if op.key in self._explorer.drafts and op.method in ("GET", "WEBSOCKET")
        ]

    def _ask(self, reader: Operation) -> None:
        run = self._run
        if run.out_of_time:
            return
        draft = self._explorer.drafts[reader.key]
        identity = run.identity(self._explorer.best_identity(reader))
        requests = [
            draft.with_value(Slot("path", name), value).request(identity, run.client())
            for name, resource in identifiers(reader)
            if f"{{{name}" in reader.path
            for value in dict.fromkeys(candidates(run.created, name, resource))
        ]
        left = self._left.get(reader.key, MAX_AGAIN)
        requests = requests[:left]
        self._left[reader.key] = left - len(requests)
        requests.insert(0, draft.request(identity, run.client()))
        for request, answer in run.send_all(requests, reader):
            self._judge.answer(Exchange(reader, request, answer, entered(reader, answer)))
