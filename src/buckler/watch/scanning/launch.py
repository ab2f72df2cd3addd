"""Becomes the scanner, after it has bound itself: started as ``python -P launch.py PARENT FILE_BYTES COMMAND...``.

What a process asks of the kernel about itself between fork and exec is not safe in a program with threads; so it is
asked here, in a program that has none. Standard library only: it is started by its path.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def bind(parent: int, file_bytes: int) -> None:
    """End with the parent, write no file that is larger, leave no memory behind in a core file.

    Args:
        parent: Process id of the one who started this.
        file_bytes: Of any file.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # It died before the kernel was asked.
            os.kill(os.getpid(), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Bind, then be the command."""
    parent, file_bytes, *command = sys.argv[1:]
    bind(int(parent), int(file_bytes))
    os.execv(command[0], command)  # noqa: S606 - the command is ours


if __name__ == "__main__":
    main()
