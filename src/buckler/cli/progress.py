"""What a person sees while a scan works: one line on standard error that moves and goes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from buckler.core.events import (
    EngineFinished,
    EngineStarted,
    Event,
    FindingFound,
    GapFound,
    Note,
    Progress,
)
from buckler.core.finding import Confidence
from buckler.scan.formats import clean
from buckler.scan.target import Target


class Watcher:
    """Listens to a scan and shows how far it is. Use as a context manager.

    Args:
        verbose: Print every event as a line, with the time since the start.
        runs_code: Whether the project's code is run; said first.
        target: What is scanned.
        missing: Kernel walls that the user left out; said first.
        allowed: ``HOST:PORT`` that may be reached, named by the user or by the project; said first.
        writes: Whether probes may change what a database server there holds; said first.
        said: What is said first of a running site.
    """

    def __init__(
        self,
        *,
        verbose: bool,
        runs_code: bool = False,
        target: Target | None = None,
        missing: Sequence[str] = (),
        allowed: Sequence[str] = (),
        writes: bool = False,
        said: str = "",
    ) -> None:
        self._verbose = verbose
        self._runs_code = runs_code
        self._target = target
        self._missing = tuple(missing)
        self._allowed = tuple(clean.line(entry) for entry in allowed)
        self._writes = writes
        self._said = said
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._started = time.monotonic()
        self._engine = ""
        self._proved = 0
        self._found = 0

    def __enter__(self) -> Watcher:
        sys.stderr.write(self._said)
        if self._runs_code and self._target is not None:
            label = clean.line(", ".join(a.label for a in self._target.applications))
            sys.stderr.write(f"Running the project's own code ({label}) in a box.\n")
            if self._allowed:
                how = ", and probes may change what it holds (--writes)" if self._writes else ""
                sys.stderr.write(f"It may connect to: {', '.join(self._allowed)}{how}.\n")
            if self._missing:
                sys.stderr.write(
                    f"--walls leaves out: {', '.join(self._missing)}. What the Python wall cannot "
                    "stop may do harm (docs/box.md).\n"
                )
        moving = self._console.is_terminal and not os.environ.get("NO_COLOR") and not self._verbose
        if moving:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, FindingFound):
            self._found += 1
            self._proved += event.finding.confidence is Confidence.PROVED
        if self._verbose:
            self._log(event)
        if self._status is not None:
            self._status.update(self._line(event))

    def _line(self, event: Event) -> str:
        if isinstance(event, EngineStarted):
            self._engine = event.engine
        far = f" {event.done}/{event.total} {event.note}" if isinstance(event, Progress) else ""
        text = f"{self._engine}{far} · {self._found} found, {self._proved} proved"
        return escape(clean.cut(clean.line(text), max(self._console.width - 4, 20)))

    def _log(self, event: Event) -> None:
        seconds = time.monotonic() - self._started
        match event:
            case Note(engine, text):
                for line in text.splitlines():
                    self._print(seconds, f"{engine}: {line}")
            case EngineStarted(engine):
                self._print(seconds, f"{engine} begins")
            case EngineFinished(engine, took):
                self._print(seconds, f"{engine} done after {took:g} s")
            case GapFound(what, why, _):
                self._print(seconds, f"gap: {what}: {why}")
            case FindingFound(finding):
                place = finding.location
                self._print(
                    seconds,
                    f"{finding.confidence} {finding.rule} {place.operation or ''} {place.slot or ''} {place.path}:{place.line}",
                )
            case Progress(engine, done, total, note) if note:
                self._print(seconds, f"{engine}: {done}/{total} {note}")

    def _print(self, seconds: float, text: str) -> None:
        sys.stderr.write(f"{seconds:7.2f} {clean.line(text)}\n")
