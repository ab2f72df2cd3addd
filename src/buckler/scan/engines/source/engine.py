"""Parses every Python file of a project and shows it to the rules that read source."""

from __future__ import annotations

import fnmatch
import gc
from collections.abc import Iterable, Iterator
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.events import GapFound, Listener, Progress
from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.discover import python_files
from buckler.scan.engines.interface import ChecksSource, Module
from buckler.scan.engines.source.kept import Kept, digest, version_of
from buckler.scan.python.modules import forget
from buckler.scan.python.parsing import content_of, tree_of
from buckler.scan.python.reads import recorded

TESTS = ("test_*.py", "*_test.py", "conftest.py")
TEST_FOLDERS = frozenset({"tests", "test", "testing"})


class SourceEngine:
    """Looks at one project's source.

    Args:
        folder: Of the project.
        rules: Those with ``check_source`` are asked.
        emit: Gets gaps and progress.
        excluded: Patterns of files that are left out, relative to the folder.
        kept: Folder of the user's in which findings are kept from one scan to the next.
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
        self._rules = [rule for rule in rules if isinstance(rule, ChecksSource)]
        self._emit = emit
        self._excluded = tuple(excluded)
        self._kept = self._open(kept)
        self._states: dict[str, str] = {}
        self.total = 0
        self.parsed = 0

    def run(self) -> Iterator[Finding]:
        """Findings of all files, file by file in order."""
        files = [f for f in python_files(self._folder) if not self._left_out(f)]
        self.total = len(files)
        forget()
        collecting = gc.isenabled()
        # Trees hold no cycles: collecting looks at each of their millions of nodes for nothing.
        gc.disable()
        try:
            for number, file in enumerate(files):
                yield from self._found(file)
                if number % 50 == 0:
                    self._emit(Progress("source", number, self.total))
        finally:
            if collecting:
                gc.enable()

    def keep(self) -> None:
        """Keep what was found for the next scan, where there is a place for it."""
        if self._kept is not None:
            self._kept.save()

    def _found(self, file: Path) -> list[Finding]:
        relative = file.relative_to(self._folder).as_posix()
        try:
            data = content_of(file, self._folder)
            content = digest(data) if self._kept is not None else ""
            found = self._known(relative, content)
            if found is None:
                found = self._checked(relative, data, content)
        except UnreadableFile as error:
            how = (
                "correct it; the syntax of every Python up to 3.14 is read"
                if error.message.startswith("it does not parse")
                else "a regular file of the project in its place"
            )
            self._emit(GapFound(relative, error.message, how))
            return []
        self.parsed += 1
        return found

    def _known(self, relative: str, content: str) -> list[Finding] | None:
        return self._kept.findings(relative, content, self._state) if self._kept else None

    def _checked(self, relative: str, data: bytes, content: str) -> list[Finding]:
        tree, text = tree_of(data)
        module = Module(relative, tree, text.splitlines(), self._folder)
        found: list[Finding] = []
        with recorded() as reads:
            for rule in self._rules:
                words = getattr(rule, "words", ())
                if not words or any(word in text for word in words):
                    found.extend(rule.check_source(module))
        if self._kept is not None and not reads.unbounded:
            states = {str(path): self._state(str(path)) for path in reads.paths}
            self._kept.put(relative, content, states, found)
        return found

    def _state(self, path: str) -> str:
        """The digest of a file that another one's findings depend on."""
        if path not in self._states:
            try:
                self._states[path] = digest(content_of(Path(path), self._folder))
            except UnreadableFile as error:
                self._states[path] = f"unreadable: {error.message}"
        return self._states[path]

    def _open(self, folder: Path | None) -> Kept | None:
        """What is kept, unless it would lie in the project's own hands."""
        if folder is None or folder.resolve().is_relative_to(self._folder.resolve()):
            return None
        version = version_of(self._rules)
        return Kept(folder, version) if version is not None else None

    def _left_out(self, file: Path) -> bool:
        relative = file.relative_to(self._folder)
        if any(fnmatch.fnmatch(relative.as_posix(), pattern) for pattern in self._excluded):
            return True
        return bool(TEST_FOLDERS.intersection(relative.parts[:-1])) or any(
            fnmatch.fnmatch(file.name, pattern) for pattern in TESTS
        )
