"""A service that kills itself: started as ``python killed.py DATA KILL_AT POINTS NAMES``.

Counts what it is about to make durable, and what it has just made durable: commits of what was written to any database, and
messages that are sent. At number KILL_AT, or at the first point of that name, it ends by SIGKILL, after it has written
down where. With KILL_AT 0 it goes on until nothing is left to be done. It adds the names of the points that it passed to NAMES.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, func, select
from sqlalchemy.engine.default import DefaultDialect

from buckler.notify.webhook import Webhook
from buckler.watch.alerts.channels import Reach
from buckler.watch.db import alerts, scans
from buckler.watch.options import Options
from buckler.watch.service import Service


class Points:
    """Counts, and kills."""

    def __init__(self, kill_at: str, written: Path, names: Path) -> None:
        self._kill_at = kill_at
        self._written = written
        self._names = names
        self._known: set[str] = set()
        self.number = 0
        self._lock = threading.Lock()

    def passed(self, what: str) -> None:
        with self._lock:
            self.number += 1
            name = f"{what} in {_where()}"
            if name not in self._known:
                self._known.add(name)
                with self._names.open("a") as stream:
                    stream.write(f"{name}\n")
            if self._kill_at in (str(self.number), name):
                with self._written.open("a") as stream:
                    stream.write(f"{name}\n")
                os.kill(os.getpid(), signal.SIGKILL)


def _where() -> str:
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if "/buckler/watch/" in name or "/dbos/" in name:
            if "/db/database.py" not in name:
                return f"{Path(name).stem}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"


def watch_commits(points: Points) -> None:
    def writes(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE", "CREATE"):
            connection.info["wrote"] = True

    def before(connection: Any) -> None:
        if connection.info.get("wrote"):
            points.passed("before a commit")

    event.listen(Engine, "before_cursor_execute", writes)
    event.listen(Engine, "commit", before)
    commit = DefaultDialect.do_commit

    def counted(self: Any, connection: Any) -> None:
        commit(self, connection)
        if connection.info.pop("wrote", False):
            points.passed("after a commit")

    DefaultDialect.do_commit = counted  # type: ignore[method-assign]


def watch_sends(points: Points) -> None:
    send = Webhook.send

    def counted(self: Webhook, notification: Any) -> None:
        points.passed("before a message")
        send(self, notification)
        points.passed("after a message")

    Webhook.send = counted  # type: ignore[method-assign]


def idle(service: Service) -> bool:
    """Whether nothing is left to be done."""
    with service.database.read() as connection:
        left = [
            select(func.count()).where(scans.SCANS.c.state.not_in(scans.ENDED)),
            select(func.count()).where(alerts.ALERTS.c.routed.is_(False)),
            select(func.count()).where(alerts.DELIVERIES.c.state == "waiting"),
        ]
        return not any(connection.execute(one).scalar_one() for one in left)


def main() -> None:
    data, written, names = Path(sys.argv[1]), Path(sys.argv[3]), Path(sys.argv[4])
    points = Points(sys.argv[2], written, names)
    watch_commits(points)
    watch_sends(points)
    service = Service(Options(data=data, reach=Reach(inside=True)))
    deadline = time.monotonic() + 60
    with service.running():
        while not idle(service):
            if time.monotonic() > deadline:
                sys.exit("something is still to be done after a minute")
            time.sleep(0.05)
    print(f"to its end by {points.number} points")


if __name__ == "__main__":
    main()
