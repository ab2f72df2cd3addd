"""A worker on PostgreSQL: ``python worker.py DATA URL``. It tells its id, and ends on SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from buckler.watch.alerts.channels import Reach
from buckler.watch.options import Options
from buckler.watch.service import Service


def main() -> None:
    service = Service(
        Options(data=Path(sys.argv[1]), database=sys.argv[2], reach=Reach(inside=True), at_once=1)
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with service.running():
        print(service.engine.worker, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
