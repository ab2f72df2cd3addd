"""Everything that works in the background of one process: hearts, clocks, scans, deliveries.

Each part is a loop of its own, so that a receiver that hangs stops no scan, and a database that is away for a minute
is waited for and not died of.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from buckler.core.errors import BucklerError
from buckler.scan.engines.packages.advisories.place import default_path
from buckler.watch import identities
from buckler.watch.alerts import deliver
from buckler.watch.alerts.deliver import Delivering
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts, events, migrations, workers
from buckler.watch.db.database import Database
from buckler.watch.engine import DurableEngine
from buckler.watch.options import Options
from buckler.watch.place import Place, default_folder
from buckler.watch.workflows import advisories, clock, scan
from buckler.watch.workflows.clock import Reaper
from buckler.watch.workflows.scan import Parts

log = logging.getLogger("buckler.watch")
BEAT: Final = 1.5
LOOK: Final = 0.5
SLOW_LOOK: Final = 20.0
EVENTS_LOOK: Final = 300.0
RARE_LOOK: Final = 3_600.0
LONGEST_WAIT: Final = 10.0
GRACE: Final = 10.0


class Service:
    """One process of watch.

    Args:
        options: How it is set up.

    Raises:
        RefusedError: An option is wrong.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.place = Place.at(options.data or default_folder())
        self.database = Database(options.database or self.place.database)
        self.key = self.place.key()
        self.stop = threading.Event()
        self.engine = DurableEngine(
            self.database, self.place.engine, at_once=options.at_once, in_all=options.in_all
        )
        self.is_account: Callable[[str], bool] = bool
        """Whether an id is of an account; the application, which has the accounts, says it better than by its form."""
        self._scratch = self.place.scratch / self.engine.worker
        self._threads: list[threading.Thread] = []
        self.delivering = Delivering(
            database=self.database,
            secrets=Secrets(self.key),
            worker=self.engine.worker,
            reach=options.reach,
            stop=self.stop,
        )
        self._parts = Parts(
            database=self.database,
            worker=self.engine.worker,
            scratch=self._scratch,
            secrets=Secrets(self.key, identities.PURPOSE),
            scanning=options.scanning,
            cloning=options.cloning,
            stop=self.stop,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Work in the background meanwhile.

        Raises:
            OccupiedError: Another process holds the same SQLite files.
        """
        if not self.database.is_sqlite:
            with self._started():
                yield
            return
        with self.place.held(), self._started():
            yield

    @contextmanager
    def _started(self) -> Iterator[None]:
        migrations.upgrade(self.database)
        if self.database.is_sqlite:
            shutil.rmtree(self.place.scratch, ignore_errors=True)
        self.place.scratch.mkdir(mode=0o700, exist_ok=True)
        self._scratch.mkdir(mode=0o700)
        self._beat()
        self.engine.runs(lambda scan_id, step: scan.run(scan_id, self._parts, step))
        self.engine.start()
        self._alone()
        self._begin()
        try:
            yield
        finally:
            self._end()

    def _alone(self) -> None:
        """Who has the files to himself knows that everybody before him is gone."""
        if not self.database.is_sqlite:
            return
        with self.database.read() as connection:
            known = {row.id for row in workers.listed(connection)}
        gone = (known | self.engine.owners()) - {self.engine.worker}
        if gone:
            Reaper(self.database, self.engine, time.monotonic).bury(sorted(gone))
        with self.database.write() as connection:
            alerts.release(connection)

    def _begin(self) -> None:
        reaper = Reaper(self.database, self.engine, time.monotonic)
        for name, every, work in (
            ("beat", BEAT, self._beat),
            ("reap", BEAT, reaper.reap),
            ("clock", LOOK, self._clock),
            ("late", SLOW_LOOK, self._late),
            ("deliver", LOOK, self._deliver),
            ("retention", RARE_LOOK, self._retention),
            ("events", EVENTS_LOOK, self._events),
        ):
            thread = threading.Thread(target=self._loop, args=(name, every, work), name=name)
            thread.start()
            self._threads.append(thread)

    def _end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(GRACE)
        deadline = time.monotonic() + GRACE
        while any(self._scratch.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)  # children end, and their folders go
        self.engine.stop()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self.database.close()

    def _loop(self, name: str, every: float, work: Callable[[], Any]) -> None:
        failures = 0
        while not self.stop.wait(_wait(every, failures)):
            try:
                work()
            except (SQLAlchemyError, BucklerError, OSError) as error:
                failures += 1
                told = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
                log.warning("%s: %s; it is tried again", name, told)
            except Exception:  # the boundary: one that nobody expected ends no other work for good
                failures += 1
                log.exception("%s: an error of Buckler's own; it is tried again", name)
            else:
                failures = 0

    def _beat(self) -> None:
        with self.database.write() as connection:
            workers.beat(
                connection, self.engine.worker, socket.gethostname(), os.getpid(), time.time()
            )

    def _clock(self) -> None:
        now = time.time()
        clock.schedules(self.database, now)
        clock.hand_over(self.database, self.engine, now)

    def _late(self) -> None:
        now = time.time()
        clock.acceptances(self.database, now)
        clock.late(self.database, now)
        advisories.rematch(self.database, self.options.scanning.advisories or default_path(), now)

    def _retention(self) -> None:
        before = time.time() - self.options.keep_days * 86_400
        clock.retention(self.database, self.engine, before)

    def _events(self) -> None:
        now, keep = time.time(), self.options.keep_events
        before = now - self.options.keep_events_days * 86_400
        with self.database.write() as connection:
            events.drop(connection, before, keep, now)

    def _deliver(self) -> None:
        now = time.time()
        deliver.route(self.delivering, now)
        while deliver.deliver(self.delivering, time.time()):
            continue


def _wait(every: float, failures: int) -> float:
    """Seconds until the next turn: longer after failures, but not for long."""
    return min(every * float(1 << min(failures, 6)), max(every, LONGEST_WAIT))
