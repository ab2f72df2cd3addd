"""How an application is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATABASES = ("auto", "scratch", "stand-in", "none")
WALLS = ("mounts", "network", "pid", "seccomp")


@dataclass(frozen=True, slots=True)
class Options:
    """How to run the application.

    Attributes:
        env_file: File of settings for it.
        passed: Names handed over from the user's environment.
        allow: ``HOST:PORT`` that may be reached.
        writes: Whether probes may write to a server that is allowed.
        processes: Whether it may start processes.
        walls: Kernel walls to build; an empty tuple leaves the Python wall alone.
        hooks: Whether the Python wall refuses; off only to test the other.
        import_timeout: Seconds for import and start-up.
        request_timeout: Seconds for one request.
        seed: Makes canaries and order repeatable.
        data: ``module:function`` of the project that adds data, or an empty text.
        database: ``scratch`` brings the servers that the application wants, ``stand-in`` what
            speaks like them, ``auto`` the first where it can, ``none`` brings none.
        kept: Folder in which findings of source are kept from one scan to the next.
    """

    env_file: Path | None = None
    passed: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    writes: bool = False
    processes: bool = False
    walls: tuple[str, ...] = WALLS
    hooks: bool = True
    import_timeout: float = 60.0
    request_timeout: float = 5.0
    seed: int = 0
    data: str = ""
    database: str = "auto"
    kept: Path | None = None
