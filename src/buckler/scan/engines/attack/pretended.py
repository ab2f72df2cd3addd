"""Says in a header where a request comes from, and sees whether that opens something or ends a limit.

CWE-290, CWE-348.
"""

from __future__ import annotations

import re
from dataclasses import replace

from buckler.scan.engines.attack.absent import headers_read
from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import entered, exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.reachable import reachable
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Request
from buckler.scan.model.application import Operation

FORWARDED = re.compile(
    r"^(x-forwarded-for|x-real-ip|x-client-ip|x-cluster-client-ip|x-originating-ip|x-remote-(ip|addr)|true-client-ip|"
    r"cf-connecting-ip|fastly-client-ip|x-forwarded)$"
)
"""Headers that a proxy writes the client's address into, and that any client may write by itself."""
INSIDE = ("127.0.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "::1")
_REFUSED = (401, 403, 404)
_ADDRESS = re.compile(r"^(\d{1,3}(?:\.\d{1,3}){3})(?:/\d{1,2})?$")


class Pretended:
    """Asks as from inside, where nobody who is known is let in.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Each operation that reads such a header and refuses."""
        for operation, draft in reachable(self._run, self._explorer):
            for name in headers_read(operation, self._run, self._explorer):
                if FORWARDED.search(name) and self._try(operation, draft, name):
                    break

    def _try(self, operation: Operation, draft: Draft, name: str) -> bool:
        run = self._run
        who = self._explorer.best_identity(operation)
        plain = _with(draft, name, "")
        refused = self._send(operation, plain, who)
        if refused is None or refused.answer.status not in _REFUSED or refused.answer.ok:
            return False
        for address in (*INSIDE, *self._named_in_source(name)):
            inside = self._send(operation, _with(draft, name, address), who)
            if inside is None:
                return False
            if inside.reached and inside.answer.ok:
                run.seen.pretended[operation.key] = (name, inside, refused)
                return True
        return False

    def _named_in_source(self, name: str) -> list[str]:
        """Addresses that the source compares something with."""
        found = [_ADDRESS.match(text) for texts in self._run.compared.values() for text in texts]
        return list(dict.fromkeys(m[1] for m in found if m))[:4]

    def _send(self, operation: Operation, draft: Draft, who: str | None) -> Exchange | None:
        return exchanged(
            self._run, operation, draft.request(self._run.identity(who), self._run.client())
        )


def unlimited(
    run: Run, explorer: Explorer, operation: Operation, requests: list[Request], status: int | None
) -> None:
    """A limit that counts by what a header says is none: the same requests, each from another address by its own word.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        operation: Its limit was met.
        requests: What met it.
        status: How it answered before it was met.
    """
    for name in headers_read(operation, run, explorer):
        if not FORWARDED.search(name):
            continue
        made = [
            replace(
                request,
                headers=(
                    *(pair for pair in request.headers if pair[0].lower() != name),
                    (name, f"198.51.100.{number + 1}"),
                ),
            )
            for number, request in enumerate(requests)
        ]
        answers = [
            Exchange(operation, request, answer, entered(operation, answer))
            for request, answer in run.send_all(made, operation)
        ]
        if len(answers) == len(made) and {e.answer.status for e in answers} == {status}:
            run.seen.uncounted[operation.key] = (name, answers)
            return


def _with(draft: Draft, name: str, address: str) -> Draft:
    headers = {k: v for k, v in draft.headers.items() if k.lower() != name}
    made = {**headers, name: address} if address else headers
    return replace(draft, headers=made, attacked=draft.attacked | {f"header:{name}"})
