"""Judges the licence of a distribution: whether it binds what uses it.

Source: PEP 639 and the core metadata specification; SPDX specification 2.3, annex D.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from buckler.scan.engines.packages.inventory.licences import Stated

_STRONG: Final = re.compile(
    r"(?:AGPL|GPL|SSPL|OSL|EUPL|RPL|CPAL)-\d|(?:BUSL|Elastic|PolyForm)-", re.IGNORECASE
)
"""Beginnings of SPDX identifiers; LGPL and MPL bind the package alone and are left out."""  # fmt: skip
_FREEING: Final = re.compile(r"exception", re.IGNORECASE)
"""``WITH`` one of these, what uses the package is not bound by its licence."""
_TOKEN: Final = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")
_CLASSIFIERS: Final = (
    (r"Affero General Public License v3 or later", "AGPL-3.0-or-later"),
    (r"Affero General Public License v3", "AGPL-3.0-only"),
    (r"Lesser General Public License", "LGPL"),
    (r"GNU General Public License v2 or later", "GPL-2.0-or-later"),
    (r"GNU General Public License v2", "GPL-2.0-only"),
    (r"GNU General Public License v3 or later", "GPL-3.0-or-later"),
    (r"GNU General Public License v3", "GPL-3.0-only"),
    (r"European Union Public Licence 1\.2", "EUPL-1.2"),
)
_PLAIN: Final = re.compile(
    r"(?:GNU )?(A?GPL)(?:[ -]?v?\.?(2|3)(?:\.0)?)(\+| or later|-or-later|-only)?", re.IGNORECASE
)
MAX_DEPTH: Final = 50


def meant(stated: Stated) -> str:
    """The licence that metadata state as an SPDX expression; empty where they state none that is known.

    Several classifiers are a choice, which is how packages under two licences write them.
    """
    if stated.expression:
        return stated.expression
    if stated.classifiers:
        return " OR ".join(_classified(value) for value in stated.classifiers)
    found = _PLAIN.fullmatch(stated.text)
    if found is None:
        return ""
    later = "or-later" if found[3] and found[3].lower() != "-only" else "only"
    return f"{found[1].upper()}-{found[2]}.0-{later}"


def strong(expression: str, allowed: Callable[[str], bool]) -> str:
    """The licence in an expression that binds what uses the package; empty where there is a way around it.

    Args:
        expression: SPDX; what is none counts as harmless.
        allowed: Whether the project takes a licence.
    """
    tokens = _TOKEN.findall(expression[:2000])
    found, left = _either(tokens, allowed, 0)
    return found if not left else ""


def _either(tokens: list[str], allowed: Callable[[str], bool], depth: int) -> tuple[str, list[str]]:
    found, tokens = _both(tokens, allowed, depth)
    while tokens and tokens[0].upper() == "OR":
        other, tokens = _both(tokens[1:], allowed, depth)
        found = found and other and found
    return found, tokens


def _both(tokens: list[str], allowed: Callable[[str], bool], depth: int) -> tuple[str, list[str]]:
    found, tokens = _one(tokens, allowed, depth)
    while tokens and tokens[0].upper() == "AND":
        other, tokens = _one(tokens[1:], allowed, depth)
        found = found or other
    return found, tokens


def _one(tokens: list[str], allowed: Callable[[str], bool], depth: int) -> tuple[str, list[str]]:
    if not tokens or depth > MAX_DEPTH:
        return "", []
    if tokens[0] == "(":
        found, tokens = _either(tokens[1:], allowed, depth + 1)
        return found, tokens[1:]
    name, rest = tokens[0], tokens[1:]
    if len(rest) > 1 and rest[0].upper() == "WITH":
        name = "" if _FREEING.search(rest[1]) else name
        rest = rest[2:]
    return (name if _STRONG.match(name) and not allowed(name) else ""), rest


def _classified(value: str) -> str:
    for pattern, name in _CLASSIFIERS:
        if re.search(pattern, value):
            return name
    return "LicenseRef-other"
