"""Signs of operators in queries of document databases (CWE-943): ``{"password": {"$ne": ""}}``."""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.NOSQL)
_OPERATORS = (
    r"\$(?:eq|ne|gte?|lte?|n?in|regex|where|exists|n?or|and|not|expr|function|accumulator|elemmatch|all"
    r"|size|mod|type|comment|jsonschema|lookup|merge|out)"
)

SIGNS: Final = (
    _sign(4, rf"^~{_OPERATORS}~$", key=True),
    _sign(4, rf"\[{_OPERATORS}\]", key=True),
    _sign(4, rf"[{{,]~['\"]?{_OPERATORS}['\"]?~:", prose=2),
    _sign(4, rf"^~\[{_OPERATORS}\]|^\$where~:", prose=2),
    _sign(
        4, r"^[^'\"=(\n]*['\"]~;~(?:return\b|while~\(|for~\(|var \w|sleep~\(|\w+~=~new )", prose=2
    ),
    _sign(4, r"['\"]~(?:\|\||&&)~['\"]?\w+['\"]?~={2,3}~['\"]?\w", prose=2),
    _sign(4, r"^~(?:return )?this\.\w+\.(?:match|length|charat|substring)\b"),
    _sign(3, r"\breturn this\.\w+"),
    _sign(4, r"(?:&&|\|\|)~this\.\w+\.(?:match|length)\b|^~\|\|~\d+~==~\d", prose=2),
    _sign(4, rf"^[^'\"\n]*['\"]~[}}\])]+~,~['\"]?{_OPERATORS}"),
)
