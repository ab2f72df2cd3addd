"""Builds the kernel's walls, tells the parent which of them stand, and becomes the application's
interpreter.

Runs in Buckler's own interpreter. The application's comes from the project: it may be a script, and
what lies in its ``site-packages`` runs before the first line of the agent. So it starts inside.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

# All that is needed inside is imported before: a hidden folder may hold this interpreter.
from .box import doors, kernel, landlock, mounts, namespaces, process, seccomp  # noqa: F401
from .channel import Channel

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")


def launch(descriptor: int, python: str) -> None:
    """Wait for the orders, build, and become ``python``.

    Args:
        descriptor: The inherited end of a socket pair.
        python: The application's interpreter.
    """
    channel = Channel(descriptor)
    orders = channel.receive()
    file = _unnamed()
    enclosed, listeners = kernel.enclose(orders["box"])
    kernel.limits({})
    channel.hand_over({"kind": "walls", **enclosed}, listeners)
    os.write(file, json.dumps({**orders, "enclosed": enclosed}).encode("ascii"))
    os.lseek(file, 0, os.SEEK_SET)
    os.set_inheritable(file, True)
    command = [python, "-X", "utf8", AGENT, "run", str(descriptor), str(file)]
    try:
        os.execve(python, command, orders["environment"])
    except OSError as error:
        sys.exit(f"{python} cannot be run: {error.strerror}")


def _unnamed() -> int:
    """A file without a name: it is gone with the last process that holds it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("orders")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
