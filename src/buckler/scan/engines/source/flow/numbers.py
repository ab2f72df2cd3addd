"""Columns of databases that hold numbers, by their names."""

from __future__ import annotations

import re

NUMERIC = re.compile(
    r"(?:^|_)(?:id|count|number|num|no|price|amount|total|sum|stars?|score|rating|grams?|qty|quantity|stock|year|month"
    r"|day|age|size|weight|width|height|length|at|on|date|time|created|updated|rank|level|position|points|percent|cents|pieces|version)$",
    re.IGNORECASE,
)
"""Names of columns that hold numbers or times."""
