"""Who carries the requests of a run: a child that holds the application, or a client of a running site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from buckler.scan.engines.app.answers import Databases
from buckler.scan.engines.interface import Answer, Request


class Sender(Protocol):
    """What a run needs of whatever its requests go to.

    Attributes:
        plant: Folder of the files that only a climbing path can name.
        requests: How many were sent.
    """

    plant: Path
    requests: int

    @property
    def reads_only(self) -> bool:
        """Whether nothing may be sent that changes what is the user's own."""
        ...

    def addressed(self, request: Request) -> Request:
        """The request as it is sent."""
        ...

    def send_all(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Answer]]:
        """Send requests in order and yield both; ends early where no more may be sent.

        Raises:
            ChildLost: What they go to was lost.
        """
        ...

    def restart(self) -> None:
        """Start afresh what they go to, where that can be done."""
        ...

    def keep(self) -> Databases:
        """Have what its databases hold remembered."""
        ...

    def changed(self) -> Databases:
        """Which databases hold something else by now."""
        ...

    def restore(self) -> Databases:
        """Have the databases put back."""
        ...
