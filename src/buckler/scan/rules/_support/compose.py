"""The services of a compose file, as far as a reader of lines can tell.

A whole YAML parser is not among what the scan depends on; what is asked here stands in the shapes that
people write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w.-]+):\s*(?P<rest>.*)$")
_ITEM = re.compile(r"^(?P<indent> *)-\s+(?P<rest>.+)$")


@dataclass(slots=True)
class Service:
    """One service.

    Attributes:
        name: Its key.
        image: What it runs; empty where it is built.
        ports: The published ports as they are written, with their lines.
    """

    name: str
    image: str = ""
    ports: list[tuple[str, int]] = field(default_factory=list)


def services(text: str) -> Iterator[Service]:
    """The services in their order."""
    inside, depth, own = False, -1, -1
    service: Service | None = None
    key = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        if not bare:
            continue
        item = _ITEM.match(bare)
        if item is not None:
            if service is not None and key == "ports":
                service.ports.append((_unquoted(item["rest"]), number))
            continue
        found = _KEY.match(bare)
        if found is None:
            continue
        indent = len(found["indent"])
        if indent == 0:
            if service is not None:
                yield service
            service, inside, depth, own = None, found["key"] == "services", -1, -1
        elif inside and (depth < 0 or indent == depth):
            if service is not None:
                yield service
            service, depth, own, key = Service(found["key"]), indent, -1, ""
        elif service is not None and (own < 0 or indent == own):
            own, key = indent, found["key"]
            if key == "image":
                service.image = _unquoted(found["rest"])
            elif key == "ports":
                listed = found["rest"].strip("[] ")
                service.ports += [(_unquoted(p), number) for p in listed.split(",") if p.strip()]
    if service is not None:
        yield service


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'").strip()
