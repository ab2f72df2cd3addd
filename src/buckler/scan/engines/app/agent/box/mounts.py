"""A root of its own.

Every write lands in memory, real sockets and other people's temporary files are out of sight.

Threat: an application that deletes, rewrites or leaks what it can reach by a path. Each part of the
real file system becomes the lower layer of an overlay whose upper layer is a tmpfs of limited size;
then `pivot_root` makes that the root and the real one is let go. In a user namespace the mounts
below `/` are locked together and the kernel refuses `/` as one lower layer, so a folder with mounts
below it is rebuilt entry by entry and the folders without any become overlays. A socket in a lower
layer cannot be connected to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import Any, NamedTuple

from . import libc
from .mountinfo import PSEUDO, Mounts

_HIDDEN = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_COPIED_BYTES = 1 << 20
# Folders an application often owns while their parent belongs to root.
_SHARED_PARENTS = ("/var/log", "/var/lib", "/var/cache", "/var/www", "/srv", "/opt", "/home")


class Built(NamedTuple):
    """What stands: `overlay` when the project is one.

    `sockets_hidden` when every real folder is, so no socket can be reached.
    """

    overlay: bool
    sockets_hidden: bool
    notes: list[str]


class Root:
    """Builds the new root in a mount namespace that was just made. One use."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._project = os.path.realpath(config["project"])
        self._scratch = os.path.realpath(config["scratch"])
        # Out of reach of a child that runs already: it may put a link in the place of a name.
        self._stages = os.path.realpath(config.get("stages") or config["scratch"])
        keep = [os.path.abspath(path) for path in config.get("keep", ())]
        self._sockets = {os.path.realpath(path) for path in config.get("sockets", ())}
        self._literal = [
            os.path.abspath(config["project"]),
            os.path.abspath(config["scratch"]),
            *keep,
        ]
        self._points = sorted(
            {
                self._project,
                self._scratch,
                *(os.path.realpath(p) for p in keep if os.path.exists(p)),
            }
        )
        self._megabytes = int(config.get("memory_tmpfs_mb", 512))
        self._mounts = Mounts.read()
        self._hidden = {os.path.realpath(path) for path in _HIDDEN if os.path.isdir(path)}
        self._hosts = str(config.get("hosts") or "")
        self._stage = self._new = ""
        self._layers = 0
        self._bound: list[str] = []
        self._notes: list[str] = []
        self._here = os.getcwd()

    def build(self) -> Built:
        """Make the root and move into it.

        Raises OSError; the process then still stands in the real root.
        """
        libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
        # Its own: to remove a folder unmounts what another child of the scan has mounted on it.
        self._stage = os.path.join(self._stages, f".box-{os.urandom(6).hex()}")
        os.mkdir(self._stage)
        self._new = os.path.join(self._stage, "root")
        size = f"size={self._megabytes}m,nr_inodes={max(65536, self._megabytes * 512)},mode=0755"
        try:
            libc.mount("buckler", self._stage, "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, size)
            self._fill()
        except OSError:
            self._give_up()
            raise
        self._enter()
        overlay = not any(
            path == self._project or _inside(self._project, path) for path in self._bound
        )
        return Built(overlay, not self._bound, self._notes)

    def _give_up(self) -> None:
        """Clear away what was built; why it failed is more worth telling than a failure of this."""
        for clear in (libc.unmount, os.rmdir):
            with contextlib.suppress(OSError):
                clear(self._stage)

    def _fill(self) -> None:
        os.mkdir(self._new)
        libc.mount(self._new, self._new, None, libc.MS_BIND)
        self._split("/", self._new)
        self._links()
        if self._hosts:
            self._name()

    def _name(self) -> None:
        """Put a hosts file with more names over the real one.

        A mount of its own, since an ordinary user may not write that file, in an overlay neither.
        """
        real, more = "/etc/hosts", os.path.join(self._stage, "hosts")
        if not os.path.exists(self._inner(real)):
            self._notes.append(f"there is no {real} to put the names of --allow in")
            return
        with open(real, encoding="utf-8", errors="surrogateescape") as file:
            known = file.read()
        with open(more, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{self._hosts}{known}")
        os.chmod(more, 0o644)
        libc.mount(more, self._inner(real), None, libc.MS_BIND)
        libc.read_only(self._inner(real))

    def _enter(self) -> None:
        old = os.open("/", os.O_PATH | os.O_DIRECTORY)
        try:
            os.chdir(self._new)
            libc.pivot_root(".", ".")
            os.fchdir(old)
            libc.unmount(".")
        finally:
            os.close(old)
        # The working folder still is the real one, and a relative path would reach it.
        try:
            os.chdir(self._here)
        except OSError:
            os.chdir("/")
        if self._stages != self._scratch:
            return  # out of sight now; whoever gave the folder removes it
        try:
            os.rmdir(self._stage)
        except OSError as error:
            self._notes.append(f"the empty folder {self._stage} stays: {error.strerror}")

    def _place(self, source: str, target: str) -> None:
        """Rebuild the folder `source` as the existing empty folder `target`."""
        if source == "/proc":
            self._proc(target)
        elif source == "/sys":
            self._bind_read_only(source, target)
        elif source == "/dev":
            self._dev(target)
        elif source == self._scratch:
            libc.mount(source, target, None, libc.MS_BIND)
        elif source in self._sockets:
            libc.mount(source, target, None, libc.MS_BIND)
            libc.read_only(target)
        elif source in self._hidden and source not in self._points:
            self._hide(source, target)
        elif self._mounts.kind(source) in PSEUDO:
            return
        elif self._mounts.below(source) or any(_inside(path, source) for path in self._hidden):
            self._split(source, target)
        else:
            self._overlay(source, target)

    def _split(self, source: str, target: str) -> None:
        try:
            entries = list(os.scandir(source))
        except PermissionError:
            os.chmod(target, 0)
            return
        for entry in entries:
            try:
                self._entry(entry, os.path.join(target, entry.name))
            except FileNotFoundError:
                # Somebody removed it since the folder was listed.
                if os.path.lexists(entry.path):
                    raise
        self._like(source, target)

    def _entry(self, entry: os.DirEntry[str], inner: str) -> None:
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), inner)
        elif entry.is_dir(follow_symlinks=False):
            os.mkdir(inner)
            self._place(entry.path, inner)
        elif entry.is_file(follow_symlinks=False):
            self._file(entry.path, inner)

    def _file(self, source: str, target: str) -> None:
        """Copy a small file, so that it can be written.

        A large or unreadable one is bound, and cannot be.
        """
        try:
            if os.stat(source).st_size <= _COPIED_BYTES:
                shutil.copy2(source, target)
                self._like(source, target)
                return
        except PermissionError:
            self._notes.append(f"{source} could not be read and is bound read-only")
        with open(target, "ab"):
            pass
        libc.mount(source, target, None, libc.MS_BIND)
        libc.read_only(target)

    def _hide(self, source: str, target: str) -> None:
        """Leave an empty folder, but for what must be seen below it."""
        for point in self._points:
            if _inside(point, source) and not any(
                _inside(point, other) for other in self._points if _inside(other, source)
            ):
                self._point(point)
        os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))

    def _point(self, path: str) -> None:
        inner = self._inner(path)
        if os.path.isfile(path):
            os.makedirs(os.path.dirname(inner), exist_ok=True)
            self._file(path, inner)
            return
        os.makedirs(inner, exist_ok=True)
        self._place(path, inner)

    def _overlay(self, source: str, target: str) -> None:
        if not os.access(source, os.X_OK):
            # Out of reach outside too.
            os.chmod(target, 0)
            return
        self._layers += 1
        upper, work = (
            os.path.join(self._stage, f"{kind}{self._layers}") for kind in ("upper", "work")
        )
        os.mkdir(upper)
        os.mkdir(work)
        self._like(source, upper)
        self._ancestors(source, upper)
        # Descriptors for the folders: a path with a comma, a colon or a backslash needs no
        # escaping, whatever the kernel's parser.
        lower = os.open(source, os.O_PATH | os.O_DIRECTORY)
        stage = os.open(self._stage, os.O_PATH | os.O_DIRECTORY)
        layers = f"/proc/self/fd/{stage}"
        names = f"upperdir={layers}/upper{self._layers},workdir={layers}/work{self._layers}"
        try:
            options = f"lowerdir=/proc/self/fd/{lower},{names},userxattr"
            libc.mount("buckler", target, "overlay", libc.MS_NOSUID | libc.MS_NODEV, options)
        except OSError as error:
            self._notes.append(f"{source} cannot be an overlay ({error.strerror}) and is read-only")
            self._bind_read_only(source, target)
            self._bound.append(source)
        finally:
            os.close(lower)
            os.close(stage)
        if _inside(self._scratch, source):
            libc.mount(self._scratch, self._inner(self._scratch), None, libc.MS_BIND)

    def _ancestors(self, source: str, upper: str) -> None:
        """Make ready, in the upper layer, folders above those an ordinary user writes to.

        Copying a folder up needs its owner, and in the namespace of an ordinary user root has no
        number: the copy would fail, and with it each write below. A folder that is there already
        needs no copy.
        """
        if os.geteuid() == 0:
            return
        wanted = [self._project, self._scratch, os.path.expanduser("~"), self._here]
        for parent in _SHARED_PARENTS:
            if _inside(parent, source) or parent == source:
                wanted += [
                    entry.path for entry in _folders(parent) if os.access(entry.path, os.W_OK)
                ]
        for path in wanted:
            if not _inside(path, source):
                continue
            done = ""
            for name in os.path.relpath(path, source).split(os.sep):
                done = os.path.join(done, name)
                original, copy = os.path.join(source, done), os.path.join(upper, done)
                if (
                    os.path.isdir(original)
                    and not os.path.islink(original)
                    and not os.path.lexists(copy)
                ):
                    os.mkdir(copy)
                    self._like(original, copy)

    def _like(self, source: str, target: str) -> None:
        """Give `target` the owner, mode and times of `source`.

        Where the owner has no number here, what we may do with it.
        """
        info = os.stat(source)
        mode = stat.S_IMODE(info.st_mode)
        try:
            os.chown(target, info.st_uid, info.st_gid)
        except OSError:
            allowed = sum(bit for bit in (os.R_OK, os.W_OK, os.X_OK) if os.access(source, bit))
            mode = mode & 0o7077 | allowed << 6
        os.chmod(target, mode)
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))

    def _proc(self, target: str) -> None:
        flags = libc.MS_NOSUID | libc.MS_NODEV | libc.MS_NOEXEC
        try:
            libc.mount("proc", target, "proc", flags | libc.MS_RDONLY)
        except OSError as error:
            self._notes.append(
                f"a /proc of its own was refused ({error.strerror}): the host's is shown, read-only"
            )
            self._bind_read_only("/proc", target)

    def _dev(self, target: str) -> None:
        for name in _DEVICES:
            if os.path.exists(f"/dev/{name}"):
                inner = os.path.join(target, name)
                with open(inner, "ab"):
                    pass
                libc.mount(f"/dev/{name}", inner, None, libc.MS_BIND)
        for name, link in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
            os.symlink(f"/proc/self/fd{link}", os.path.join(target, name))
        if os.path.isdir("/dev/shm"):
            os.mkdir(os.path.join(target, "shm"))
            self._hide("/dev/shm", os.path.join(target, "shm"))

    def _bind_read_only(self, source: str, target: str) -> None:
        libc.mount(source, target, None, libc.MS_BIND | libc.MS_REC)
        libc.read_only(target)

    def _links(self) -> None:
        """Make links below hidden folders again, through which a kept path is reached."""
        for path in self._literal:
            done = "/"
            for name in path.strip(os.sep).split(os.sep):
                done = os.path.join(done, name)
                inner = self._inner(done)
                if os.path.islink(done):
                    if not os.path.lexists(inner) and os.path.isdir(os.path.dirname(inner)):
                        os.symlink(os.readlink(done), inner)
                    break

    def _inner(self, path: str) -> str:
        return self._new + path


def _inside(path: str, folder: str) -> bool:
    """Whether `path` lies below `folder` (not: is it)."""
    return path != folder and path.startswith(folder.rstrip("/") + "/")


def _folders(path: str) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def build(config: dict[str, Any]) -> Built:
    """Build the root described by `config` (see `kernel.enclose`) and move into it.

    Raises OSError.
    """
    return Root(config).build()
