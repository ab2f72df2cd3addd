"""Operators of aggregation expressions that work on values alone, by name."""

from __future__ import annotations

from buckler.scan.engines.app.servers.standin import (
    mongo_arithmetic,
    mongo_arrays,
    mongo_conversions,
    mongo_dates,
    mongo_strings,
)
from buckler.scan.engines.app.servers.standin.mongo_function import FUNCTIONS

__all__ = ["FAMILIES", "FUNCTIONS"]

FAMILIES = (mongo_arithmetic, mongo_arrays, mongo_conversions, mongo_dates, mongo_strings)
"""The modules whose import enters their operators."""
