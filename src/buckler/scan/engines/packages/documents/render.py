"""Which documents there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from buckler.core.errors import UsageError
from buckler.scan.engines.packages.documents import cyclonedx, openvex, spdx
from buckler.scan.engines.packages.documents.bill import Bill

SBOM: Final[Mapping[str, Callable[[Bill], str]]] = {"cyclonedx": cyclonedx.sbom, "spdx": spdx.sbom}
"""Bills of materials, by format."""
VEX: Final[Mapping[str, Callable[[Bill], str]]] = {
    "openvex": openvex.vex,
    "cyclonedx": cyclonedx.vex,
}
"""Statements about weaknesses, by format."""
KINDS: Final = {
    **{f"sbom-{name}": make for name, make in SBOM.items()},
    **{f"vex-{name}": make for name, make in VEX.items()},
}
"""All of them: ``sbom-cyclonedx``, ``sbom-spdx``, ``vex-openvex``, ``vex-cyclonedx``."""


def render(kind: str, bill: Bill) -> str:
    """A document as it is written into a file; the same for the same bill.

    Args:
        kind: One of :data:`KINDS`.
        bill: What ``bill_of`` made.

    Raises:
        UsageError: There is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no document {kind!r}", hint=f"one of {', '.join(KINDS)}")
    return KINDS[kind](bill)
