"""Runs a command in a mount namespace of its own, with empty file systems over folders. For root.

``apart.py SIZE FOLDER ... -- COMMAND ...``; of what is covered only the interpreter of the command
stays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from buckler.scan.engines.app.agent.box import libc


def cover(folder: Path, size: str) -> None:
    """Mount an empty file system there."""
    libc.mount("tmpfs", str(folder), "tmpfs", 0, f"size={size},mode=755")


def kept(folders: list[Path], program: Path) -> list[tuple[Path, int]]:
    """The files that have to stay, each with a descriptor: links of the interpreter, and itself."""
    names = [program]
    while names[-1].is_symlink():
        names.append(names[-1].parent / os.readlink(names[-1]))
    covered = [name for name in names if any(name.is_relative_to(f) for f in folders)]
    return [(name, os.open(name, os.O_PATH)) for name in covered]


def main(size: str, folders: list[Path], command: list[str]) -> None:
    """Leave the shared mounts, cover, and become the command."""
    libc.unshare(libc.CLONE_NEWNS)
    libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
    keep = kept(folders, Path(command[0]))
    for folder in folders:
        cover(folder, size)
    for name, descriptor in keep:
        name.parent.mkdir(parents=True, exist_ok=True)
        name.touch(mode=0o755)
        libc.mount(f"/proc/self/fd/{descriptor}", str(name), None, libc.MS_BIND)
        os.close(descriptor)
    os.execv(command[0], command)


if __name__ == "__main__":
    at = sys.argv.index("--")
    main(sys.argv[1], list(map(Path, sys.argv[2:at])), sys.argv[at + 1 :])
