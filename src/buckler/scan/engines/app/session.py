"""A running application: start it, read its model, send it requests, start it again if need be."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from buckler.core.errors import ApplicationError
from buckler.core.redact import Redactor
from buckler.core.report import OutgoingCall, ServerWanted
from buckler.scan.engines.app import answers, environment, leftovers
from buckler.scan.engines.app.answers import Started as Started
from buckler.scan.engines.app.child import MAX_ANSWER, Child, ChildLost, Scratch
from buckler.scan.engines.app.config import config_of
from buckler.scan.engines.app.options import DATABASES as DATABASES
from buckler.scan.engines.app.options import WALLS as WALLS
from buckler.scan.engines.app.options import Options as Options
from buckler.scan.engines.app.servers.bring import Servers
from buckler.scan.engines.interface import Answer, Request
from buckler.scan.inside import Sources
from buckler.scan.target import Application, Target

BATCH = 24
IN_FLIGHT = 2
SLACK = 3.0
STORES_SECONDS = 30.0
"""For keeping or putting back all databases of an application."""


class Session:
    """The application in its box. Use as a context manager.

    Args:
        target: Where it lives.
        application: Which one.
        prefix: First four characters of every canary of this scan.
        options: How to run it.
    """

    def __init__(
        self, target: Target, application: Application, prefix: str, options: Options
    ) -> None:
        self._target = target
        self._application = application
        self._options = options
        self._prefix = prefix
        self._child: Child | None = None
        self._ids = itertools.count(1)
        self.scratch = Scratch()
        self._pycache = self.scratch.path / "pycache"
        self.plant = leftovers.PLANTS / prefix
        self._plant_is_real = self._filled = False
        self._next: Future[tuple[Child, Started]] | None = None
        self._starting = ThreadPoolExecutor(1)
        self.servers: Servers | None = None
        self.drivers: tuple[str, ...] = ()
        self.requests = self.starts = 0
        self.faults: list[str] = []
        self.made_up: set[str] = set()
        self.wanted: dict[ServerWanted, None] = {}
        self.outgoing: dict[OutgoingCall, None] = {}
        self.fallen: dict[str, str] = {}
        self._walls: dict[str, bool] = {}
        self._sources = Sources(target.folder)
        self._dropped: set[int] = set()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def twin(self) -> Session:
        """Another one of the same application, not started."""
        other = Session(self._target, self._application, self._prefix, self._options)
        other.servers = self.servers
        other.made_up, other.fallen, other._walls = self.made_up, self.fallen, self._walls
        other.wanted, other.outgoing, other.faults = self.wanted, self.outgoing, self.faults
        return other

    def start(self) -> Started:
        """Start the child and read the model.

        Raises:
            ApplicationError: The application does not import, or did not within the time.
        """
        self._child, started = self._started()
        self._plant_is_real = not started.walls.get("mounts", False)
        return started

    def prepare(self) -> None:
        """Start the next child already, in the background, so that a restart need not wait.

        Not without the wall around files: there two children would share their copies of them.
        """
        if self._next is None and self._child is not None and not self._plant_is_real:
            self._next = self._starting.submit(self._started)

    def fill(self) -> dict[str, Any]:
        """Make the tables in the databases that every child gets copies of, in a child of its own.

        Raises:
            ApplicationError: It does not import.
            ChildLost: It ended or took too long.
        """
        if self.servers is None:
            return {}
        config = self._config(self.servers.for_child(original=True))
        child = self._new({**config, "prepare": True})
        try:
            child.receive_walls(self._options.import_timeout)
            frame = child.receive(self._options.import_timeout * 2)
            if frame["kind"] == "failed":
                raise answers.import_failed(self._application.label, frame)
            return frame
        finally:
            child.close(grace=0)

    def _new(self, config: Mapping[str, Any]) -> Child:
        self.starts += 1
        return Child(
            self._target.python,
            config,
            environment.build(
                self.scratch.path,
                self._target.python,
                self._options.env_file,
                self._options.passed,
                environment.made_up_secret(self._prefix),
            ),
            self._target.folder,
            self.scratch.log,
            self.scratch.private,
        )

    def _started(self) -> tuple[Child, Started]:
        servers = self.servers.for_child() if self.servers is not None else {}
        child = self._new(self._config(servers))
        try:
            return child, self._introduced(child)
        except BaseException:
            child.close(grace=0)
            raise

    def _introduced(self, child: Child) -> Started:
        try:
            walls = child.receive_walls(self._options.import_timeout)
            if walls["kind"] != "walls":
                raise ApplicationError("the box could not be built", hint=self.output())
            if not walls["walls"].get("mounts"):
                self._plant_is_real = True
                leftovers.adopt(self.plant)
            frame = child.receive(self._options.import_timeout)
            self.drivers = answers.drivers(frame)
            if frame["kind"] == "failed":
                self.wanted.update(dict.fromkeys(answers.servers(frame.get("servers"))))
                raise answers.import_failed(self._application.label, frame)
            started = answers.started(walls, frame)
            self.wanted.update(dict.fromkeys(answers.servers(started.model.get("wanted"))))
            self.outgoing.update(dict.fromkeys(answers.outgoing(started.model.get("outgoing"))))
        except ChildLost as error:
            raise ApplicationError(
                f"{self._application.label} could not be started: {error.message}",
                hint=self.output() or "run it once with `fastapi dev` to see what it says",
            ) from error
        child.max_frame = MAX_ANSWER
        self._compare(started)
        return started

    def _compare(self, started: Started) -> None:
        """Every wall that was asked for and is missing has a reason, in each child of the scan."""
        for wall in self._options.walls:
            if not started.walls.get(wall):
                started.why.setdefault(wall, "it does not stand, and the system gave no reason")
        self.faults.append(str(started.model.get("lifespan_failed") or ""))
        if not self._walls:
            self._walls.update(started.walls)
        for wall, stood in self._walls.items():
            if stood and not started.walls.get(wall):
                why = started.why.get(wall, "no reason was given")
                self.fallen[wall] = f"a child that was started later is without it: {why}"

    @property
    def reads_only(self) -> bool:
        """Whether it uses a database server of the user's own, to which nobody may write."""
        return not self._options.writes and any(wanted.allowed for wanted in self.wanted)

    def output(self, limit: int = 1500) -> str:
        """The end of what the application printed, without secrets."""
        return Redactor().text(self.scratch.tail(limit).decode("utf-8", "replace").strip())

    def restart(self) -> None:
        """End the child and start another.

        Raises:
            ApplicationError: It does not start any more.
        """
        self._end(grace=0)
        if self._filled:
            self.scratch.empty()
            self._filled = False
        self._dropped.clear()
        if self._next is None:
            self.start()
            return
        prepared, self._next = self._next, None
        self._child, _ = prepared.result()

    def stop(self) -> None:
        """End the child; it can be started again."""
        self._end(grace=0)
        self._drop_next()

    def close(self) -> None:
        """End the child and remove the scratch folder."""
        self._end(grace=1.0)
        self._drop_next()
        self._starting.shutdown()
        if self._plant_is_real:
            leftovers.remove(self.plant)
            with contextlib.suppress(OSError):
                leftovers.PLANTS.rmdir()
        self.scratch.close()

    def _drop_next(self) -> None:
        if self._next is not None:
            with contextlib.suppress(ApplicationError):
                self._next.result()[0].close(grace=0)
            self._next = None

    def _end(self, grace: float) -> None:
        if self._child is not None:
            self._child.close(grace=grace)
            self._child = None

    def send(self, request: Request, *, timeout: float | None = None) -> Answer:
        """One request, at once.

        Raises:
            ChildLost: The child died or hung over it.
        """
        return next(iter(self.send_all([request], timeout=timeout)))[1]

    def addressed(self, request: Request) -> Request:
        """The request as it is sent: here as it is."""
        return request

    def send_all(
        self, requests: Iterable[Request], *, timeout: float | None = None
    ) -> Iterator[tuple[Request, Answer]]:
        """Send requests in order, some ahead of the answers, and yield both.

        Args:
            requests: Taken as needed.
            timeout: Seconds for each, instead of the session's.

        Raises:
            ChildLost: The child died or hung over the request that was to be yielded next.
        """
        child = self._child
        if child is None:
            raise ChildLost("exited", "the application is not running")
        seconds = timeout or self._options.request_timeout
        source = iter(requests)
        waiting: deque[tuple[int, Request]] = deque()
        sizes: deque[int] = deque()
        try:
            while True:
                while len(sizes) < IN_FLIGHT and (batch := list(itertools.islice(source, BATCH))):
                    numbered = [(next(self._ids), request) for request in batch]
                    frames = [self._frame(number, r, seconds) for number, r in numbered]
                    child.send({"kind": "send", "requests": frames})
                    waiting.extend(numbered)
                    sizes.append(len(batch))
                if not waiting:
                    return
                frame = self._awaited(child, waiting[0][0], seconds + SLACK)
                self.requests += 1
                sizes[0] -= 1
                if not sizes[0]:
                    sizes.popleft()
                self.made_up.update(answers.names(frame.get("made_up")))
                self.wanted.update(dict.fromkeys(answers.servers(frame.get("wanted"))))
                self.outgoing.update(dict.fromkeys(answers.outgoing(frame.get("outgoing"))))
                yield waiting.popleft()[1], answers.answer(frame, self._sources)
        finally:
            if waiting:
                self._dropped.update(number for number, _ in waiting)
                with contextlib.suppress(OSError):
                    child.send({"kind": "drop", "through": waiting[-1][0]})

    def keep(self) -> answers.Databases:
        """Have what the application's databases hold now remembered.

        Raises:
            ChildLost: It ended, or took too long.
        """
        return self._databases("keep")

    def changed(self) -> answers.Databases:
        """Ask which databases hold something else than what was kept.

        Raises:
            ChildLost: It ended, or took too long.
        """
        return self._databases("changed")

    def restore(self) -> answers.Databases:
        """Have the databases that hold something else put back as they were kept.

        Raises:
            ChildLost: It ended, or took too long.
        """
        return self._databases("restore")

    def _databases(self, what: str) -> answers.Databases:
        if self._child is None:
            raise ChildLost("exited", "the application is not running")
        self._child.send({"kind": what})
        return answers.databases(self._awaited(self._child, what, STORES_SECONDS))

    def _awaited(self, child: Child, wanted: int | str, seconds: float) -> dict[str, Any]:
        """The answer of that number, or of that kind to a question that is no request; those that
        nobody waits for any more may come before it.

        Raises:
            ChildLost: It did not come in time, or something else did.
        """
        # One that was dropped while it ran is run to its end first.
        deadline = time.monotonic() + seconds * (2 if self._dropped else 1)
        while True:
            try:
                frame = child.receive(max(deadline - time.monotonic(), 0.0))
            except ChildLost as error:
                self._filled = error.reason == "disk"
                raise
            number = frame.get("id")
            if frame["kind"] == wanted:
                self._dropped.clear()
                return frame
            if frame["kind"] != "answer" or type(number) is not int:
                raise ChildLost("garbage", "the application's process sent what nobody asked for")
            if number == wanted:
                self._dropped.clear()
                return frame
            if number not in self._dropped:
                raise ChildLost("garbage", "the application's process answered out of turn")
            self._dropped.remove(number)

    def _frame(self, number: int, request: Request, timeout: float) -> dict[str, Any]:
        return {
            "id": number,
            "method": request.method,
            "websocket": request.method == "WEBSOCKET",
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
            "client": request.client,
            "scheme": request.scheme,
            "messages": request.messages,
            "pad": request.pad,
            "number": request.number,
            "fail": request.fail,
            "aged": request.aged,
            "probing": request.probing,
            "restored": request.restored,
            "timeout": timeout,
        }

    def _config(self, servers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            **config_of(self._target, self._application, self._options, self.scratch, servers),
            "prefix": self._prefix,
            "plant": str(self.plant),
            "pycache": str(self._pycache),
        }
