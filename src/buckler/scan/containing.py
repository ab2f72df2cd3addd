"""Keeps an error inside the rule that raised it: the scan goes on, and the report names the rule.

A rule reads whatever an application says, so one that stumbles over something unforeseen must not
cost the user what all the others found.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from buckler.core.events import GapFound, Listener, Note
from buckler.core.rule import Rule
from buckler.scan import stopping

ONE = frozenset({"check_hit", "check_exchange", "check_flow", "check_call"})
"""Hooks that give one verdict or None; the others give several things."""
JUDGES = ("check_flow",)
"""Hooks that only refine what another one says."""
ASKED = ("likes", "refuted")
"""What else engines call on a rule: questions, each answered with yes or no."""


class Containment:
    """Copies rules so that none of their hooks raises.

    Args:
        emit: Gets a gap for each rule that broke, and its traceback as a note.

    Attributes:
        broken: Ids of the rules that raised an error, in the order in which they did.
    """

    def __init__(self, emit: Listener) -> None:
        self._emit = emit
        self.broken: dict[str, None] = {}

    def around(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """The rules, each with its hooks guarded."""
        return tuple(self._guarded(rule) for rule in rules)

    def _guarded(self, rule: Rule) -> Rule:
        made = copy.copy(rule)
        for hook in (*rule.hooks(), *(name for name in (*JUDGES, *ASKED) if hasattr(rule, name))):
            function = getattr(rule, hook)
            if callable(function):
                setattr(made, hook, self._call(rule, hook, function))
        return made

    def _call(self, rule: Rule, hook: str, function: Callable[..., Any]) -> Callable[..., Any]:
        nothing: Any = None if hook in ONE else False if hook in ASKED else ()

        def call(*arguments: Any) -> Any:
            stopping.check()
            try:
                result = function(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever a rule raises is reported as its own
                self._broke(rule, hook, error)
                return nothing
            if isinstance(result, Iterator):
                return self._each(rule, hook, result)
            return result

        return call

    def _each(self, rule: Rule, hook: str, found: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from found
        except Exception as error:  # noqa: BLE001 - as above, while it gives what it found
            self._broke(rule, hook, error)

    def _broke(self, rule: Rule, hook: str, error: Exception) -> None:
        if rule.id in self.broken:
            return
        self.broken[rule.id] = None
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        self._emit(Note(hook, "".join(traceback.format_exception(error))))
        self._emit(
            GapFound(
                f"rule {rule.id}",
                f"internal error in rule {rule.id} ({hook}): {said}",
                "report it with the log of -v",
            )
        )
