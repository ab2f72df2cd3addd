"""Findings of files that have not changed, kept in the user's own cache folder between scans.

A project that is scanned is not trusted. What is kept therefore never lies in its folder, where it
could plant a list without findings; it is plain JSON, so reading it runs nothing (CWE-502); it
counts only where it belongs to this user and nobody else may write to it (CWE-732); and each entry
is bound to the content of every file that it was made from, and to Buckler's own sources.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from inspect import getfile
from pathlib import Path
from typing import Any

import buckler
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.scan.engines.interface import ChecksSource

MAX_BYTES = 32_000_000
"""Most that is kept of one project; of one that is larger nothing is."""
MAX_PROJECTS = 40
"""Of how many projects findings are kept; those scanned longest ago make room."""
_NAME = "source.json"
_OWN = Path(getfile(buckler)).parent
_PARTS = ("core", "scan")

State = Callable[[str], str]
"""The digest of a file by its path, or why there is none."""


def digest(data: bytes) -> str:
    """What stands for a content."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def version_of(rules: Iterable[ChecksSource]) -> str | None:
    """What stands for everything but the project that findings depend on; None where that is unknown."""
    ids = []
    for rule in rules:
        if not type(rule).__module__.startswith("buckler."):
            return None  # a rule of the user's, which may read what it likes
        ids.append(rule.id)
    return digest(f"{sys.version_info[:3]} {sorted(ids)} {own_sources()}".encode())


@cache
def own_sources() -> str:
    """Of Buckler's own sources: a fixed rule finds something else in the same file."""
    total = hashlib.blake2b(digest_size=20)
    for part in _PARTS:
        for path in sorted((_OWN / part).rglob("*.py")):
            total.update(path.relative_to(_OWN).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


class Kept:
    """What is kept of one project.

    Args:
        folder: Where; it is made when something is kept, for this user alone.
        version: See :func:`version_of`.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self._path = folder / _NAME
        self._version = version
        self._old = self._load()
        self._new: dict[str, Any] = {}

    def findings(self, path: str, content: str, state: State) -> list[Finding] | None:
        """The findings of a file, or None where it or a file that counts has changed.

        Args:
            path: Relative to the project's folder.
            content: Its digest.
            state: Of the other files.
        """
        entry = self._old.get(path)
        try:
            if entry is None or entry["content"] != content:
                return None
            if any(state(other) != known for other, known in entry["reads"].items()):
                return None
            found = [_finding(item) for item in entry["findings"]]
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # written by somebody else: it is made anew
        self._new[path] = entry
        return found

    def put(
        self, path: str, content: str, reads: Mapping[str, str], findings: list[Finding]
    ) -> None:
        """Keep the findings of a file, unless JSON would change them."""
        items = json.loads(json.dumps([_plain(f) for f in findings], default=str))
        if [_finding(item) for item in items] == findings:
            self._new[path] = {"content": content, "reads": dict(reads), "findings": items}

    def save(self) -> None:
        """Write it."""
        if self._new == self._old:
            return
        write_own(self._path, json.dumps({"version": self._version, "files": self._new}))

    def _load(self) -> dict[str, Any]:
        data = read_own(self._path)
        fits = isinstance(data, dict) and data.get("version") == self._version
        files = data.get("files") if isinstance(data, dict) and fits else None
        return files if isinstance(files, dict) else {}


def write_own(path: Path, text: str) -> None:
    """Write a file that is kept, for this user alone; a folder that cannot be written costs time, nothing else."""
    folder = path.parent
    part = folder / f"{path.name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if len(text) > MAX_BYTES or not _is_own(folder):
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(part, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        part.replace(path)
        _make_room(folder.parent, path.name)
    except OSError:
        with suppress(OSError):
            part.unlink()


def read_own(path: Path) -> Any:
    """The JSON value of a file that is kept; None where there is none yet, it is damaged or it is somebody else's."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags), "rb") as stream:
            if not _is_own(path.parent) or not _is_own(stream.fileno()):
                return None
            return json.loads(stream.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None  # it is made anew


def _is_own(place: Path | int) -> bool:
    """Whether something belongs to this user, and nobody else may write to it."""
    found = os.stat(place)
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _make_room(base: Path, name: str) -> None:
    files = sorted(base.glob(f"*/{name}"), key=lambda file: file.stat().st_mtime)
    for file in files[:-MAX_PROJECTS]:
        file.unlink(missing_ok=True)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "message": finding.message,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "location": finding.location.as_dict(),
        "proof": [{"kind": proof.kind, "data": dict(proof.data)} for proof in finding.proof],
        "anchor": finding.anchor,
        "subject": finding.subject,
        "context": dict(finding.context),
    }


def _finding(item: dict[str, Any]) -> Finding:
    return Finding(
        rule=item["rule"],
        message=item["message"],
        severity=Severity(item["severity"]),
        confidence=Confidence(item["confidence"]),
        location=Location(**item["location"]),
        proof=tuple(Proof(proof["kind"], proof["data"]) for proof in item["proof"]),
        anchor=item["anchor"],
        subject=item["subject"],
        context=item["context"],
    )
