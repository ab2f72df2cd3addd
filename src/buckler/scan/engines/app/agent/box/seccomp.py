"""A system call filter, assembled by hand.

The wall that stands on every Linux, with no privilege and no namespace.

Threat: code below Python (a C library, ctypes, uvloop) starts a process, opens a socket or reaches
for another process without one audit event. Refused calls answer EPERM, so that the application
sees an error it can handle; ENOSYS where libc has another way. The filter stays for the life of the
process and all its threads.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import NamedTuple

from . import libc
from .syscalls import NUMBERS

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_LOAD, _EQUAL, _GREATER_EQUAL, _SET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000

_CLONE_THREAD = 0x00010000
# NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CLONE_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_SOCK_STREAM, _TYPE_MASK = 1, 0xF

_PROCESSES = ("execve", "execveat", "fork", "vfork")
_ENDED = ("clone3", "io_uring_setup")
_SIGNALS_TO_SELF = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_SELF_OR_ZERO = (
    "prlimit64",
    "sched_setaffinity",
    "sched_setparam",
    "sched_setscheduler",
    "sched_setattr",
)
_SIGNALS_NEVER = ("tkill", "pidfd_send_signal")
_BY_ARGUMENT = ("clone", "socket", "socketpair", "ioctl", "setpriority", "ioprio_set")


class Policy(NamedTuple):
    """What the filter lets through.

    `internet`: AF_INET sockets, and route netlink; `unix`: AF_UNIX sockets that can connect;
    `processes`: fork and exec; `alone`: a process namespace stands, so signals reach nobody
    outside.
    """

    internet: bool
    unix: bool
    processes: bool
    alone: bool


class _Program:
    """Instructions of classic BPF (linux/filter.h), in order.

    Every rule ends by itself, so no jump is longer than 255.
    """

    def __init__(self, row: int) -> None:
        self.code: list[bytes] = []
        self._row = row

    def add(self, operation: int, value: int, yes: int = 0, no: int = 0) -> None:
        self.code.append(struct.pack("=HBBI", operation, yes, no, value))

    def refuse(self, name: str, number: int = _EPERM) -> None:
        """Answer `name` with the error `number`, always."""
        call = NUMBERS[name][self._row]
        if call is not None:
            self.add(_EQUAL, call, 0, 1)
            self.add(_RETURN, _ERRNO | number)

    def judge(self, name: str, body: list[tuple[int, int, int, int]]) -> None:
        """For `name`, run `body` (operation, value, yes, no), which must return."""
        call = NUMBERS[name][self._row]
        if call is not None:
            self.add(_EQUAL, call, 0, len(body))
            for operation, value, yes, no in body:
                self.add(operation, value, yes, no)

    def only(self, name: str, argument: int, values: list[int]) -> None:
        """Let `name` through only where its argument (the low half of it) is one of `values`."""
        count = len(values)
        tests = [(_EQUAL, value, count - index, 0) for index, value in enumerate(values)]
        self.judge(
            name,
            [
                _argument(argument),
                *tests,
                (_RETURN, _ERRNO | _EPERM, 0, 0),
                (_RETURN, _ALLOW, 0, 0),
            ],
        )


def _argument(index: int) -> tuple[int, int, int, int]:
    return (_LOAD, _ARGUMENTS_AT + 8 * index, 0, 0)


def assemble(policy: Policy, machine: str, process: int) -> bytes:
    """Assemble the filter for `policy` on `machine`, where `process` is the caller.

    Raises KeyError for an unknown architecture.
    """
    architecture, row = _ARCHITECTURES[machine]
    program = _Program(row)
    # A 32-bit call has other numbers: int 0x80 would walk past the list.
    program.add(_LOAD, _ARCHITECTURE_AT)
    program.add(_EQUAL, architecture, 1, 0)
    program.add(_RETURN, _KILL)
    program.add(_LOAD, _NUMBER_AT)
    if machine == "x86_64":
        program.add(_GREATER_EQUAL, _X32, 0, 1)
        program.add(_RETURN, _ERRNO | _EPERM)
    by_argument = {
        *_BY_ARGUMENT,
        *_SIGNALS_TO_SELF,
        *_SELF_OR_ZERO,
        *_SIGNALS_NEVER,
        *_PROCESSES,
        *_ENDED,
    }
    for name in NUMBERS:
        if name not in by_argument:
            program.refuse(name)
    for name in _ENDED:
        program.refuse(name, _ENOSYS)
    _processes(program, policy)
    _signals(program, policy, process)
    _sockets(program, policy)
    terminal = [
        (_EQUAL, _TIOCSTI, 1, 0),
        (_EQUAL, _TIOCLINUX, 0, 1),
        (_RETURN, _ERRNO | _EPERM, 0, 0),
        (_RETURN, _ALLOW, 0, 0),
    ]
    program.judge("ioctl", [_argument(1), *terminal])
    program.add(_RETURN, _ALLOW)
    return b"".join(program.code)


def _processes(program: _Program, policy: Policy) -> None:
    if policy.processes:
        body = [_argument(0), (_SET, _CLONE_NAMESPACES, 0, 1)]
    else:
        for name in _PROCESSES:
            program.refuse(name)
        body = [_argument(0), (_SET, _CLONE_THREAD, 1, 0)]
    program.judge("clone", [*body, (_RETURN, _ERRNO | _EPERM, 0, 0), (_RETURN, _ALLOW, 0, 0)])


def _signals(program: _Program, policy: Policy, process: int) -> None:
    # Without a process namespace, and with processes allowed, a child must stay within reach: then
    # only the Python wall stands.
    if policy.alone or policy.processes:
        return
    for name in _SIGNALS_NEVER:
        program.refuse(name)
    for name in _SIGNALS_TO_SELF:
        program.only(name, 0, [process])
    for name in _SELF_OR_ZERO:
        program.only(name, 0, [0, process])
    for name in ("setpriority", "ioprio_set"):
        program.only(name, 1, [0, process])


def _sockets(program: _Program, policy: Policy) -> None:
    families, netlink = [], []
    if policy.internet:
        families += [_AF_INET, _AF_INET6]
        # The resolver asks for interfaces here; protocol 0 is NETLINK_ROUTE, the others speak to
        # other parts of the kernel.
        netlink = [_argument(0), (_EQUAL, _AF_NETLINK, 0, 4), _argument(2), (_EQUAL, 0, 0, 1)]
        netlink += [(_RETURN, _ALLOW, 0, 0), (_RETURN, _ERRNO | _EPERM, 0, 0)]
    if policy.unix:
        families.append(_AF_UNIX)
    tests = [(_EQUAL, family, len(families) - index, 0) for index, family in enumerate(families)]
    rest = [_argument(0), *tests, (_RETURN, _ERRNO | _EPERM, 0, 0), (_RETURN, _ALLOW, 0, 0)]
    program.judge("socket", [*netlink, *rest])
    if not policy.unix:
        # A pair of datagrams can be connected again, to any path; a pair of streams cannot.
        stream = [_argument(1), (_AND, _TYPE_MASK, 0, 0), (_EQUAL, _SOCK_STREAM, 1, 0)]
        program.judge(
            "socketpair", [*stream, (_RETURN, _ERRNO | _EPERM, 0, 0), (_RETURN, _ALLOW, 0, 0)]
        )


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def install(policy: Policy) -> None:
    """Filter this process and every thread it starts from now on. Raises OSError."""
    machine = libc.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(_ENOSYS, f"no system call numbers are known for {machine}")
    code = assemble(policy, machine, os.getpid())
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    program = _Filter(len(code) // 8, code)
    libc.prctl(libc.PR_SET_SECCOMP, 2, ctypes.byref(program))
