"""The few system calls the box needs, through ctypes.

Nothing may be installed in the application's interpreter.

Every call that fails raises `OSError` with the kernel's number and the name of the call, so that a
wall which could not be built can say why.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Optional, Union

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_RELATIME = 0x200000
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# System calls libc has no name for; the same number on x86_64 and aarch64 since all are newer than
# 5.0, but for pivot_root and capset.
_NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "capget": 125},
    "aarch64": {"pivot_root": 41, "capset": 91, "capget": 90},
}
_NEW_NUMBERS = {
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}

_library: Optional[ctypes.CDLL] = None


def machine() -> str:
    """Name the architecture of this process: "x86_64", "aarch64", or what the kernel says.

    A 32-bit interpreter is "32-bit".
    """
    return os.uname().machine if ctypes.sizeof(ctypes.c_void_p) == 8 else "32-bit"


def _libc() -> ctypes.CDLL:
    global _library
    if _library is None:
        _library = ctypes.CDLL(None, use_errno=True)
    return _library


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def syscall(name: str, *arguments: Any) -> int:
    """Make the system call `name`; integers are passed as longs. Raises OSError."""
    numbers = _NUMBERS.get(machine(), {})
    number = numbers.get(name, _NEW_NUMBERS.get(name))
    if number is None:
        raise OSError(38, "no number known for this architecture", name)
    values = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *values), name)


def prctl(option: int, second: Union[int, Any] = 0, third: Union[int, Any] = 0) -> int:
    """Set one property of this process, by up to two arguments. Raises OSError."""
    values = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (second, third, 0, 0)]
    return _checked(_libc().prctl(ctypes.c_int(option), *values), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave the shared namespaces that `flags` names. Raises OSError."""
    _checked(_libc().unshare(ctypes.c_int(flags)), "unshare")


def mount(
    source: str, target: str, kind: Optional[str], flags: int = 0, options: Optional[str] = None
) -> None:
    """Mount `source` at `target`; `kind` is the type of the file system. Raises OSError."""
    result = _libc().mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        os.fsencode(options) if options else None,
    )
    _checked(result, f"mount {target}")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    """Detach the mount at `target`, as umount2(2). Raises OSError."""
    _checked(_libc().umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old one at `old`. Raises OSError."""
    syscall("pivot_root", ctypes.c_char_p(os.fsencode(new)), ctypes.c_char_p(os.fsencode(old)))


def read_only(target: str) -> None:
    """Make the mount at `target` and all below it read-only (mount_setattr, Linux 5.12).

    Raises OSError.
    """

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    wanted = Attributes(1, 0, 0, 0)
    at_fdcwd, at_recursive = -100, 0x8000
    path = ctypes.c_char_p(os.fsencode(target))
    syscall(
        "mount_setattr", at_fdcwd, path, at_recursive, ctypes.byref(wanted), ctypes.sizeof(wanted)
    )
