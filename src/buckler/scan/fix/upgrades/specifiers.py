"""Changes what a manifest asks for, as little as a new version needs: ``<3`` becomes ``<4`` for 3.2.

Only clauses that forbid the new version are written anew; blanks, order and the other clauses stay as they are.
Source: PEP 440, Poetry's documentation of version constraints.
"""

from __future__ import annotations

import re
from typing import Final

from packaging.version import InvalidVersion, Version

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory.entries import fulfils
from buckler.scan.engines.packages.inventory.poetry_versions import specifier as in_pep_440

_CLAUSE: Final = re.compile(
    r"(?P<sign>===|==|~=|!=|<=|>=|<|>|\^|~)?(?P<blank>\s*)v?(?P<version>\d[\w.+!-]*?)(?P<any>\.\*)?"
)
_HINT: Final = "change it by hand, then run `buckler fix` again"


def respecified(written: str, version: str) -> str:
    """A specifier that takes a version; the same text where it does already.

    Args:
        written: As it stands in a manifest, in the words of PEP 440 or of Poetry.
        version: A later one than it takes.

    Raises:
        RepairError: It is none that can be changed clause by clause.
    """
    if "|" in written:
        raise _impossible(written, version)
    parts = written.split(",")
    made = ",".join(_clause(part, version) for part in parts)
    if made.strip() and not accepts(made, version):
        raise _impossible(written, version)
    return made


def accepts(written: str, version: str) -> bool:
    """Whether a specifier, in whichever words, takes a version."""
    parts = [in_pep_440(part.strip()) for part in written.split(",")]
    if any(not made for part, made in zip(written.split(","), parts, strict=True) if _says(part)):
        return False
    return all(fulfils(part, version) for part in parts if part)


def _says(part: str) -> bool:
    return part.strip() not in ("", "*")


def _clause(part: str, version: str) -> str:
    if not _says(part) or accepts(part, version):
        return part
    bare = part.strip()
    found = _CLAUSE.fullmatch(bare)
    new = _other(found, version) if found is not None else ""
    if not new:
        raise _impossible(part, version)
    return part.replace(bare, new, 1)


def _other(found: re.Match[str], version: str) -> str:
    """A clause with the same sign for another version; empty where that says nothing."""
    try:
        new, old = Version(version), Version(found["version"])
    except InvalidVersion:
        return ""
    sign, blank, length = found["sign"] or "", found["blank"], len(old.release)
    if found["any"]:
        return f"{sign}{blank}{_cut(new, length)}.*"
    if sign in ("", "==", "===", "<="):
        return f"{sign}{blank}{version}"
    if sign in ("~=", "^", "~"):
        cut = _cut(new, max(length, 2) if sign == "~=" else length)
        return f"{sign}{blank}{version if new.is_prerelease else cut}"
    if sign == "<":
        return f"{sign}{blank}{_beyond(new, old)}"
    return ""


def _cut(version: Version, length: int) -> str:
    numbers = (*version.release, *([0] * length))[:length]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, numbers))


def _beyond(new: Version, old: Version) -> str:
    """The bound behind a version that is as coarse as the one it takes the place of: ``<3.0`` becomes ``<4.0``."""
    coarse = next((n for n in range(len(old.release), 1, -1) if old.release[n - 1]), 1)
    numbers = [int(n) for n in _cut(new, coarse).rpartition("!")[2].split(".")]
    numbers[-1] += 1
    numbers += [0] * (len(old.release) - coarse)
    epoch = f"{new.epoch}!" if new.epoch else ""
    return epoch + ".".join(map(str, numbers))


def _impossible(written: str, version: str) -> RepairError:
    return RepairError(f"{written.strip()} cannot be made to take {version}", hint=_HINT)
