"""What a report quotes of the project's own files, without the secrets in them: CWE-532, ASVS 5.0 V16.2.5.

A report goes to the log of a build, to tickets and to other people. The key beside ``app = FastAPI()``
would go with every finding about a header, so each line that is shown comes through here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.finding import Finding, Location, Proof
from buckler.core.redact import Redactor, mask
from buckler.core.shapes import likely
from buckler.scan.inside import Sources
from buckler.scan.model.application import AppModel
from buckler.scan.model.secrets import FORMATS, is_common, is_placeholder, url_password
from buckler.scan.python.constants import Value
from buckler.scan.python.index import Index
from buckler.scan.python.literals import accounts
from buckler.scan.python.parsing import parsed
from buckler.scan.python.written import written_secrets

CONTEXT_LINES: Final = 3
LEAST: Final = 6
"""Characters of a secret: a shorter one is masked where it stands in quotes by itself, and nowhere else."""
MOST_WIDE: Final = 400
MOST_READ: Final = 4096
"""Characters of a line that are looked at before it is cut: what is masked is shorter afterwards."""
MOST_SECRETS: Final = 2000
Excerpt = tuple[tuple[int, str], ...]
_WORD = re.compile(r"[A-Za-z]+(?:[-_ ][A-Za-z]+)*|\d+")
_QUOTED = re.compile(r"[\"']([^\"'\n]{4,})[\"']")
_SETS = re.compile(r"\w=[^\s{%<$:=]")
_PYTHON = (".py", ".pyi", ".pyw")


def quoted(
    sources: Sources,
    folder: Path,
    kept: Iterable[Finding],
    suppressed: Iterable[tuple[Finding, str]],
    model: AppModel | None,
) -> tuple[list[Finding], list[tuple[Finding, str]], dict[str, Excerpt]]:
    """Findings as a report shows them, those that are suppressed with the reason, and by fingerprint the lines around each.

    Args:
        sources: Files of the project.
        folder: Of the project.
        kept: The findings that count.
        suppressed: Those that do not.
        model: Of the application, which may bring passwords along; None where it did not start.
    """
    kept, suppressed = list(kept), list(suppressed)
    found = [*kept, *(f for f, _ in suppressed)]
    known = {one.password for one in model.brought} if model is not None else ()
    shown = Quoted(sources, folder, _paths(found), known)
    return (
        [shown.finding(f) for f in kept],
        [(shown.finding(f), why) for f, why in suppressed],
        {f.fingerprint: shown.excerpt(f.location) for f in found},
    )


def _paths(found: Iterable[Finding]) -> Iterator[str]:
    """The files of which a line is shown."""
    for finding in found:
        if finding.location.path:
            yield finding.location.path
        for proof in finding.proof:
            if proof.kind == "flow":
                yield from (s["path"] for s in proof.data.get("steps") or () if s.get("path"))


class Quoted:
    """Lines of the project's files.

    Args:
        sources: The files.
        folder: Of the project.
        paths: The files that are quoted; the secrets of one are masked in all.
        known: Secrets that are known from elsewhere: passwords of the accounts that the application brings along.
    """

    def __init__(
        self, sources: Sources, folder: Path, paths: Iterable[str], known: Iterable[str] = ()
    ) -> None:
        self._sources = sources
        secrets = {s for s in known if _is_hidden(s)}
        modules = {p for p in paths if p.endswith(_PYTHON) and sources.file(p) is not None}
        secrets.update(_secrets(folder, sorted(modules)))
        self._pattern = _pattern(sorted(secrets, key=len, reverse=True)[:MOST_SECRETS])
        self._redactor = Redactor()

    def excerpt(self, place: Location) -> Excerpt:
        """The lines around a place, each with its number.

        Args:
            place: Of a finding.
        """
        if not place.path or not place.line or self._sources.file(place.path) is None:
            return ()
        first = max(place.line - CONTEXT_LINES, 1)
        lines = [
            (n, self._quoted(place.path, n)[:MOST_WIDE])
            for n in range(first, place.line + CONTEXT_LINES + 1)
        ]
        return tuple((number, text) for number, text in lines if text or number == place.line)

    def _quoted(self, path: str, number: int) -> str:
        return self.text(path, self._sources.line(path, number).rstrip("\n")[:MOST_READ])

    def text(self, path: str, line: str) -> str:
        """One line of a file.

        Args:
            path: Of the file; what is no Python is read as names and values.
            line: As it stands there, or a part of it.
        """
        if not path.endswith(_PYTHON):
            line = self._redactor.text(line)
        else:
            for shape in likely(line):
                line = shape.masked(line, mask)
            line = _QUOTED.sub(self._literal, line)
        return self._pattern.sub(_masked, line) if self._pattern is not None else line

    def _literal(self, found: re.Match[str]) -> str:
        """A literal with a setting in it: ``"PGPASSWORD=..."``."""
        text = found.group()
        return self._redactor.text(text) if _SETS.search(text) else text

    def finding(self, found: Finding) -> Finding:
        """A finding whose proofs quote no secret."""
        proof = tuple(self._flow(p) if p.kind == "flow" else p for p in found.proof)
        return replace(found, proof=proof) if proof != found.proof else found

    def _flow(self, proof: Proof) -> Proof:
        steps = [
            {**s, "code": self.text(s.get("path") or "", s["code"])} if "code" in s else s
            for s in proof.data.get("steps") or ()
        ]
        return replace(proof, data={**proof.data, "steps": steps})


def _pattern(secrets: list[str]) -> re.Pattern[str] | None:
    """Finds them, the longest first; what is a word like others counts only as all of a literal."""
    parts = []
    for secret in secrets:
        plain = len(secret) < LEAST or _WORD.fullmatch(secret)
        escaped = re.escape(secret)
        parts.append(rf"(?<=[\"']){escaped}(?=[\"'])" if plain else escaped)
    return re.compile("|".join(parts)) if parts else None


def _masked(found: re.Match[str]) -> str:
    return mask(found.group())


def _is_hidden(text: str) -> bool:
    """Whether a text is a secret that nobody has who has not seen it: no ``changeme``."""
    return len(text) > 3 and not is_common(text) and not is_placeholder(text)


def _secrets(folder: Path, paths: Iterable[str]) -> Iterator[str]:
    """The secrets that are written into modules or that they take from others, as they stand on their lines."""
    text = lru_cache(maxsize=None)(lambda path: parsed(folder / path, folder)[1])
    for path in paths:
        try:
            tree, _ = parsed(folder / path, folder)
            index = Index(path, tree, folder)
            for value, _ in (*written_secrets(index), *accounts(index)):
                yield from filter(_is_hidden, _on_lines(value, text(value.path)))
        except (UnreadableFile, RecursionError):
            continue  # told where it was to be scanned; the form of secrets is masked all the same


def _on_lines(value: Value, text: str) -> Iterator[str]:
    """What of a constant is to be hidden, line by line: a secret may stand on several, or be written with escapes."""
    for item in value.value if isinstance(value.value, list) else [value.value]:
        said = item.decode("latin-1") if isinstance(item, bytes) else item
        if not isinstance(said, str):
            continue
        password = url_password(said)
        part = password or next((f.group() for _, p in FORMATS if (f := p.search(said))), said)
        if "PRIVATE KEY" in part:
            part = said
        pieces = [piece.strip() for piece in part.splitlines()]
        yield from (p for p in pieces if p in text and not p.startswith("-----"))
        if not all(piece in text for piece in pieces):
            yield from _QUOTED.findall(ast.get_source_segment(text, value.node) or "")
