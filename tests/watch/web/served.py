"""The application on a real port with a full set of rows, and a Chromium that tells everything it complains of."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from buckler.watch.app import administrator, create_app
from buckler.watch.db import alerts, migrations, scans
from buckler.watch.db import findings as findings_of
from buckler.watch.db.findings import Wanted
from buckler.watch.db.metadata import new_id
from buckler.watch.interface import Caller
from buckler.watch.options import Options
from buckler.watch.service import Service
from tests.watch import made
from tests.watch.web.site import OPERATIONS, full

LONG = "x" * 300
"""A word that no line of a phone has room for."""


class Served:
    """The application on loopback.

    Args:
        folder: Of its data.
        address: Where browsers find it.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self.service = Service(Options(data=folder, base_url=address))
        migrations.upgrade(self.service.database)
        self.app = create_app(self.service)
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_level="error"))
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve(self, listener: socket.socket) -> None:
        """Serve in this thread."""

        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            await self.server.serve([listener])

        asyncio.run(run())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something where the application runs."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def administrator(self) -> tuple[str, str]:
        """Id of the administrator, and an address that signs them in once."""
        user_id, path = self.run(administrator(self.app))
        return user_id, f"{self.address}{path}"


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The application, until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Served(folder, f"http://localhost:{listener.getsockname()[1]}")
        with made.app.state.guard.rated(None):
            thread = threading.Thread(target=made.serve, args=(listener,))
            thread.start()
            try:
                deadline = time.monotonic() + 60
                while not made.server.started and time.monotonic() < deadline:
                    time.sleep(0.02)
                yield made
            finally:
                made.server.should_exit = True
                thread.join()
                made.service.database.close()


def filled(service: Service, owner: str) -> dict[str, str]:
    """Targets, findings in every state, alerts, a channel and a dead delivery; paths of them."""
    database, caller, now = service.database, Caller(owner), time.time()
    findings = [
        full(1),
        made.finding(
            2, severity="high", confidence="observed", title="Session cookie without Secure"
        ),
        made.finding(3, severity="medium", message=f"A long word: {LONG}", subject=LONG),
        made.finding(4, severity="low"),
        made.finding(
            5,
            "PKG004",
            severity="high",
            subject="starlette 0.40.0",
            title="Known weakness",
            message="CVE-2024-47874 in starlette 0.40.0",
        ),
    ]
    shop = made.target(database, caller, name="shop", branch="main")
    for days, score, grade in ((9, 78, "C"), (6, 74, "C"), (3, 61, "D"), (0.1, 55, "D")):
        report = made.report(
            *findings[: 5 if days < 9 else 3], coverage=OPERATIONS, grade=grade, score=score
        )
        made.push(database, shop, report, now - days * 86_400)
    made.push(
        database,
        made.target(database, caller, name="ledger " + LONG[:60], branch="main"),
        made.report(grade="A", score=93),
        now - 86_400,
    )
    channel_id = new_id()
    with database.write() as connection:
        channel = alerts.add_channel(
            connection,
            caller,
            {
                "name": "operations",
                "kind": "email",
                "options": {
                    "host": "mail.example",
                    "sender": "watch@example.com",
                    "recipients": ["ops@example.com"],
                },
                "sealed": service.delivering.secrets.seal({}, channel_id),
                "filters": {"severity": "high"},
                "quiet": {"from": "22:00", "to": "07:00", "zone": "UTC"},
                "digest": 600.0,
                "id": channel_id,
            },
        )
        told = alerts.listed(connection, caller, 1)[0]
        alerts.routed(
            connection,
            [told.id],
            [{"alert_id": told.id, "channel_id": channel, "next_at": now, "batch": None}],
        )
        dead = alerts.DELIVERIES.update().values(
            state="dead", tries=12, error="the server answered 550"
        )
        connection.execute(dead)
    with database.read() as connection:
        finding = findings_of.listed(connection, caller, Wanted(target_id=shop))[0].id
        scan = scans.listed(connection, caller, shop)[0].id
    return {"target": shop, "channel": channel, "finding": finding, "scan": scan}
