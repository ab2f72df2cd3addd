"""Input in pages: where it stands, and whether what it was escaped for is that place."""

from __future__ import annotations

import re

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import deep_taints
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


def named_kind(flow: Flow) -> Verdict | None:
    """A media type that the request names whole, of an answer whose content is somebody's too, and that is shown."""
    content = flow.other(0, "content")
    held = any(v.taints for v in deep_taints(content)) if content is not None else False
    named = [taints for before, taints, _ in flow.places() if not before]
    direct = any(t.token.source.direct for taints in named for t in taints)
    if not held or not direct or _is_download(flow):
        return None
    return told(
        flow,
        "names the media type under which what somebody sent is answered: text/html makes a page of it.",
    )


def _is_download(flow: Flow) -> bool:
    """Whether headers are given that may say so."""
    given = flow.other(-1, "headers")
    texts = [one_text(v) or "" for v in deep_taints(given)] if given is not None else []
    return any("attachment" in text.lower() for text in texts)


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


__all__ = ["escaped_elsewhere", "is_page", "named_kind", "place_in_page"]
