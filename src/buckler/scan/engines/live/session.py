"""A running site in the place of an application in its box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from buckler.core.events import GapFound, Listener
from buckler.scan.engines.app.answers import Databases
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.engines.live.client import Client
from buckler.scan.engines.live.likeness import Likeness
from buckler.scan.engines.live.site import Site

ENTERED = "the site"
"""What stands for the handler of every operation: which one ran, a site does not say."""
PAGES = "text/html,application/json;q=0.9,*/*;q=0.8"
"""What a browser accepts: some servers give their page to nobody else."""
AGENT = "buckler (+security scan)"

KEPT_BACK = (
    "exploring ended early, so that some of the requests were left for other kinds of answers"
)


class SiteSession:
    """Carries the requests of a run to a site.

    Args:
        client: Asks it.
        site: Its address.
        emit: Gets a gap where no more may be asked.

    Attributes:
        likeness: Knows how the site answers what is not there.
        plant: A folder that no site has: what is planted in process cannot be planted here.
        kept_back: Requests of the ceiling that are left for what comes later.
        pages: Paths that were seen to be pages, which are asked for as a browser does.
    """

    def __init__(self, client: Client, site: Site, emit: Listener) -> None:
        self._client, self._site, self._emit = client, site, emit
        self.likeness = Likeness()
        self.plant = Path("/buckler")
        self.requests = 0
        self.kept_back = 0
        self.pages: set[str] = set()

    @property
    def reads_only(self) -> bool:
        """False: what may not be sent is left out of the run before."""
        return False

    def addressed(self, request: Request) -> Request:
        """The request as it is sent: to this site, by a client that says who it is."""
        added: tuple[tuple[str, str], ...]
        added = (("user-agent", AGENT), ("accept-encoding", "identity"))
        if request.method == "GET" and request.path in self.pages:
            added = (*added, ("accept", PAGES))
        names = {name for name, _ in added}
        left = [pair for pair in request.headers if pair[0] not in names]
        return replace(
            request,
            headers=(*left, *added),
            scheme=self._site.scheme,
            origin=self._site.origin,
            client="",
        )

    def send_all(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Answer]]:
        """Send requests in order and yield both; ends where the bounds do."""
        for request in requests:
            answer = self.many([request])[0]
            if answer is None:
                return
            yield request, answer

    def many(self, requests: Iterable[Request], *, size: int = 0) -> list[Answer | None]:
        """Send several at once; None for what could not be sent any more.

        Args:
            requests: Independent of each other.
            size: Bytes of each answer, where the bounds of the site are not meant.
        """
        made = [self.addressed(request) for request in requests]
        if self.kept_back and self._client.left < self.kept_back + len(made):
            self._emit(GapFound("what was left", KEPT_BACK, "--max-requests N"))
            return [None for _ in made]
        answers = self._client.ask(made, size=size)
        self.requests = self._client.requests
        if self._client.spent:
            self._emit(GapFound("what was left", self._client.spent, self._client.how))
        return [
            self._judged(request, answer) if answer else None
            for request, answer in zip(made, answers, strict=True)
        ]

    def exchanges(self, requests: Iterable[Request], *, size: int = 0) -> list[Exchange]:
        """Send several at once that are for no operation; what could not be sent is left out.

        Args:
            requests: Independent of each other.
            size: Bytes of each answer, where the bounds of the site are not meant.
        """
        made = [self.addressed(request) for request in requests]
        return [
            Exchange(None, request, answer, bool(answer.entered))
            for request, answer in zip(made, self.many(made, size=size), strict=True)
            if answer is not None
        ]

    def _judged(self, request: Request, answer: Answer) -> Answer:
        """The answer, with the handler entered where nothing speaks against it."""
        reached = self.likeness.is_of_handler(request, answer)
        return replace(answer, entered=(ENTERED,) if reached else ())

    def restart(self) -> None:
        """Nothing: a site that runs is not ours to start."""

    def keep(self) -> Databases:
        """Nothing is kept."""
        return Databases()

    def changed(self) -> Databases:
        """Nothing is known."""
        return Databases()

    def restore(self) -> Databases:
        """Nothing is put back."""
        return Databases()
