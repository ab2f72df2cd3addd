"""What rules find in one file by itself, made anew or kept from the scan before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from buckler.core.errors import UnreadableFile
from buckler.core.finding import Finding
from buckler.scan.engines.interface import ChecksSource, Module
from buckler.scan.engines.source.kept import Kept, digest, version_of
from buckler.scan.languages import jinja
from buckler.scan.python.modules import forget
from buckler.scan.python.parsing import content_of, text_of, tree_of
from buckler.scan.python.reads import recorded


class Local:
    """Asks the rules about the files of one project, one by one.

    Args:
        folder: Of the project.
        rules: The ones to ask.
        kept: Folder of the user's in which findings are kept, or None.
    """

    def __init__(self, folder: Path, rules: Iterable[ChecksSource], kept: Path | None) -> None:
        self._folder = folder
        self._rules = list(rules)
        self._kept = self._open(kept)
        self._states: dict[str, str] = {}
        forget()
        jinja.forget()

    def look(self, relative: str) -> tuple[str, list[Finding]]:
        """The text of a file and the findings in it.

        Raises:
            UnreadableFile: It must not or cannot be read, or does not parse.
        """
        data = content_of(self._folder / relative, self._folder)
        text = text_of(data)
        content = digest(data) if self._kept is not None else ""
        found = self._kept.findings(relative, content, self._state) if self._kept else None
        return text, self._asked(relative, text, content) if found is None else found

    def keep(self) -> None:
        """Keep what was found for the next scan, where there is a place for it."""
        if self._kept is not None:
            self._kept.save()

    def _asked(self, relative: str, text: str, content: str) -> list[Finding]:
        module = Module(relative, tree_of(text), text.splitlines(), self._folder, text)
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
