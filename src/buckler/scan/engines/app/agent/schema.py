"""Makes the tables, as the project would: by its migrations, else from its models.

Runs in a child of its own before any other, on the databases that all others are copied from.
What fails is told with the statement, and the scan goes on with what is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import inspect
import os
import sys
import threading
from typing import Any, Callable, Dict, List, Optional

from . import load, state
from .drivers import allowed

MAX_MESSAGE = 600
_SKIPPED = (".git", ".venv", "venv", "env", "node_modules", "__pycache__", "tests", "site-packages")


def prepare(folder: str) -> Dict[str, Any]:
    """Make the tables; returns ``how`` (``alembic``, ``metadata`` or ``""``) and ``failed``.

    Args:
        folder: Of the project.
    """
    told: Dict[str, Any] = {"how": "", "failed": []}
    allowed.making_tables = True
    try:
        _prepare(folder, told)
    finally:
        allowed.making_tables = False
    return told


def _prepare(folder: str, told: Dict[str, Any]) -> None:
    config = _alembic(folder)
    if config is not None:
        told["how"] = "alembic"
        _try(told["failed"], lambda: _migrate(config))
    elif _metadata():
        told["how"] = "metadata"
        _try(told["failed"], _create)


async def add_data(name: str) -> str:
    """Call the project's function that adds data; why it failed, or an empty text.

    It is called once the application has started, in each child: tables may be made by its start. A
    coroutine runs on the application's loop, whose connections it may share; anything else in a
    thread, where it may run a loop of its own.

    Args:
        name: ``module:function``, or an empty text for none. Nothing is added where the application
            has gone to a server of the user's own.
    """
    if not name or state.real:
        return ""
    allowed.making_tables = True
    try:
        module, _, attribute = name.partition(":")
        function = getattr(importlib.import_module(module), attribute)
        if inspect.iscoroutinefunction(function):
            await function()
        else:
            made = await asyncio.get_running_loop().run_in_executor(None, function)
            if inspect.isawaitable(made):
                await made
    except (Exception, SystemExit) as error:
        return _said(error)
    finally:
        allowed.making_tables = False
    return ""


def _try(failed: List[str], work: Callable[[], None]) -> None:
    """Do it in a thread without an event loop: migrations like to run one of their own."""

    def run() -> None:
        try:
            work()
        except allowed.Closed:
            pass  # it has its tables
        except BaseException as error:
            failed.append(_said(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def _said(error: BaseException) -> str:
    statement = getattr(error, "statement", None)
    where = load.failure(error)["frames"][:1]
    place = " at %s:%s" % tuple(where[0][:2]) if where else ""
    said = "%s: %s%s" % (type(error).__name__, str(error).split("\n[SQL")[0], place)
    return (said + (" in: %s" % statement if statement else ""))[:MAX_MESSAGE]


def _alembic(folder: str) -> Optional[str]:
    """The project's ``alembic.ini``, the one nearest to its root."""
    for root, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        if root.count(os.sep) - folder.count(os.sep) >= 3:
            names[:] = []
        if "alembic.ini" in files:
            return os.path.join(root, "alembic.ini")
    return None


def _migrate(path: str) -> None:
    command = importlib.import_module("alembic.command")
    config = importlib.import_module("alembic.config").Config(path)
    before = os.getcwd()
    os.chdir(os.path.dirname(path))
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        command.upgrade(config, "heads")
    finally:
        os.chdir(before)


def _metadata() -> List[Any]:
    schema = sys.modules.get("sqlalchemy.sql.schema")
    if schema is None:
        return []
    own = ("pg_catalog", "information_schema")
    return [
        item
        for item in _living(schema.MetaData)
        if any(table.schema not in own for table in item.tables.values())
    ]


def _living(kind: Any) -> List[Any]:
    return [item for item in gc.get_objects() if isinstance(item, kind)]


def _create() -> None:
    engine_module = sys.modules.get("sqlalchemy.engine.base")
    async_module = sys.modules.get("sqlalchemy.ext.asyncio.engine")
    asynchronous = _living(async_module.AsyncEngine) if async_module is not None else []
    inner = {id(engine.sync_engine) for engine in asynchronous}
    blocking = _living(engine_module.Engine) if engine_module is not None else []
    for engine in blocking:
        if id(engine) not in inner and engine.dialect.name != "sqlite":
            with contextlib.suppress(allowed.Closed):
                for metadata in _metadata():
                    metadata.create_all(engine)
            engine.dispose()
    for engine in asynchronous:
        if engine.dialect.name != "sqlite":
            with contextlib.suppress(allowed.Closed):
                asyncio.run(_create_asynchronously(engine))


async def _create_asynchronously(engine: Any) -> None:
    for metadata in _metadata():
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    await engine.dispose()
