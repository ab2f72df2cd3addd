"""Where a canary was seen in an answer and in what went on behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buckler.scan.engines.attack.harvest import leaves
from buckler.scan.engines.interface import Answer

_IDENTIFIER = re.compile(r"(^|[._])(id|slug|key|number|name|code|token)$", re.IGNORECASE)

ANSWERED = frozenset({"body", "html", "header", "location"})
"""What stands for a part of the answer among the sinks."""


def seen_in(answer: Answer, canary: str) -> Iterator[str]:
    """The sinks that a canary reached, and the parts of the answer that it stands in."""
    yield from (hit.sink for hit in answer.hits if canary in hit.text.lower())
    if canary in answer.text.lower():
        markup = any(kind in answer.media_type for kind in ("html", "svg", "xml"))
        yield "html" if markup or not answer.media_type else "body"
    for name, value in answer.headers:
        if canary in value.lower():
            yield "location" if name.lower() == "location" else "header"


def leaves_of(answer: Answer, resource: str) -> Iterator[tuple[str, str]]:
    """Identifiers in a JSON answer, by name."""
    if "json" in answer.media_type:
        for key, value in leaves(answer.json, resource):
            if _IDENTIFIER.search(key):
                yield key, value
