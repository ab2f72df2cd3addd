"""A request to the application under scan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent into the application.

    Attributes:
        path: Percent-encoded, without the query.
        headers: In order, names in lower case, latin-1.
        identity: Who sends it; None for nobody.
        messages: What a websocket sends once it is accepted.
        pad: Filler that the agent puts into the body: where, how often, what.
        number: A number that is looked for in the statements of this request.
        fail: Text of an error that the handler raises instead of running.
        probing: Whether a value of an attack stands in it.
        aged: Canary of tokens that are given out and have run out.
        restored: Whether the application's databases are put back before it.
        origin: Scheme, host and port that it goes to, for a site; empty where it goes into the application.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    identity: str | None = None
    client: str = "203.0.113.9"
    scheme: str = "https"
    messages: tuple[str, ...] = ()
    pad: tuple[int, int, str] | None = None
    number: str = ""
    fail: str = ""
    aged: str = ""
    probing: bool = False
    restored: bool = False
    origin: str = ""

    @property
    def url(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((v for n, v in self.headers if n == name.lower()), None)
