"""What is said of a weakness in a product, in the words of VEX.

An auditor believes a statement, so nothing is stated that was not shown: by itself this project says ``affected`` or
``under_investigation``. Where nothing in the whole project was seen to lead to what has the weakness, ``not_affected`` is
stated if the user asks for what was derived, with the note that nobody has confirmed it: source shows what is there, and
never that there is no other way. That a product has the fix is said by people alone.
Source: Minimum Requirements for VEX (CISA, 2023); OpenVEX 0.2.0; CycloneDX 1.6, ``analysis``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach.level import Level
from buckler.scan.engines.packages.reach.telling import sentence
from buckler.scan.engines.packages.seen import PackageSeen


class Status(StrEnum):
    """How a product and a weakness stand to each other, as OpenVEX calls it."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"

    @property
    def closes(self) -> bool:
        """Whether nothing is left to do."""
        return self in (Status.NOT_AFFECTED, Status.FIXED)


JUSTIFICATIONS: Final = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""Why a product is not affected, as OpenVEX calls it."""


DERIVED: Final = "Derived by Buckler from the source, and confirmed by nobody:"
"""Begins the note of what no person said."""


@dataclass(frozen=True, slots=True)
class State:
    """What is said of one weakness in one version.

    Attributes:
        status: How it stands.
        justification: Why it is not affected, one of :data:`JUSTIFICATIONS`; may be empty.
        impact: The same in a sentence; may be empty.
        notes: How that is known.
        action: What to do; of what is affected.
        derived: Whether a scan concluded that it is not affected, and no person said so.
    """

    status: Status
    justification: str = ""
    impact: str = ""
    notes: str = ""
    action: str = ""
    derived: bool = False


def shown(seen: PackageSeen, weakness: Weakness, *, derived: bool = False) -> State:
    """What a scan itself can say, by how far it saw the project come to the weakness.

    Args:
        seen: The package.
        weakness: Of it.
        derived: Whether ``not_affected`` is stated where no call was seen.
    """
    reach = seen.reach_of(weakness)
    said = sentence(reach, seen.package.name)
    if reach.level is Level.NOT_CALLED and derived:
        return State(
            Status.NOT_AFFECTED,
            justification="vulnerable_code_not_in_execute_path",
            notes=f"{DERIVED} {said} No other package that production installs is said to use it.",
            derived=True,
        )
    if not seen.package.in_production:
        return State(Status.UNDER_INVESTIGATION, notes=f"{said} Production does not install it.")
    if reach.is_way or reach.level is Level.IMPORTED:
        return State(Status.AFFECTED, notes=said, action=advice(seen, weakness))
    return State(Status.UNDER_INVESTIGATION, notes=said)


def advice(seen: PackageSeen, weakness: Weakness) -> str:
    """What to do about a weakness, in one sentence."""
    name, version = seen.package.name, seen.package.version
    later = seen.upgrade or weakness.fixed
    if weakness.malicious:
        return f"Remove {name} {version}: the package itself is the attack."
    if later:
        return f"Upgrade {name} from {version} to {later}."
    return f"No version of {name} without it is named: replace it, or keep strangers away from what reaches it."
