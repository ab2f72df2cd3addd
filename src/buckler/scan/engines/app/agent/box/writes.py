"""Redirects what the application writes into the mirror, and refuses what would change an original.

Only where the kernel's mount wall does not stand. Functions of `os` and `open` are replaced to
redirect; audit events then refuse whatever reaches an original on another way (`io.FileIO`, a
function taken from `posix`). Code below Python is out of reach.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import io
import os
import sys
from typing import Any, Callable, Optional

from . import audit, folders
from .mirror import Mirror
from .refusal import Refusals, text

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READERS = (
    "stat",
    "lstat",
    "access",
    "readlink",
    "chdir",
    "statvfs",
    "getxattr",
    "listxattr",
    "pathconf",
)
_CHANGERS = (
    "chmod",
    "lchmod",
    "chown",
    "lchown",
    "utime",
    "setxattr",
    "removexattr",
    "chflags",
    "lchflags",
)
_MAKERS = ("mkdir", "mkfifo", "mknod")
# Event: which of its arguments are paths that change, and which is the folder each is relative to.
_EVENTS: dict[str, tuple[tuple[int, int], ...]] = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.truncate": ((0, 9),),
    "os.setxattr": ((0, 9),),
    "os.removexattr": ((0, 9),),
    "os.chflags": ((0, 9),),
}


def install(config: dict[str, Any], refusals: Refusals) -> Mirror:
    """Replace and register; returns the mirror, which SQLite databases use too."""
    mirror = Mirror(config["scratch"])
    temporary = os.path.join(os.path.realpath(config["scratch"]), "tmp")
    # Nothing above it is made: where the scan was ended, its folder is gone, and stays so.
    with contextlib.suppress(FileExistsError):
        os.mkdir(temporary)
    # What is made for a moment goes to scratch straight away, by a name that needs no mirror.
    os.environ["TMPDIR"] = temporary
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = temporary  # type: ignore[attr-defined]
    _Redirect(mirror, refusals).install()
    _wall(mirror, refusals)
    return mirror


class _Outer:
    """`body(original, *arguments)` for the application.

    The bare original while the mirror is at work.

    An object, not a function: like a builtin it does not become a method when a class keeps it
    (`open = os.open`).
    """

    def __init__(
        self, mirror: Mirror, original: Callable[..., Any], body: Callable[..., Any]
    ) -> None:
        functools.update_wrapper(self, original)
        self._inside, self._original, self._body = mirror.inside, original, body

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        inside = self._inside
        if inside.active:
            return self._original(*arguments, **options)
        inside.active = True
        try:
            return self._body(self._original, *arguments, **options)
        finally:
            inside.active = False

    def __repr__(self) -> str:
        return f"<{self._original!r}, redirected by Buckler>"


class _Redirect:
    """The replacements, each made from the function it stands for."""

    def __init__(self, mirror: Mirror, refusals: Refusals) -> None:
        self._mirror = mirror
        self._refusals = refusals
        self._replaced: dict[Any, Any] = {}

    def install(self) -> None:
        opened = self._outer(builtins.open, self._open)
        builtins.open = io.open = opened
        self._replace("open", self._os_open)
        for names, many in (
            (_READERS, self._read),
            (_CHANGERS, self._change),
            (_MAKERS, self._make),
        ):
            for name in names:
                self._replace(name, many)
        for name in ("remove", "unlink"):
            self._replace(name, self._remove)
        for name in ("rename", "replace"):
            self._replace(name, self._rename)
        rest: dict[str, Callable[..., Any]] = {
            "rmdir": self._rmdir,
            "truncate": self._truncate,
            "link": self._link,
            "symlink": self._symlink,
        }
        for name, body in rest.items():
            self._replace(name, body)
        folders.install(self._mirror, self._replace)
        self._old_pathlib()

    def _replace(self, name: str, body: Callable[..., Any]) -> None:
        original = getattr(os, name, None)
        if original is None:
            return
        new = self._outer(original, body)
        setattr(os, name, new)
        for group in (
            "supports_dir_fd",
            "supports_fd",
            "supports_follow_symlinks",
            "supports_effective_ids",
        ):
            functions = getattr(os, group)
            if original in functions:
                functions.add(new)

    def _outer(self, original: Callable[..., Any], body: Callable[..., Any]) -> _Outer:
        new = self._replaced[original] = _Outer(self._mirror, original, body)
        return new

    def _old_pathlib(self) -> None:
        """Before Python 3.11 pathlib keeps the functions of `os` in a class of its own."""
        if sys.version_info >= (3, 11):
            return
        import pathlib

        accessor: Any = getattr(pathlib, "_NormalAccessor", None)
        for name, value in list(vars(accessor).items()) if accessor is not None else ():
            value = getattr(value, "__func__", value)
            new = self._replaced.get(value) if callable(value) else None
            if new is not None:
                setattr(accessor, name, new)

    def _open(self, original: Any, file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if options.get("opener") is not None or (len(rest) > 5 and rest[5] is not None):
            # The opener is the application's: it calls os.open, which redirects, or another way,
            # which the wall sees.
            self._mirror.inside.active = False
            self._mirror.inside.opener = os.fspath(file)
            return original(file, mode, *rest, **options)
        real = self._mirror.real(file)
        if real is None:
            return original(file, mode, *rest, **options)
        if any(letter in mode for letter in "wax+"):
            place = self._mirror.write(real, content="w" not in mode)
        else:
            place = self._mirror.read(real)
        return original(place if place != real else file, mode, *rest, **options)

    def _os_open(
        self,
        original: Any,
        path: Any,
        flags: int,
        mode: int = 0o777,
        *,
        dir_fd: Optional[int] = None,
    ) -> int:
        real = self._mirror.real(path, dir_fd)
        if real is None:
            if dir_fd is not None and flags & _WRITING:
                # The event names no folder, so that the wall could not tell where a relative path
                # leads.
                path = self._mirror.absolute(path, dir_fd)
            return int(original(path, flags, mode, dir_fd=dir_fd))
        emptied = flags & os.O_TRUNC and flags & os.O_CREAT and not flags & os.O_EXCL
        place = (
            self._mirror.write(real, not emptied) if flags & _WRITING else self._mirror.read(real)
        )
        return int(original(path if place == real else place, flags, mode, dir_fd=dir_fd))

    def _read(self, original: Any, path: Any, *rest: Any, **options: Any) -> Any:
        if self._mirror.used:
            follow = original.__name__ not in ("lstat", "readlink") and options.get(
                "follow_symlinks", True
            )
            real = self._mirror.real(path, options.get("dir_fd"), follow)
            place = self._mirror.read(real) if real is not None else real
            if place != real and place is not None:
                options.pop("dir_fd", None)
                path = place
        return original(path, *rest, **options)

    def _change(self, original: Any, path: Any, *rest: Any, **options: Any) -> Any:
        real = self._mirror.real(path, options.get("dir_fd"))
        if real is None:
            return original(path, *rest, **options)
        self._own_or_refuse(real, f"os.{original.__name__}")
        options.pop("dir_fd", None)
        return original(self._mirror.read(real), *rest, **options)

    def _own_or_refuse(self, real: str, event: str) -> None:
        """Refuse a change of an original.

        What the mirror has, and what does not exist, may go on.
        """
        if not self._mirror.has(real) and not self._mirror.removed(real) and os.path.lexists(real):
            self._refusals.write(real, event)

    def _make(self, original: Any, path: Any, *rest: Any, **options: Any) -> Any:
        real = self._mirror.real(path, options.pop("dir_fd", None), follow=False)
        if real is None:
            return original(path, *rest, **options)
        if os.path.lexists(real) and not self._mirror.removed(real):
            raise FileExistsError(17, os.strerror(17), text(path))
        return original(self._mirror.write(real), *rest, **options)

    def _remove(self, original: Any, path: Any, *, dir_fd: Optional[int] = None) -> None:
        real = self._mirror.real(path, dir_fd, follow=False)
        if real is None:
            original(path, dir_fd=dir_fd)
            return
        self._own_or_refuse(real, "os.remove")
        original(self._mirror.copy_of(real))
        self._mirror.drop(real)

    def _rmdir(self, original: Any, path: Any, *, dir_fd: Optional[int] = None) -> None:
        real = self._mirror.real(path, dir_fd, follow=False)
        if real is None:
            original(path, dir_fd=dir_fd)
            return
        if os.path.lexists(real) and not self._mirror.removed(real):
            self._refusals.write(real, "os.rmdir")
        original(self._mirror.copy_of(real))

    def _rename(
        self,
        original: Any,
        src: Any,
        dst: Any,
        *,
        src_dir_fd: Optional[int] = None,
        dst_dir_fd: Optional[int] = None,
    ) -> None:
        source = self._mirror.real(src, src_dir_fd, follow=False)
        target = self._mirror.real(dst, dst_dir_fd, follow=False)
        if source is not None:
            self._own_or_refuse(source, "os.rename")
            if os.path.isdir(source) and not self._mirror.removed(source):
                self._refusals.write(source, "os.rename")
        origin = src if source is None else self._mirror.copy_of(source)
        original(origin, dst if target is None else self._mirror.write(target, content=False))
        if source is not None:
            self._mirror.drop(source)

    def _truncate(self, original: Any, path: Any, length: int) -> None:
        real = self._mirror.real(path)
        original(path if real is None else self._mirror.write(real), length)

    def _link(self, original: Any, src: Any, dst: Any, **options: Any) -> None:
        """Make a copy of the link: a hard link to an original would be a way to write it."""
        source = self._mirror.real(src, options.pop("src_dir_fd", None))
        target = self._mirror.real(dst, options.pop("dst_dir_fd", None), follow=False)
        origin = src if source is None else self._mirror.write(source)
        original(origin, dst if target is None else self._mirror.write(target, content=False))

    def _symlink(
        self,
        original: Any,
        src: Any,
        dst: Any,
        *rest: Any,
        dir_fd: Optional[int] = None,
        **options: Any,
    ) -> None:
        target = self._mirror.real(dst, dir_fd, follow=False)
        if target is not None and os.path.lexists(target) and not self._mirror.removed(target):
            raise FileExistsError(17, os.strerror(17), text(dst))
        original(
            src,
            dst if target is None else self._mirror.write(target, content=False),
            *rest,
            **options,
        )


def _wall(mirror: Mirror, refusals: Refusals) -> None:
    """Refuse, by events, each change that did not come through a replacement."""

    def outside(path: Any, folder: Any = -1) -> bool:
        active, mirror.inside.active = mirror.inside.active, True
        try:
            if isinstance(path, int):
                place = mirror.absolute("", path) if path >= 0 else ""
                return os.path.isabs(place) and mirror.real(place) is not None
            return (
                mirror.real(path, folder if isinstance(folder, int) and folder >= 0 else None)
                is not None
            )
        finally:
            mirror.inside.active = active

    def opened(arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments
        writing = (
            any(letter in mode for letter in "wax+")
            if isinstance(mode, str)
            else bool((flags or 0) & _WRITING)
        )
        if not writing or isinstance(path, int):
            return
        opener, mirror.inside.opener = mirror.inside.opener, None
        if opener != path and outside(path):
            refusals.write(text(path), "open")

    def changed(
        event: str, paths: tuple[tuple[int, int], ...]
    ) -> Callable[[tuple[Any, ...]], None]:
        def handle(arguments: tuple[Any, ...]) -> None:
            for path, folder in paths:
                if outside(arguments[path], arguments[folder] if folder < len(arguments) else -1):
                    refusals.write(text(arguments[path]), event)

        return handle

    def linked(arguments: tuple[Any, ...]) -> None:
        # Where the link lies, not where it leads.
        place = mirror.absolute(
            arguments[1], arguments[2] if len(arguments) > 2 and arguments[2] >= 0 else None
        )
        if outside(os.path.join(os.path.dirname(place), "x")):
            refusals.write(text(arguments[1]), "os.symlink")

    audit.on("open", opened)
    for event, paths in _EVENTS.items():
        audit.on(event, changed(event, paths))
    audit.on("os.symlink", linked)
