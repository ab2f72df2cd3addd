"""Applications behind a real server on loopback, and what a scan of such a site reports."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from buckler.core.registry import Registry
from buckler.core.report import Report
from buckler.core.settings import Settings
from buckler.scan.engines.live.site import Bounds, parse
from buckler.scan.scanner import RULES
from buckler.scan.visiting import SiteScanner

ALL = Registry.load(RULES)


@contextlib.contextmanager
def serve(app: Any, **options: Any) -> Iterator[str]:
    """The application under uvicorn; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if "ssl_certfile" in options else "http"
    config = uvicorn.Config(
        app, log_level="error", ws="none", lifespan="off", server_header=False, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def look(url: str, settings: Settings | None = None, document: Any = None, **bounds: Any) -> Report:
    """Scan a site on loopback, fast."""
    given = {"rate": 1000.0, "permitted": True, "total": 30.0, **bounds}
    rules = tuple(ALL)
    scanner = SiteScanner(
        parse(url), Bounds(**given), settings or Settings(), rules, document=document
    )
    return scanner.scan()


def found(report: Report) -> set[tuple[str, str]]:
    """Rule and operation of each finding."""
    return {(f.rule, f.location.operation or "") for f in report.findings}
