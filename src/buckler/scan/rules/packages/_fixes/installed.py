"""Writes the versions that the project's own environment has into its requirements (CWE-1104)."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from buckler.core import toml
from buckler.scan.fix.draft import Draft
from buckler.scan.model.requirements import is_pinned

_ENVIRONMENTS = (".venv", "venv", "env")
_LINE = re.compile(r"^(?P<what>[A-Za-z0-9][^#]*?)(?P<rest>\s*(?:\s#.*)?)$")


def pinned_as_installed(draft: Draft) -> list[str]:
    """Pin what a file leaves open; the names, none where the environment lacks one of them."""
    versions = _installed(draft.folder)
    if not versions:
        return []
    return (
        _in_project(draft, versions) if draft.path.endswith(".toml") else _in_lines(draft, versions)
    )


def _installed(folder: Path) -> dict[str, str]:
    """Versions by name, of the environment that lies in the project."""
    for name in _ENVIRONMENTS:
        places = [
            *folder.glob(f"{name}/lib/python*/site-packages"),
            folder / name / "Lib/site-packages",
        ]
        for place in places:
            found: dict[str, str] = {}
            for info in place.glob("*.dist-info"):
                project, _, version = info.name.removesuffix(".dist-info").partition("-")
                if version and not info.is_symlink():
                    found[canonicalize_name(project)] = version
            if found:
                return found
    return {}


def _pinned(text: str, versions: dict[str, str]) -> str | None:
    """A requirement with its version; itself where it has one, None where none is known that it takes."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text
    if is_pinned(requirement):
        return text
    version = versions.get(canonicalize_name(requirement.name))
    if version is None or not requirement.specifier.contains(version, prereleases=True):
        return None
    extras = (
        text[len(requirement.name) :].lstrip().partition("]")[0] + "]" if requirement.extras else ""
    )
    marker = text[text.index(";") :] if ";" in text else ""
    return f"{requirement.name}{extras}=={version}{' ' if marker else ''}{marker}"


def _in_lines(draft: Draft, versions: dict[str, str]) -> list[str]:
    done, start = [], 0
    for line in draft.text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        found = _LINE.match(bare)
        if found is not None and not bare.endswith("\\"):
            new = _pinned(found["what"], versions)
            if new is None:
                return []
            if new != found["what"]:
                draft.edit(start, start + found.end("what"), new)
                done.append(new)
        start += len(line)
    return done


def _in_project(draft: Draft, versions: dict[str, str]) -> list[str]:
    document = toml.loads(draft.text)
    project = document.get("project", {})
    if "build-system" in document or project.get("optional-dependencies"):
        return []  # what others install is not to be pinned
    done = []
    for text in project.get("dependencies", []):
        new = _pinned(text, versions)
        places = [
            m for q in ('"', "'") for m in re.finditer(re.escape(f"{q}{text}{q}"), draft.text)
        ]
        if new is None or len(places) != 1:
            return []
        if new != text:
            draft.edit(places[0].start() + 1, places[0].end() - 1, new)
            done.append(new)
    return done
