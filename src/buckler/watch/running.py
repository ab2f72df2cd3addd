"""One process from its start to its end: the application is served while the background works."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from buckler.watch import registering
from buckler.watch.app import administrator, create_app
from buckler.watch.db import scans, targets
from buckler.watch.db.database import Database
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.registering import Given
from buckler.watch.scanning.address import Allowed
from buckler.watch.service import Service

GRACE: Final = 10


class _Server(uvicorn.Server):
    """Leaves signals to :func:`serve`: else it raises them again at its end, before the background has ended."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def given_of(target: str) -> Given:
    """What a person means by a path or an address.

    Raises:
        RefusedError: There is no such folder.
    """
    if "://" in target or ("@" in target and ":" in target):
        return Given(kind="git", location=target)
    folder = Path(target).resolve()
    if not folder.is_dir():
        raise RefusedError(
            f"there is no folder {folder}", hint="a folder, or https://host/path.git"
        )
    return Given(kind="folder", location=str(folder))


def add(database: Database, caller: Caller, given: Given, allowed: Allowed) -> str:
    """Add a target on the machine itself and ask for its first scan; its id."""
    now = time.time()
    with database.write() as connection:
        made = registering.add(connection, caller, given, now, allowed=allowed, here=True)
        if targets.get(connection, SYSTEM, made).kind != "pushed":
            scans.request(connection, SYSTEM, made, now)
        return made


def serve(
    service: Service,
    host: str,
    port: int,
    *,
    first: Given | None,
    tell: Callable[[str], None],
) -> None:
    """Serve the application and work in the background, until a signal ends it.

    Args:
        service: Not running yet.
        host: Address to listen at.
        port: The same; 0 for any that is free.
        first: A target that is added at the start.
        tell: Gets what a person should read.
    """
    with service.running():
        app = create_app(service)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        server = _Server(config)

        async def run() -> None:
            if not service.database.is_sqlite:
                await _identities(service)
            user_id, path = await administrator(app)
            if first is not None:
                allowed = service.options.cloning.allowed
                await asyncio.to_thread(add, service.database, Caller(user_id), first, allowed)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, server.handle_exit)
            serving = asyncio.create_task(server.serve())
            while not server.started and not serving.done():
                await asyncio.sleep(0.02)
            for one in server.servers:
                address = "http://{}:{}".format(*one.sockets[0].getsockname()[:2])
                tell(f"Buckler watches at {address}")
                tell(f"Sign in once, within ten minutes: {address}{path}")
            await serving

        # uvloop where it is there; uvicorn takes httptools by itself.
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(run())


async def _identities(service: Service) -> None:
    """Make the tables of accounts, by one process at a time."""
    from buckler.guard.stores.sql import migrations
    from buckler.guard.stores.sql.engine import engine_of

    engine = engine_of(service.database.url)
    try:
        await migrations.upgrade(engine)
    finally:
        await engine.dispose()
