"""Removes folders that somebody else filled: of whatever depth and modes, following no link."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: Path, last: str = "") -> None:
    """Remove a folder.

    Args:
        folder: Which one; what is no folder stays.
        last: Name in it that is removed after all others.

    Raises:
        OSError: Something in it cannot be removed, or somebody still writes there.
    """
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return
    folder.chmod(0o700)
    top = os.open(folder, _FOLDER)
    try:
        while found := _only_folders(top, last):
            for name in found:
                inner = os.open(name, _FOLDER, dir_fd=top)
                try:
                    # To the top with them: a path cannot get too long, nor the stack too deep.
                    for below in _only_folders(inner):
                        os.rename(below, os.urandom(16).hex(), src_dir_fd=inner, dst_dir_fd=top)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
        if last:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(last, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()


def _only_folders(descriptor: int, kept: str = "") -> list[str]:
    """Remove what is no folder, and name the folders, made readable."""
    folders = []
    for name in os.listdir(descriptor):
        if name == kept:
            continue
        if stat.S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
            os.chmod(name, 0o700, dir_fd=descriptor)
            folders.append(name)
        else:
            os.unlink(name, dir_fd=descriptor)
    return folders
