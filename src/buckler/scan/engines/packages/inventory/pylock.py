"""Reads ``pylock.toml`` and ``pylock.NAME.toml`` (PEP 751).

Who wants a package stands in its marker, if anywhere; whether the project itself asks for it stands nowhere, so
the manifest beside it is asked. Source: PEP 751, lock version 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.entries import hashes, name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.locked import Locked, Wanted, packages
from buckler.scan.engines.packages.inventory.markers import told
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Problem
from buckler.scan.engines.packages.inventory.tables import Table, tables

KIND: Final = "pylock.toml"


def read(path: str, text: str, manifest: Manifest) -> Inventory:
    """What a ``pylock.toml`` says.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
        manifest: The ``pyproject.toml`` beside it.
    """
    document = tables(path, text, "packages")
    problems = list(document.problems)
    version = text_of(document.rest.get("lock-version"))
    if version and version.partition(".")[0] != "1":
        what = f"this is version {version} of pylock.toml, 1.0 is known"
        problems.append(Problem(path, 1, what, "update Buckler"))
    default = set(rows(document.rest.get("default-groups"), str))
    found = []
    for item in document.tables:
        locked = _locked(path, item, default)
        if locked.name:
            found.append(locked)
        else:
            problems.append(Problem(path, item.line, "a package has no name"))
    python = text_of(document.rest.get("requires-python"))
    return Inventory(path, KIND, packages(found, manifest), tuple(problems), python=python)


def _locked(path: str, item: Table, default: set[str]) -> Locked:
    values = item.values
    marker = told(text_of(values.get("marker")))
    groups = {MAIN if g in default else g for g in marker.groups}
    groups |= {f"extra:{extra}" for extra in marker.extras}
    wanted = [
        Wanted(
            name_of(one.get("name")),
            f"=={v}" if (v := text_of(one.get("version"))) else "",
            chosen=True,
        )
        for one in rows(values.get("dependencies"), dict)
    ]
    return Locked(
        name_of(values.get("name")),
        text_of(values.get("version")),
        item.line,
        path,
        groups=tuple(sorted(groups)) or None,
        marker=marker.where,
        source=_source(values),
        hashes=hashes(values, "sdist", "wheels", "archive"),
        brings={"": wanted},
    )


def _source(values: Mapping[str, Any]) -> str:
    if "vcs" in values:
        return "git"
    directory = table(values.get("directory"))
    if directory:
        return "editable" if directory.get("editable") is True else "path"
    archive = table(values.get("archive"))
    if archive:
        return "path" if "path" in archive else "url"
    return "index"
