"""Input in pages: where it stands, and whether what it was escaped for is that place."""

from __future__ import annotations

import re

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.values import bit, one_text
from buckler.scan.rules._support.flows import told

SCRIPT = "a script"
ADDRESS = "an address (javascript: is one)"
_SCRIPT = re.compile(r"<script\b[^>]*>(?:(?!</script).)*$", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(
    r"""\b(?:href|action|formaction)\s*=\s*["']?$|<(?:script|iframe|frame|embed|object)\b[^<>]*\b(?:src|data)\s*=\s*["']?$""",
    re.IGNORECASE,
)
"""Where a browser follows ``javascript:``; pictures it does not run."""
_EVENT = re.compile(r"""\bon\w+\s*=\s*(?:"[^"]*|'[^']*)$""", re.IGNORECASE)
_QUOTED = re.compile(r"""<\w[^<>]*=\s*(?:"[^"]*|'[^']*)$""")
_BARE = re.compile(r"""<\w[^<>]*\s[\w-]+\s*=\s*[^\s"'<>]*$""")


def is_page(flow: Flow) -> bool:
    """Whether an answer with any media type is said to be HTML."""
    kind = flow.other(-1, "media_type")
    if kind is None:
        return False
    text = one_text(kind) or ""
    return "html" in text or "svg" in text


def escaped_elsewhere(flow: Flow) -> Verdict | None:
    """Input that is escaped as text, but stands where escaping text does not help."""
    for text in flow.texts:
        before = ""
        for part in text:
            if isinstance(part, str):
                before += part
                continue
            # What somebody stored is as often a setting of the site's own.
            direct = any(t.token.source.direct for t in part)
            if direct and any("escape" in word for t in part for word in t.tried):
                place = place_in_page(before)
                if not place and all("quote=False" in " ".join(t.tried) for t in part):
                    place = "quotes that it leaves as they are" if _QUOTED.search(before) else ""
                if place == SCRIPT and all("json.dumps()" in t.tried for t in part):
                    place = ""  # a text of JSON in which no element can begin or end
                if place == ADDRESS and all(flow.cleared(t) & bit("web_address") for t in part):
                    place = ""
                if place:
                    return told(
                        flow,
                        f"is escaped as text, but stands in {place}, where that does not help.",
                        part,
                    )
            before += "\0"
    return None


def place_in_page(before: str) -> str:
    """What a text breaks off in, where escaping what follows does not help; empty elsewhere."""
    if _SCRIPT.search(before):
        return SCRIPT
    if _ADDRESS.search(before):
        return ADDRESS
    if _EVENT.search(before):
        return "an event handler"
    if _BARE.search(before):
        return "an attribute without quotes"
    return ""


__all__ = ["escaped_elsewhere", "is_page", "place_in_page"]
