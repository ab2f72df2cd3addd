"""Files by name: CWE-22. Audit events see every open; ``os.stat`` raises none, so it is wrapped.

Code that asks whether a file exists before it opens it would never get to the opening. The
plant is a folder outside the application in which any file that is asked for under a canary
name comes to be, so a climbing path finds something at its end. The same holds for
a folder beside the one that is meant, whose name begins like it: ``themes<canary>-beside``.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Tuple

from .. import state
from ..box import audit

BESIDE = "-beside"
CONTENT = "planted by buckler: {}\n"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_plant = "\x00"
_real_stat = os.stat
_real_open = os.open


def install(plant: str) -> None:
    """Watch file access by name.

    Args:
        plant: Absolute path of the folder for planted files.
    """
    global _plant
    _plant = plant
    audit.on("open", _opened)
    for event, index in (
        ("os.listdir", 0),
        ("os.scandir", 0),
        ("os.remove", 0),
        ("os.rmdir", 0),
        ("os.mkdir", 0),
        ("os.truncate", 0),
        ("os.chmod", 0),
        ("os.symlink", 1),
        ("os.rename", 0),
        ("os.rename", 1),
        ("shutil.rmtree", 0),
        ("shutil.copyfile", 0),
        ("shutil.copyfile", 1),
        ("shutil.move", 1),
        ("shutil.unpack_archive", 0),
        ("shutil.make_archive", 0),
    ):
        audit.on(event, _watcher(event, index))
    os.stat = _stat
    _wrap_legacy_pathlib()


def resolve(path: str) -> str:
    """Where a path leads once the dots are taken out; symbolic links are not followed."""
    return os.path.normpath(os.path.join(os.getcwd(), path))


def _planted(path: str) -> bool:
    found = resolve(path)
    if found.startswith(_plant + os.sep):
        return True
    return any(f"{canary}{BESIDE}/" in found for canary in state.canaries(found))


def _make(path: str) -> None:
    target = resolve(path)
    state.quiet.on = True
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        descriptor = _real_open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, CONTENT.format(os.path.basename(target)).encode())
        os.close(descriptor)
    except OSError:
        return  # it is there already, or the name is no file name; the caller then sees that
    finally:
        state.quiet.on = False


def _stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
    if isinstance(path, (str, os.PathLike)) and not getattr(state.quiet, "on", False):
        text = state.text_of(path)
        if state.carries(text):
            state.hit("stat", "os.stat", text, resolved=resolve(text))
            if _planted(text):
                _make(text)
    return _real_stat(path, *args, **kwargs)


def _opened(args: Tuple[Any, ...]) -> None:
    path, mode, flags = args
    if isinstance(path, int) or getattr(state.quiet, "on", False):
        return
    text = state.text_of(path)
    if not state.carries(text):
        return
    writes = bool((flags or 0) & _WRITING) or any(letter in (mode or "") for letter in "wax+")
    state.hit("open", "open", text, write=writes, resolved=resolve(text))
    if not _planted(text):
        return
    if writes:
        raise state.Stopped("Buckler stopped this write outside of the folder it was meant for")
    _make(text)


def _watcher(event: str, index: int) -> Callable[[Tuple[Any, ...]], None]:
    writes = event not in ("os.listdir", "os.scandir", "shutil.make_archive")

    def watch(args: Tuple[Any, ...]) -> None:
        if getattr(state.quiet, "on", False) or index >= len(args):
            return
        text = state.text_of(args[index])
        if text and state.hit("open", event, text, write=writes, resolved=resolve(text)):
            if writes and _planted(text):
                raise state.Stopped(
                    "Buckler stopped this change outside of the folder it was meant for"
                )

    return watch


def _wrap_legacy_pathlib() -> None:
    """Before Python 3.10, pathlib keeps its own reference to ``os.stat``."""
    import pathlib

    accessor = getattr(pathlib, "_NormalAccessor", None)
    if accessor is not None and "stat" in vars(accessor):
        accessor.stat = staticmethod(_stat)
