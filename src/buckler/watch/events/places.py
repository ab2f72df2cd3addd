"""Where an attack stood, in the words of a finding: ``query.q`` of guard's inspection is the slot ``query:q``."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(r"(query|form|header|cookie)\.([A-Za-z0-9_-]{1,64})( \(file name\))?")
_BODY: Final = re.compile(r"body((?:\.[A-Za-z0-9_-]{1,32}|\[\d{1,9}\])+)")
_SEGMENT: Final = re.compile(r"path\[(\d{1,4})\]")
_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::[a-z]+)?\}")


def slot_of(place: str, route: str) -> str:
    """The slot, or an empty text where the place is none that a finding can name.

    Args:
        place: As guard's events have it: ``query.q``, ``body.items[3].name``, ``path[1]``.
        route: Template of the route, which names the parts of its path.
    """
    if named := _NAMED.fullmatch(place):
        root, name, file = named.groups()
        return f"filename:{name}" if file else f"{root}:{name}"
    if body := _BODY.fullmatch(place):
        path = re.sub(r"\[\d+\]", "[]", body[1]).lstrip(".")
        return f"json:{path}"
    if place.startswith("path"):
        return _of_path(place, route)
    return "message:" if place.startswith("websocket") else ""


def _of_path(place: str, route: str) -> str:
    parameters = _PARAMETER.findall(route)
    if len(parameters) == 1:
        return f"path:{parameters[0]}"
    segment = _SEGMENT.fullmatch(place)
    parts = route.split("/")[1:]
    if segment is None or int(segment[1]) >= len(parts):
        return ""
    found = _PARAMETER.fullmatch(parts[int(segment[1])])
    return f"path:{found[1]}" if found else ""


def is_at(finding_slot: str, slot: str) -> bool:
    """Whether a finding's slot is where an attack stood: the same, or a part of a document that holds it."""
    if slot.startswith("header:"):
        return finding_slot.casefold() == slot.casefold()
    if finding_slot == slot or (finding_slot == "message:" and slot.startswith("message:")):
        return True
    if not (slot.startswith("json:") and finding_slot.startswith(("json:", "body:"))):
        return False
    outer, inner = finding_slot.partition(":")[2], slot.partition(":")[2]
    return not outer or inner == outer or inner.startswith((f"{outer}.", f"{outer}["))
