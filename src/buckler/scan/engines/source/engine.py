"""Parses every Python file of a project and shows it to the rules that read source."""

from __future__ import annotations

import ast
import fnmatch
import gc
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.events import GapFound, Listener, Note, Progress
from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.discover import python_files
from buckler.scan.engines.interface import ChecksSource
from buckler.scan.engines.source.flow.engine import FlowEngine
from buckler.scan.engines.source.flow.interface import ChecksCall, ChecksFlow
from buckler.scan.engines.source.left_out import is_test
from buckler.scan.engines.source.local import Local
from buckler.scan.languages.jinja import template_named
from buckler.scan.python.index import forget_index
from buckler.scan.python.parsing import parsed


class SourceEngine:
    """Looks at one project's source.

    Args:
        folder: Of the project.
        rules: Those with ``check_source`` are asked file by file, those with ``flows`` or ``calls`` about the whole.
        emit: Gets gaps and progress.
        excluded: Patterns of files that are left out, relative to the folder.
        kept: Folder of the user's in which findings of files are kept from one scan to the next.
    """

    def __init__(
        self,
        folder: Path,
        rules: Iterable[Rule],
        emit: Listener,
        excluded: Iterable[str] = (),
        kept: Path | None = None,
    ) -> None:
        self._folder = folder
        every = list(rules)
        self._local = Local(folder, (r for r in every if isinstance(r, ChecksSource)), kept)
        self._flow_rules = [rule for rule in every if isinstance(rule, ChecksFlow | ChecksCall)]
        self._excused = {rule.id: rule.excused for rule in every if rule.excused}
        self._confirmed = {r.id: r.confirmed for r in every if r.confirmed}
        self._emit = emit
        self._excluded = tuple(excluded)
        self.total = 0
        self.parsed = 0
        self._seen: set[str] = set()

    def run(self) -> Iterator[Finding]:
        """Findings of all files, file by file in order, then those of the whole."""
        collecting = gc.isenabled()
        # Trees hold no cycles: the collector would look at each of their millions of nodes for nothing.
        gc.disable()
        try:
            yield from self._run()
        finally:
            if collecting:
                gc.enable()

    def keep(self) -> None:
        """Keep the findings of files for the next scan, where there is a place for them."""
        self._local.keep()

    def _run(self) -> Iterator[Finding]:
        files = [f for f in python_files(self._folder) if not self._left_out(f)]
        self.total = len(files)
        paths = [file.relative_to(self._folder).as_posix() for file in files]
        flow = FlowEngine(
            paths,
            self._read,
            self._flow_rules,
            lambda name: template_named(self._folder, name),
            self._folder,
        )
        held: list[Finding] = []
        waiting: list[Finding] = []
        for number, path in enumerate(paths):
            try:
                text, found = self._local.look(path)
            except UnreadableFile as error:
                self._tell(path, error)
            else:
                self.parsed += 1
                self._seen.add(path)
                flow.look(path, text)
                for finding in found:
                    if finding.rule in self._confirmed:
                        waiting.append(finding)
                    elif finding.rule in self._excused:
                        held.append(finding)
                    else:
                        yield finding
            if number % 50 == 0:
                self._emit(Progress("source", number, self.total))
        forget_index()
        held += flow.run()
        held += (f for f in waiting if flow.confirms(self._confirmed[f.rule], f))
        # What holds for the whole project is known only when all of it was run.
        yield from (f for f in held if self._excused.get(f.rule, "") not in flow.facts)
        for entry in flow.cut_short:
            self._emit(
                GapFound(entry, "it is too large to be followed to its end by the source engine")
            )
        for place, raised in flow.broken.items():
            self._broke(place, raised)

    def _read(self, path: str) -> tuple[ast.Module, list[str]] | None:
        try:
            tree, text = parsed(self._folder / path, self._folder)
        except UnreadableFile as error:
            if path in self._seen:
                self._tell(path, UnreadableFile(f"it changed during the scan: {error.message}"))
            return None  # the others were told of when they had their turn
        return tree, text.splitlines()

    def _left_out(self, file: Path) -> bool:
        relative = file.relative_to(self._folder)
        if any(fnmatch.fnmatch(relative.as_posix(), pattern) for pattern in self._excluded):
            return True
        return is_test(relative.as_posix())

    def _broke(self, place: str, error: Exception) -> None:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        self._emit(Note("source", "".join(traceback.format_exception(error))))
        self._emit(
            GapFound(
                place,
                f"internal error in the source engine: {said}",
                "report it with the log of -v",
            )
        )

    def _tell(self, path: str, error: UnreadableFile) -> None:
        how = (
            "correct it; the syntax of every Python up to 3.14 is read"
            if error.message.startswith("it does not parse")
            else "a regular file of the project in its place"
        )
        self._emit(GapFound(path, error.message, how))
