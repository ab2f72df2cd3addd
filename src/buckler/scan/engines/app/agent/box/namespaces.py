"""Namespaces of user, mounts, network and processes, and the end of every capability.

Threat: what the application can reach by name: servers on the host's loopback, processes to signal,
the mount table. None of it needs a privilege where the kernel lets ordinary users make user
namespaces. Where it does not, root can still do without one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import itertools
import os
import socket
import struct
from typing import NoReturn

from . import libc

_FLAGS = {"mounts": libc.CLONE_NEWNS, "network": libc.CLONE_NEWNET, "pid": libc.CLONE_NEWPID}
_ALWAYS = libc.CLONE_NEWIPC | libc.CLONE_NEWUTS
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

_CAP_CHOWN, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_FOWNER, _CAP_FSETID = 0, 1, 2, 3, 4
_CAP_SETGID, _CAP_SETUID = 6, 7
_FILES = (_CAP_CHOWN, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_FOWNER, _CAP_FSETID)


def effective() -> int:
    """Read the effective capabilities of this process, as a bit mask."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def enter(wanted: list[str]) -> tuple[list[str], str]:
    """Unshare as many of the `wanted` walls as the kernel grants.

    Return those, and the reason for the first refusal.

    The unsharing is one call each time, so a refusal leaves nothing half done.
    """
    capabilities = effective()
    helper = _Mapper(capabilities) if wanted else None
    reason = ""
    try:
        for count in range(len(wanted), 0, -1):
            for walls in itertools.combinations(wanted, count):
                flags = _ALWAYS
                for wall in walls:
                    flags |= _FLAGS[wall]
                for user in (libc.CLONE_NEWUSER, 0) if capabilities else (libc.CLONE_NEWUSER,):
                    try:
                        libc.unshare(flags | user)
                    except OSError as error:
                        reason = reason or _why(error)
                        continue
                    if user and helper is not None:
                        helper.map()
                    return list(walls), reason
        return [], reason
    finally:
        if helper is not None:
            helper.close()


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the limit of namespaces is reached or zero (sysctl user.max_*_namespaces)"
    if error.errno in (errno.EPERM, errno.EACCES):
        return (
            "this system lets no ordinary process make namespaces "
            "(a container's seccomp profile, or AppArmor)"
        )
    return f"the kernel refused a namespace: {error.strerror}"


class _Mapper:
    """Writes the maps of user and group ids.

    All of them for root, so that files keep their owners; else only our own.

    Only a process that stayed outside may map more than one id, hence a helper forked before.
    """

    def __init__(self, capabilities: int) -> None:
        self._uid, self._gid = os.geteuid(), os.getegid()
        self._child = 0
        both = 1 << _CAP_SETUID | 1 << _CAP_SETGID
        if capabilities & both != both:
            return
        self._answer, answer = os.pipe()
        go, self._go = os.pipe()
        self._child = os.fork()
        if not self._child:
            self._help(go, answer)
        os.close(answer)
        os.close(go)

    def _help(self, go: int, answer: int) -> NoReturn:
        """Live the helper's whole life.

        Whatever happens it ends here: going on would be a second application, outside the box.
        """
        try:
            os.close(self._go)
            os.close(self._answer)
            if os.read(go, 1) == b"g":
                self._all(os.getppid())
                os.write(answer, b"y")
        finally:
            os._exit(0)

    @staticmethod
    def _all(process: int) -> None:
        for kind in ("uid", "gid"):
            with open(f"/proc/self/{kind}_map", encoding="ascii") as source:
                ranges = [line.split() for line in source]
            text = "".join(f"{inside} {inside} {count}\n" for inside, _, count in ranges)
            _write(f"/proc/{process}/{kind}_map", text)

    def map(self) -> None:
        """Give the new user namespace its ids. Raises OSError."""
        if self._child:
            os.write(self._go, b"g")
            if os.read(self._answer, 1) == b"y":
                return
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{self._uid} {self._uid} 1")
        _write("/proc/self/gid_map", f"{self._gid} {self._gid} 1")

    def close(self) -> None:
        """Let the helper go."""
        if self._child:
            os.close(self._go)
            os.close(self._answer)
            os.waitpid(self._child, 0)


def _write(path: str, text: str) -> None:
    # One write(2) and no more: the kernel takes a map only once and whole.
    number = os.open(path, os.O_WRONLY)
    try:
        os.write(number, text.encode())
    finally:
        os.close(number)


def loopback() -> None:
    """Bring `lo` up: a new network namespace has it down, and applications talk to themselves.

    Raises OSError.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        _, flags, _ = struct.unpack("16sH14s", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def drop(before: int) -> None:
    """Give up every capability, but for those over files where root had them. Raises OSError.

    `before`: what was effective as the scan began. Root without CAP_DAC_OVERRIDE cannot read
    another user's 0600 file, and an application that works for root outside would fail inside.
    These five reach files only; writes land in the overlay, and /proc and /sys are read-only. An
    ordinary user keeps none: over the one id of its namespace they would show it more than it sees
    outside.
    """
    kept = 0
    for capability in _FILES:
        kept |= before & 1 << capability
    for capability in range(64):
        if not kept & 1 << capability:
            try:
                libc.prctl(libc.PR_CAPBSET_DROP, capability)
            except OSError as error:
                if error.errno not in (
                    errno.EINVAL,
                    errno.EPERM,
                ):  # past the last one; or none of ours to drop
                    raise
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    libc.syscall("capset", ctypes.byref(header), ctypes.byref(data))
