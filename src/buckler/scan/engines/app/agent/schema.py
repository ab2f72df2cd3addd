"""Makes the tables, as the project would: by its migrations, else from its models.

Runs in a child of its own before any other, on the databases that all others are copied from.
What fails is told with the statement, and the scan goes on with what is there: where migrations fail,
models make what is missing. What takes too long is told too, and left alone; its process then ends.
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


def prepare(folder: str, seconds: float, migrate: bool = True) -> Dict[str, Any]:
    """Make the tables.

    Returns ``how`` (what made them: ``alembic``, ``metadata`` or ``""``), ``failed`` (what was told of
    failures), ``stuck`` (whether a migration still runs, so that this process is of no use any more) and
    ``models``: whether those could make tables instead.

    Args:
        folder: Of the project.
        seconds: What migrations may take.
        migrate: False leaves migrations out.
    """
    told: Dict[str, Any] = {"how": "", "failed": [], "stuck": False, "models": False}
    allowed.making_tables = True
    try:
        _prepare(_alembic(folder) if migrate else None, seconds, told)
    finally:
        allowed.making_tables = False
    return told


def _prepare(config: Any, seconds: float, told: Dict[str, Any]) -> None:
    # Before: while they run, migrations make tables of their own, half of a real one each.
    models = _metadata()
    if config is not None:
        told["how"] = "alembic"
        told["stuck"] = not _try(told["failed"], lambda: _migrate(config), seconds)
        told["failed"] = ["alembic: " + failed for failed in told["failed"]]
        told["models"] = bool(models or _mapped())
        if not told["failed"] or told["stuck"]:
            return
    models += [item for item in _mapped() if item not in models]
    if models:
        told["how"] = "metadata"
        failed: List[str] = []
        told["stuck"] = not _try(failed, lambda: _create(models, failed), seconds)
        # After a migration has failed, what models cannot make is no news.
        told["failed"] += [] if config is not None else ["models: " + said for said in failed]


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


def _try(failed: List[str], work: Callable[[], None], seconds: float) -> bool:
    """Do it in a thread without an event loop, since migrations like to run one of their own.

    Returns whether it came to an end in time.
    """

    def run() -> None:
        try:
            work()
        except allowed.Closed:
            pass  # it has its tables
        except BaseException as error:
            failed.append(_said(error))

    state.telling = True
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    ended = not thread.is_alive()
    if not ended:
        failed.append(_unfinished(thread, seconds))
    state.telling = False
    state.latest.clear()
    return ended


def _unfinished(thread: threading.Thread, seconds: float) -> str:
    """Where something is that takes too long, and the last statement that it sent."""
    frame = sys._current_frames().get(thread.ident or 0)
    where = state.frames(frame)[:1] if frame is not None else []
    place = " at %s:%s" % tuple(where[0][:2]) if where else ""
    said = "it was not done within %g s%s" % (seconds, place)
    return _short(said + "".join("; the last statement: %s" % text for text in state.latest))


def _short(said: str) -> str:
    return " ".join(said.split())[:MAX_MESSAGE]


def _said(error: BaseException) -> str:
    statement = getattr(error, "statement", None)
    where = load.failure(error)["frames"][:1]
    place = " at %s:%s" % tuple(where[0][:2]) if where else ""
    said = "%s: %s%s" % (type(error).__name__, str(error).split("\n[SQL")[0], place)
    if statement is None and state.latest and not isinstance(error, (ImportError, SyntaxError)):
        return _short("%s; the last statement: %s" % (said, state.latest[0]))
    return _short(said + (" in: %s" % statement if statement else ""))


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
    """What holds tables of the application's own."""
    schema = sys.modules.get("sqlalchemy.sql.schema")
    if schema is None:
        return []
    own = ("pg_catalog", "information_schema")
    return [
        item
        for item in _living(schema.MetaData)
        if any(table.schema not in own for table in item.tables.values())
    ]


def _mapped() -> List[Any]:
    """What mapped classes are in, those that a migration's environment imported too."""
    every = getattr(sys.modules.get("sqlalchemy.orm.mapper"), "_all_registries", None)
    found = [item.metadata for item in sorted(every(), key=id)] if callable(every) else []
    return [item for item in found if item.tables]


def _living(kind: Any) -> List[Any]:
    return [item for item in gc.get_objects() if isinstance(item, kind)]


def _create(models: List[Any], failed: List[str]) -> None:
    engine_module = sys.modules.get("sqlalchemy.engine.base")
    async_module = sys.modules.get("sqlalchemy.ext.asyncio.engine")
    asynchronous = _living(async_module.AsyncEngine) if async_module is not None else []
    inner = {id(engine.sync_engine) for engine in asynchronous}
    blocking = _living(engine_module.Engine) if engine_module is not None else []
    for engine in blocking:
        if id(engine) not in inner and engine.dialect.name != "sqlite":
            with contextlib.suppress(allowed.Closed):
                for metadata in models:
                    _create_in(engine, metadata, failed)
            engine.dispose()
    for engine in asynchronous:
        if engine.dialect.name != "sqlite":
            with contextlib.suppress(allowed.Closed):
                asyncio.run(_create_asynchronously(engine, models, failed))


def _create_in(engine: Any, metadata: Any, failed: List[str]) -> None:
    """All at once, or where that fails every table that can be made without the others."""
    try:
        metadata.create_all(engine)
    except allowed.Closed:
        raise
    except Exception:
        for table in metadata.sorted_tables:
            try:
                metadata.create_all(engine, tables=[table])
            except Exception as error:
                failed.append(_said(error))


async def _create_asynchronously(engine: Any, models: List[Any], failed: List[str]) -> None:
    spawned = importlib.import_module("sqlalchemy.util.concurrency").greenlet_spawn
    for metadata in models:
        await spawned(_create_in, engine.sync_engine, metadata, failed)
    await engine.dispose()
