"""Writes the version of which nothing is known into what people write: lists, constraints, manifests (CWE-1395)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buckler.core.errors import RepairError
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Move
from buckler.scan.fix.upgrades import manifests, owners

UNPROVED: Final = (
    "the new version was not resolved: --resolve does it; what is known of"
    " the other packages does not forbid it"
)
RESOLVE: Final = "`buckler fix --unsafe --resolve` lets the tools decide which others move"


def upgraded(draft: Draft, proof: Mapping[str, Any]) -> bool:
    """Change every requirement that takes the old version and not the new one.

    Args:
        draft: Of any file of the project.
        proof: Of the finding: ``package``, ``installed``, ``upgrade``, ``blocked`` and ``places``.

    Returns:
        Whether something was changed.

    Raises:
        RepairError: It is for a tool, or another package does not take it.
    """
    name, old, new = str(proof["package"]), str(proof["installed"]), str(proof.get("upgrade", ""))
    paths = [str(path) for path, _ in proof.get("places", ())]
    if not new or not paths:
        return False
    if all(map(owners.is_installed, paths)):
        raise RepairError(
            f"{name} {old} is installed and in no list: install {new}",
            hint="write down what is installed, then run `buckler fix` again",
        )
    for path in paths:
        lock = owners.owner(path)
        if lock is not None:
            typed = lock.typed(name, new)
            raise RepairError(f"{path} is for {lock.tool}: --resolve runs it, or type {typed}")
    others = [item for item in proof.get("blocked", ()) if item["by"]]
    if others:
        first = others[0]
        what = f"{first['by']} {first['version']} asks for {first['name']}{first['specifier']}"
        raise RepairError(
            f"{name} {new} would not go together with the others: {what}", hint=RESOLVE
        )
    for path, edits in manifests.edits(draft.folder, [Move(name, old, new)]).items():
        target = draft if path == draft.path else draft.other(path)
        for edit in edits:
            target.edit(edit.start, edit.end, edit.text)
    return True
