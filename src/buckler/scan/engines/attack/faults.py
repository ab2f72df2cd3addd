"""Makes handlers fail, to see how the application answers errors: CWE-209, CWE-755.

Numbers at the edge of what is allowed and empty containers are what callers send by accident.
Where none of them fails, the agent makes the handler raise.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.reachable import reachable
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange
from buckler.scan.model.application import Operation

MAX_EDGES = 14
SLOW_EDGES = 1
QUOTE = "O'Brien"


class Faults:
    """Collects answers to errors.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Edge values first, then errors that the handler is made to raise."""
        for operation, draft in reachable(self._run, self._explorer):
            most = SLOW_EDGES if self._explorer.is_slow(operation) else MAX_EDGES
            for number, edge in enumerate(edges(operation, draft)):
                if number >= most:
                    break
                self._send(operation, edge, "")
            self._raise(operation, draft)

    def _raise(self, operation: Operation, draft: Draft) -> None:
        text = f"buckler made this fail {self._run.canaries.new().text}"
        exchange = self._send(operation, draft, text)
        if exchange is not None and exchange.reached:
            self._run.seen.raised[operation.key] = (text, exchange)

    def _send(self, operation: Operation, draft: Draft, fail: str) -> Exchange | None:
        run = self._run
        identity = run.identity(self._explorer.best_identity(operation))
        request = replace(draft.request(identity, run.client(), fail=fail), probing=True)
        exchange = exchanged(run, operation, request)
        if exchange is None:
            return None
        if not fail:
            run.keep_failure(exchange)
            if exchange.reached and exchange.answer.ok:
                run.seen.everything.append(exchange)
        return exchange


def edges(operation: Operation, draft: Draft) -> Iterator[Draft]:
    """Requests with one value at the edge: zero, beyond 64 bits, empty, a name with a quote."""
    for parameter in operation.parameters:
        texts = {"integer": ("0", "9223372036854775808"), "number": ("0",), "string": (QUOTE,)}
        for text in texts.get(str(parameter.schema.get("type")), ()):
            made = copy.deepcopy(draft)
            if parameter.where == "path":
                made.path[parameter.name] = text
            elif parameter.where == "query":
                made.query = [
                    *((k, v) for k, v in draft.query if k != parameter.name),
                    (parameter.name, text),
                ]
            else:
                continue
            yield made
    for path, value in leaves(draft.json):
        empty: Any = 0 if isinstance(value, int | float) and not isinstance(value, bool) else None
        if isinstance(value, dict | list):
            empty = type(value)()
        elif isinstance(value, str):
            empty = QUOTE
        if empty is not None and empty != value:
            made = copy.deepcopy(draft)
            made.json = replaced(draft.json, path, empty)
            yield made


def leaves(
    tree: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value inside of a JSON body with the way to it."""
    items: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(tree, dict):
        items = iter(tree.items())
    elif isinstance(tree, list):
        items = iter(list(enumerate(tree))[:1])
    for key, value in items:
        yield (*path, key), value
        if len(path) < 4:
            yield from leaves(value, (*path, key))


def replaced(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The tree with one value replaced; what is missing on the way is made."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(tree, list) and isinstance(head, int):
        return [replaced(item, rest, value) if n == head else item for n, item in enumerate(tree)]
    made = dict(tree) if isinstance(tree, dict) else {}
    made[str(head)] = replaced(made.get(str(head)), rest, value)
    return made
