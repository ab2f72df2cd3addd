"""Limits of the process that need no namespace.

Threat: a core file full of the application's secrets, one file that fills the disk, descriptors
used up for the whole machine. RLIMIT_AS is left alone: it counts address space, which idle threads
use up; the scanner watches resident memory instead.
"""

from __future__ import annotations

from typing import Any

CORE = 0
FILE_MB = 1024
DESCRIPTORS = 4096


def limits(config: dict[str, Any]) -> dict[str, int]:
    """Set the limits of this process; `config` may give "file_mb" and "descriptors".

    Returns what was set; empty on Windows.
    """
    try:
        import resource
    except ImportError:
        return {}
    wanted = {
        "RLIMIT_CORE": CORE,
        "RLIMIT_FSIZE": int(config.get("file_mb", FILE_MB)) << 20,
        "RLIMIT_NOFILE": int(config.get("descriptors", DESCRIPTORS)),
    }
    for name, value in wanted.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(number, (value, value))
        wanted[name] = value
    return wanted
