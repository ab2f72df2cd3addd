"""The life of the child: box, sinks, import, lifespan, model, requests, end."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import sys
from typing import Any, AsyncIterator, Dict, Optional, Tuple

from . import (
    configured,
    drivers,
    introspect,
    listed,
    load,
    outgoing,
    people,
    places,
    reached,
    reads,
    schema,
    serve,
    settings,
    sinks,
    state,
    stores,
)
from .box import audit, hooks, kernel
from .channel import Channel
from .sinks import logs

MAX_STARTS = 6
_STORES = {"keep": stores.keep, "changed": stores.changed, "restore": stores.restore}
LONG_MS = 20.0
"""After an answer that took so long the parent need not wait for the rest of the batch."""


def main(descriptor: int, orders: int) -> None:
    """Run until the parent closes the pipe.

    Args:
        descriptor: The inherited end of a socket pair.
        orders: Descriptor of a file with what ``launch`` was told and the walls that it built.
    """
    channel = Channel(descriptor)
    with os.fdopen(orders, encoding="utf-8") as file:
        config = json.load(file)
    walls = config["enclosed"]
    kernel.seal(walls)
    state.begin(config["prefix"], config["box"]["project"])
    state.skip_dirs = tuple(config["skip_dirs"])
    sys.argv[:] = [config["argv0"]]
    _keep_bytecode(config["pycache"], bool(walls["walls"].get("mounts")))
    os.makedirs(config["plant"], exist_ok=True)
    os.chdir(config["cwd"])
    _no_uvloop()
    audit.install()
    sinks.install(config)
    drivers.install(config)
    outgoing.install(config)
    reads.install()
    if config["box"]["hooks"]:
        hooks.install(dict(config["box"], walls=walls["walls"]), state.refuse)
    asyncio.run(_run(channel, config))


def _keep_bytecode(folder: str, walled: bool) -> None:
    """Compile libraries once for all children where the environment has no bytecode yet.

    Where it has, a folder of our own would hide it. Nothing may be written beside the sources
    where no wall catches that.
    """
    found = importlib.util.find_spec("fastapi")
    if found is None or not found.origin or not os.path.exists(_compiled(found.origin)):
        sys.pycache_prefix = folder
    sys.dont_write_bytecode = sys.pycache_prefix is None and not walled


def _compiled(source: str) -> str:
    return importlib.util.cache_from_source(source)


def _no_uvloop() -> None:
    """Uvloop's connections raise no audit event; asyncio's own loop and policy are used."""
    if sys.version_info < (3, 14):
        asyncio.set_event_loop_policy(None)


async def _run(channel: Channel, config: Dict[str, Any]) -> None:
    outgoing.running(asyncio.get_running_loop())
    app = _import(channel, config)
    if app is None:
        return
    if config.get("prepare"):
        channel.put({"kind": "prepared", **_tables(config)})
        channel.flush()
        return
    if "mysql" in config.get("servers", {}):
        # Its databases cannot be copied whole, so every child makes the tables for itself.
        _tables(config)
    lifespan, why = await _start(app, config["lifespan_timeout"])
    data_failed = await schema.add_data(config["data"])
    logs.listen()
    model = introspect.model(app)
    model["lifespan_failed"], model["data_failed"] = why, data_failed
    model["made_up"] = sorted(settings.made_up)
    model["configured"] = configured.digests()
    model["people"] = [*people.take(), *listed.accounts()]
    model["refused"] = state.take()["refused"]
    model["wanted"], model["drivers"] = drivers.take(), drivers.kinds()
    model["outgoing"] = outgoing.take()
    channel.put({"kind": "model", "model": model})
    channel.flush()
    gc.freeze()
    await _answer(channel, serve.Driver(app, lifespan.state))
    stores.close()
    await lifespan.stop(config["shutdown_timeout"])


def _tables(config: Dict[str, Any]) -> Dict[str, Any]:
    migrate = all(server["migrate"] for server in config["servers"].values())
    return schema.prepare(config["box"]["project"], config["lifespan_timeout"], migrate)


async def _start(app: Any, timeout: float) -> Tuple[serve.Lifespan, Optional[str]]:
    """Start the lifespan, again where it failed for a setting that could be made up."""
    for _ in range(MAX_STARTS):
        lifespan = serve.Lifespan(app)
        why = await lifespan.start(timeout)
        if lifespan.error is None or not settings.repair_declared(lifespan.error):
            break
    return lifespan, why


def _import(channel: Channel, config: Dict[str, Any]) -> Optional[Any]:
    reached.install()
    places.install()
    gc.disable()
    try:
        return load.load(config["app"])
    except BaseException as error:
        told = load.failure(error)
        told["made_up"] = sorted(settings.made_up)
        told["wanted"] = settings.wanted(error)
        told["refused"] = state.take()["refused"]
        told["servers"], told["drivers"] = drivers.take(), drivers.kinds()
        channel.put({"kind": "failed", **told})
        channel.flush()
        return None
    finally:
        gc.enable()


class _Inbox:
    """What the parent asks for, as it comes; a ``drop`` overtakes what waits before it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._queue: "asyncio.Queue[Optional[Dict[str, Any]]]" = asyncio.Queue()
        self._dropped = 0

    def readable(self) -> None:
        """Take the frames that are there."""
        try:
            for frame in self._channel.feed():
                if frame["kind"] == "drop":
                    self._dropped = frame["through"]
                else:
                    self._queue.put_nowait(frame)
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._channel.descriptor)
            self._queue.put_nowait(None)

    async def frames(self) -> AsyncIterator[Dict[str, Any]]:
        """Frames until the end."""
        while True:
            frame = await self._queue.get()
            if frame is None or frame["kind"] == "stop":
                return
            yield frame

    def wanted(self, number: int) -> bool:
        """Whether somebody still waits for the answer to that request."""
        return number > self._dropped


async def _answer(channel: Channel, driver: serve.Driver) -> None:
    inbox = _Inbox(channel)
    asyncio.get_running_loop().add_reader(channel.descriptor, inbox.readable)
    async for frame in inbox.frames():
        if frame["kind"] in _STORES:
            await stores.settle()
            channel.put({**_STORES[frame["kind"]](), "kind": frame["kind"]})
            channel.flush()
            continue
        for request in frame["requests"]:
            if not inbox.wanted(request["id"]):
                continue
            if request.get("restored"):
                await stores.settle()
                stores.restore()
            outgoing.serving(request)
            answer = await driver.call(request)
            answer.update(kind="answer", reads=reads.take())
            if wanted := drivers.take():
                answer["wanted"] = wanted
            if stood := outgoing.take():
                answer["outgoing"] = stood
            channel.put(answer)
            if answer["ms"] > LONG_MS:
                channel.flush()
        channel.flush()
