"""What a child is told before it runs anything of the application's (see ``agent/process.py``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import buckler
from buckler.scan.engines.app.child import AGENT, Scratch
from buckler.scan.engines.app.options import Options
from buckler.scan.target import Application, Target

MEMORY_TMPFS_MB = 512
PACKAGE = Path(buckler.__file__).parent
"""What an application imports that has a guard; an editable installation lies anywhere."""


def config_of(
    target: Target,
    application: Application,
    options: Options,
    scratch: Scratch,
    servers: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The configuration of a child, but for its canaries and the folder of its bytecode.

    Args:
        target: Where the application lives.
        application: Which one.
        options: How to run it.
        scratch: The folders of the session.
        servers: By kind, where those of the scan listen.
    """
    python = target.python
    prefixes = {
        sys.prefix,
        sys.base_prefix,
        str(python.parent.parent),
        str(python.resolve().parent.parent),
    }
    roots = [str(path) for path in application.sys_path]
    sockets = [server["folder"] for server in servers.values()]
    return {
        "cwd": str(target.folder),
        "argv0": str(target.folder / application.module.replace(".", os.sep)) + ".py",
        "skip_dirs": [str(p) for p in sorted(prefixes) if Path(p) != target.folder],
        "lifespan_timeout": options.import_timeout / 2,
        "shutdown_timeout": 0.5,
        "app": {
            "module": application.module,
            "attribute": application.attribute,
            "sys_path": roots,
        },
        "servers": dict(servers),
        "data": options.data,
        "box": {
            "sockets": sockets,
            "project": str(target.folder),
            "scratch": str(scratch.path),
            "stages": str(scratch.private),
            # Nothing below scratch: there a link could name what the box is to hide.
            "keep": [*sorted(prefixes), str(AGENT), str(PACKAGE), *roots, *sockets],
            "network": False,
            "processes": options.processes,
            "memory_tmpfs_mb": MEMORY_TMPFS_MB,
            "walls": list(options.walls),
            "hooks": options.hooks,
            "allow": list(options.allow),
            "writes": options.writes,
        },
    }
