"""How bad an advisory is, by the CVSS vector that it gives (CVSS 3.0, 3.1 and 4.0, by FIRST)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from buckler.core.errors import AdvisoryError
from buckler.core.finding import Severity

_WORDS: Final = {
    "none": Severity.INFO,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """What a vector says.

    Attributes:
        version: Of CVSS: 3 or 4.
        score: Base score, 0 to 10.
        severity: The rating that the standard gives for it.
        vector: As it was given.
    """

    version: int
    score: float
    severity: Severity
    vector: str


def of_vector(vector: str) -> Scored | None:
    """What a vector says, or None where it is none of CVSS 3 or 4.

    Raises:
        AdvisoryError: The library that reads vectors is not installed.
    """
    if not vector.startswith(("CVSS:3", "CVSS:4.0/")) or len(vector) > _LONGEST:
        return None
    try:
        from cvss import CVSS3, CVSS4, CVSSError  # type: ignore[import-untyped]
    except ImportError as error:
        raise AdvisoryError(
            "the advisories' CVSS vectors need cvss", hint="pip install 'buckler[packages]'"
        ) from error
    try:
        if vector.startswith("CVSS:4"):
            four = CVSS4(vector)
            return Scored(4, float(four.base_score), _WORDS[four.severity.lower()], vector)
        three = CVSS3(vector)
        return Scored(3, float(three.base_score), _WORDS[three.severities()[0].lower()], vector)
    except CVSSError:
        return None
