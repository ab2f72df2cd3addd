"""A wall around files where no mount namespace could be made.

Landlock (Linux 5.13) allows writing below scratch only.

Threat: without namespaces, code below Python could write any file its user can, set the kernel's
knobs below /proc as root, or write into the scanner through /proc/PID/mem (Landlock also refuses to
trace a process outside). It does not redirect: an original stays as it is and the application sees
EACCES. It does not cover chmod, chown, utime and extended attributes, and hides no socket.
"""

from __future__ import annotations

import ctypes
import os
import struct

from . import libc

_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM
_FOLDER = 0x1FF0
_REFER = 1 << 13
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
_PATH_BENEATH = 1
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


def install(scratch: str) -> int:
    """Restrict this process for good; returns the version of Landlock in use.

    Raises OSError where the kernel has none.
    """
    version = libc.syscall("landlock_create_ruleset", None, 0, 1)
    handled = _WRITE_FILE | _FOLDER
    if version >= 2:
        handled |= _REFER
    if version >= 3:
        handled |= _TRUNCATE
    attributes = struct.pack("QQQ", handled, 0, _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall("landlock_create_ruleset", ctypes.c_char_p(attributes), size, 0)
    try:
        # POSIX semaphores, which every multiprocessing lock is, live in /dev/shm.
        for folder in (scratch, "/dev/shm"):
            _allow(rules, folder, handled)
        for device in _DEVICES:
            _allow(rules, device, handled & (_WRITE_FILE | _TRUNCATE))
        libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
        libc.syscall("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)
    return version


def _allow(rules: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH)
    except FileNotFoundError:
        return
    try:
        rule = ctypes.c_char_p(struct.pack("=Qi", access, place))
        libc.syscall("landlock_add_rule", rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(place)
