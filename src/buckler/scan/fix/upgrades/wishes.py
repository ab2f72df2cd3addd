"""What findings about known weaknesses ask for: packages, versions, and the files that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from buckler.core.finding import Finding
from buckler.scan.fix.edits import Move
from buckler.scan.fix.plan import Left
from buckler.scan.fix.upgrades import owners

ADVISORY = "advisory"
"""Kind of proof that names a package and its upgrade."""
_BY_HAND = ("pdm", "pipenv")


@dataclass(frozen=True, slots=True)
class Wish:
    """One package that is to get another version.

    Attributes:
        paths: Files of the project that hold the old one.
        findings: That are closed by it.
    """

    move: Move
    paths: tuple[str, ...]
    findings: tuple[Finding, ...]


def is_wish(finding: Finding) -> bool:
    """Whether a finding is about a version of a package."""
    return any(proof.kind == ADVISORY and proof.data.get("package") for proof in finding.proof)


def wishes(findings: Iterable[Finding]) -> tuple[list[Wish], list[Left]]:
    """What is to be upgraded, and what cannot be.

    Args:
        findings: Those for which :func:`is_wish` holds.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        data = next(proof.data for proof in finding.proof if proof.kind == ADVISORY)
        groups.setdefault((str(data["package"]), str(data["installed"])), []).append(finding)
    found: list[Wish] = []
    left: list[Left] = []
    for (name, old), about in groups.items():
        data = next(proof.data for proof in about[0].proof if proof.kind == ADVISORY)
        move = Move(name, old, str(data.get("upgrade", "")))
        paths = tuple(dict.fromkeys(str(path) for path, _ in data.get("places", ())))
        listed = tuple(path for path in paths if not owners.is_installed(path))
        why = _impossible(move, listed)
        if why:
            left += [Left(finding, why, tried=True) for finding in about]
        else:
            found.append(Wish(move, listed, tuple(about)))
    return _one_version(found), left


def _impossible(move: Move, paths: tuple[str, ...]) -> str:
    if not move.new:
        return f"no version of {move.name} without it is named"
    if not paths:
        return f"{move.name} {move.old} is installed and in no list: install {move.new}"
    for path in paths:
        owner = owners.owner(path)
        if owner is not None and owner.tool in _BY_HAND:
            typed = owner.typed(move.name, move.new)
            return f"{path}: {owner.tool} is not run by Buckler; type {typed}"
    return ""


def _one_version(found: list[Wish]) -> list[Wish]:
    """Of one package that stands in several old versions, one new version: the latest that any of them asks for."""
    latest: dict[str, str] = {}
    for wish in found:
        name, new = wish.move.name, wish.move.new
        latest[name] = max((latest.get(name, new), new), key=_order)
    return [
        Wish(Move(w.move.name, w.move.old, latest[w.move.name]), w.paths, w.findings) for w in found
    ]


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")
