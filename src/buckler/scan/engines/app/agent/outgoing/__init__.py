"""Other people's APIs: what the application asks them is answered here, so that handlers go on.

In the box no such request gets out, and a handler that makes one raises before the code behind it
runs. So each HTTP client has a door, at which a request that is not the attack's gets a stand-in
answer: one that the project has recorded, else one made from what the calling code reads of it.
A request whose host or proxy comes from the attack, one with the caller's own credential, one that
``--allow`` names and one to a server of the application's own go the real way.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Dict

from . import stack, standing
from .aiohttp import install as aiohttp_door
from .credentials import serving
from .httpx import install as httpx_door
from .told import take
from .urllib import install as urllib_door
from .urllib3 import install as urllib3_door

__all__ = ["install", "running", "serving", "take"]


def install(config: Dict[str, Any]) -> None:
    """Stand at every door, unless the box leaves the network open.

    Args:
        config: ``box``: what is allowed, and the walls.
    """
    if config["box"].get("network") is True:
        return
    standing.allow(config["box"])
    for door in (httpx_door, urllib3_door, urllib_door, aiohttp_door):
        door()


def running(loop: asyncio.AbstractEventLoop) -> None:
    """Say in which loop the application runs, to find who waits for a thread or a task."""
    stack.loop, stack.thread = loop, threading.get_ident()
