"""Which requests carry a credential that the application itself declares: the keys of its interface.

Threat: an answer for the holder of a key that a shared cache hands to the next one, since nothing in the
request looked like a sign-in (RFC 9111, 3.5; CWE-525). ``Authorization``, cookies and ``X-API-Key`` are
known without being declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from buckler.guard.inbound import CREDENTIALS, PERSONAL, Inbound

PLACES: Final = ("header", "query")
"""Where a key may be that is not looked at anyway: a cookie is."""


@dataclass(frozen=True, slots=True)
class Key:
    """A place for a key.

    Attributes:
        place: Of :data:`PLACES`.
        name: Of the header, in lower case, or of the parameter.
    """

    place: str
    name: str


def declared(dependant: Any) -> Iterator[Key]:
    """The keys that a route takes by ``fastapi.security``, in whatever of its dependencies."""
    for sub in getattr(dependant, "dependencies", ()):
        model = getattr(sub.call, "model", None)
        place = getattr(getattr(model, "in_", None), "value", "")
        name = getattr(model, "name", None)
        if place in PLACES and isinstance(name, str):
            yield Key(place, name.lower() if place == "header" else name)
        yield from declared(sub)


class Credentials:
    """Has a request with a declared key count as somebody's.

    Args:
        keys: Of all of the application's routes.
    """

    __slots__ = ("_headers", "_parameters")

    def __init__(self, keys: Iterable[Key]) -> None:
        chosen = tuple(keys)
        headers = {key.name.encode("latin-1", "replace") for key in chosen if key.place == "header"}
        self._headers = frozenset(headers) - CREDENTIALS
        self._parameters = frozenset(key.name for key in chosen if key.place == "query")

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._headers or self._parameters)

    def check(self, inbound: Inbound) -> None:
        """Flag the request; it always goes on."""
        if not self._headers.isdisjoint(inbound.headers):
            inbound.flags |= PERSONAL
        query = inbound.scope["query_string"]
        if query and self._parameters:
            asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
            if any(name in self._parameters for name, _ in asked):
                inbound.flags |= PERSONAL
