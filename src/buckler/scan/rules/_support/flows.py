"""How a flow is worded, and where in an address or path the input stands."""

from __future__ import annotations

import re
from dataclasses import replace

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.hits import described
from buckler.scan.engines.source.flow.interface import At, Flow
from buckler.scan.engines.source.flow.values import Taint, Taints, bit

SQL = re.compile(
    r"\b(select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|replace\s+into|create\s+(table|index|view)"
    r"|drop\s+\w+|alter\s+table|order\s+by|where|pragma|attach|exec(ute)?|call|with\s+\w+\s+as|truncate|set|copy|values|union)\b",
    re.IGNORECASE | re.DOTALL,
)
_HOST_FIXED = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#\\\0@]+[/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:(?!/)", re.IGNORECASE)


def told(flow: Flow, what: str, taints: Taints = ()) -> Verdict:
    """A verdict: where the input, or the part of it that matters, comes from, and what it becomes."""
    if taints:
        return At(f"{described(replace(flow, taints=taints)).capitalize()} {what}", taints=taints)
    return Verdict(f"{described(flow).capitalize()} {what}")


def decides_host(before: str) -> bool:
    """Whether what follows a constant text may decide which host an address leads to."""
    return _HOST_FIXED.match(before) is None


def decides_redirect(before: str) -> bool:
    """Whether what follows a constant text may lead a browser to another site."""
    if _HOST_FIXED.match(before) is not None or before.startswith(("?", "#")):
        return False
    if before in ("", "/", "//", "\\"):
        return True
    if _SCHEME.match(before):
        return before.lower().startswith(("javascript:", "data:"))
    return not before.startswith("/") and not re.match(r"^[\w.-]+[/?#]", before)


def has(flow: Flow, taint: Taint, *kinds: str) -> bool:
    """Whether checks have shown all of these parts of a protection."""
    wanted = bit(*kinds)
    return flow.cleared(taint) & wanted == wanted
