"""On which day each Python gets no security fixes any more.

Source: PEP 602 and the status page of the developer's guide; of what is still to come, the last day of the month.
"""

from __future__ import annotations

from datetime import date
from typing import Final

ENDS: Final = {
    (2, 7): date(2020, 1, 1),
    (3, 0): date(2009, 6, 27),
    (3, 1): date(2012, 4, 9),
    (3, 2): date(2016, 2, 20),
    (3, 3): date(2017, 9, 29),
    (3, 4): date(2019, 3, 18),
    (3, 5): date(2020, 9, 30),
    (3, 6): date(2021, 12, 23),
    (3, 7): date(2023, 6, 27),
    (3, 8): date(2024, 10, 7),
    (3, 9): date(2025, 10, 31),
    (3, 10): date(2026, 10, 31),
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
    (3, 15): date(2031, 10, 31),
}
"""By major and minor version."""


def ended(version: tuple[int, int], today: date) -> date | None:
    """The day from which on a Python gets no fixes; None while it does, and for later ones than are known."""
    if version[0] < 2:
        return None
    day = ENDS.get(version, ENDS[2, 7] if version[0] == 2 else None)
    return day if day is not None and day < today else None
