"""Makes scans durable, by DBOS. The only file that knows it.

What of DBOS is not left as it is: an executor id of its own for each process, so that two never take each other's work
for theirs; JSON in place of pickle, so that whoever writes the database runs nothing here (CWE-502); a pinned version
of the application, so that an upgrade goes on with what is queued; SQLite as it is fast and safe; tables by one
process at a time.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from buckler.watch.db.database import BUSY_MS, Database
from buckler.watch.interface import Step

NAME: Final = "buckler-watch"
VERSION: Final = "1"
"""Of the workflows: raised when one of them is changed so that what is queued cannot go on with it."""
QUEUE: Final = "scans"
SCHEMA: Final = "buckler_engine"
POLL_SECONDS: Final = 0.25
_PENDING: Final = "PENDING"


class DurableEngine:
    """Runs scans by DBOS. There is one in a process.

    Args:
        database: Of watch; on PostgreSQL the engine has a schema of its own in it.
        file: Of the engine, where watch's database is SQLite.
        at_once: Scans of this process at once.
        in_all: Scans of all processes at once.
    """

    def __init__(
        self, database: Database, file: Path, *, at_once: int = 2, in_all: int = 50
    ) -> None:
        self.worker = uuid.uuid4().hex
        self._database = database
        self._own = _sqlite(file) if database.is_sqlite else None
        self._at_once = at_once
        self._in_all = max(in_all, at_once)
        self._run: Callable[[str, Step], str] | None = None
        self._started = False
        self._flow: Any = None

    def runs(self, function: Callable[[str, Step], str]) -> None:
        """What a scan is: takes its id, and what makes a step durable. Set before :meth:`start`."""
        self._run = function

    def start(self) -> None:
        """Begin to take work; tables are made or changed first."""
        for name in ("DBOS", "dbos"):
            logging.getLogger(name).setLevel(logging.WARNING)
        DBOS(config=self._config())

        def flow(scan_id: str) -> str:
            return self._scan(scan_id)

        self._flow = DBOS.workflow(name="scan")(flow)
        with self._database.alone("engine"):
            DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._at_once,
            global_concurrency=self._in_all,
            partition_concurrency=1,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="always_update",
        )
        self._started = True

    def enqueue(self, scan_id: str, target_id: str) -> None:
        """Queue a scan; one that is queued, running or done already is left as it is."""
        with SetWorkflowID(scan_id), SetEnqueueOptions(queue_partition_key=target_id):
            DBOS.enqueue_workflow(QUEUE, self._flow, scan_id)

    def take_over(self, workers: Sequence[str]) -> int:
        """Queue again what dead workers had begun; how much that was."""
        if not workers:
            return 0
        found = DBOS.list_workflows(
            status=_PENDING, executor_id=list(workers), load_input=False, load_output=False
        )
        ids = [one.workflow_id for one in found]
        if ids:
            DBOS.resume_workflows(ids, queue_name=QUEUE)
        return len(ids)

    def owners(self) -> frozenset[str]:
        """Workers that have begun something that has not ended."""
        found = DBOS.list_workflows(status=_PENDING, load_input=False, load_output=False)
        return frozenset(one.executor_id for one in found if one.executor_id)

    def forget(self, before: float) -> None:
        """Delete what ended before a moment, seconds since 1970; DBOS keeps it for ever."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before))
        found = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=stamp,
            limit=1000,
            load_input=False,
            load_output=False,
        )
        if found:
            DBOS.delete_workflows([one.workflow_id for one in found])

    def stop(self) -> None:
        """Take no new work. What runs is not waited for: it is taken up again at the next start."""
        if self._started:
            self._started = False
            DBOS.destroy(destroy_registry=True)
        if self._own is not None:
            self._own.dispose()

    def _scan(self, scan_id: str) -> str:
        run = self._run
        if run is None:
            raise RuntimeError("runs(...) was not called before start()")
        return run(scan_id, _durable)

    def _config(self) -> DBOSConfig:
        config: DBOSConfig = {
            "name": NAME,
            "application_version": VERSION,
            "executor_id": self.worker,
            "serializer": DBOSPortableJSONSerializer(),
            "dbos_system_schema": SCHEMA,
            "log_level": "WARNING",
            "enable_otlp": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
        if self._own is not None:
            config["system_database_url"] = self._own.url.render_as_string()
            config["system_database_engine"] = self._own
        else:
            url = self._database.url.set(drivername="postgresql")
            config["system_database_url"] = url.render_as_string(hide_password=False)
            config["use_listen_notify"] = False
        return config


def _durable(name: str, function: Callable[..., str], *args: Any) -> str:
    """A step: what it gave is written down, and it is not run again."""
    return DBOS.run_step({"name": name}, lambda: function(*args))


def _sqlite(file: Path) -> Engine:
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        connect_args={"timeout": BUSY_MS / 1000},
        pool_size=20,
        max_overflow=20,
    )
    event.listen(engine, "connect", _connected)
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite before 3.42 does not know 'subsec' and gives NULL.
    connection.create_function("unixepoch", -1, _unixepoch)


def _unixepoch(*modifiers: str) -> float | int:
    now = time.time()
    return round(now, 3) if "subsec" in modifiers else int(now)
