"""Lists folders as the application believes they are.

The original's entries and the mirror's, without what it removed.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Callable, Iterator, Optional

from .mirror import Mirror


class Entry:
    """What `os.scandir` yields for a name the mirror has.

    The application's path, the copy's facts.
    """

    def __init__(self, name: Any, path: Any, copy: str) -> None:
        self.name, self.path, self._copy = name, path, copy

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As `os.DirEntry.stat`."""
        return os.stat(self._copy, follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        """As `os.DirEntry.inode`."""
        return os.lstat(self._copy).st_ino

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """As `os.DirEntry.is_dir`."""
        return self._is(stat.S_ISDIR, follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """As `os.DirEntry.is_file`."""
        return self._is(stat.S_ISREG, follow_symlinks)

    def is_symlink(self) -> bool:
        """As `os.DirEntry.is_symlink`."""
        return self._is(stat.S_ISLNK, False)

    def is_junction(self) -> bool:
        """As `os.DirEntry.is_junction`: the mirror has none."""
        return False

    def _is(self, test: Callable[[int], bool], follow: bool) -> bool:
        try:
            return test(os.stat(self._copy, follow_symlinks=follow).st_mode)
        except OSError:
            return False


class _Listing:
    """The iterator and context manager `os.scandir` gives."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open: the entries were read at once."""


def install(mirror: Mirror, replace: Callable[[str, Callable[..., Any]], None]) -> None:
    """Replace `os.listdir` and `os.scandir` by `replace(name, body)`."""

    def merged(path: Any) -> Optional[tuple[str, set[str]]]:
        if not mirror.used:
            return None
        real = mirror.real(mirror.absolute("", path) if isinstance(path, int) else path)
        names = mirror.names(real) if real is not None else None
        return None if real is None or names is None else (real, names)

    def listdir(original: Any, path: Any = None) -> Any:
        found = merged("." if path is None else path)
        if found is None:
            return original(path)
        real, names = found
        if os.path.isdir(real) and not mirror.removed(real):
            names |= {
                name for name in original(real) if not mirror.removed(os.path.join(real, name))
            }
        ordered = sorted(names)
        return [os.fsencode(name) for name in ordered] if isinstance(path, bytes) else ordered

    def scandir(original: Any, path: Any = None) -> Any:
        shown = "." if path is None else path
        found = merged(shown)
        if found is None:
            return original(path)
        real, names = found
        entries: list[Any] = []
        if os.path.isdir(real) and not mirror.removed(real):
            with original(shown) as listing:
                for entry in listing:
                    name = os.fsdecode(entry.name)
                    if name not in names and not mirror.removed(os.path.join(real, name)):
                        entries.append(entry)
        base = "" if isinstance(shown, int) else os.fspath(shown)
        for name in sorted(names):
            given = os.fsencode(name) if isinstance(base, bytes) else name
            entries.append(
                Entry(given, os.path.join(base, given), os.path.join(mirror.copy_of(real), name))
            )
        return _Listing(entries)

    replace("listdir", listdir)
    replace("scandir", scandir)
