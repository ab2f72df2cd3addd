"""Starts a scratch server where it reaches nothing: no network but its own, no file beyond its folder.

Runs in Buckler's own interpreter and becomes the server. Statements that the application makes run in
that one, outside of the application's box: what they could make it do (dial another server, write a
log wherever it may) stops here.
"""

from __future__ import annotations

import os
import sys

from .box import landlock, libc, namespaces


def alone(parent: int, folder: str, owner: str, command: list[str]) -> None:
    """Give up what a server does not need, and become it.

    Args:
        parent: Process id of the scanner; the server ends with it.
        folder: The only one it may write to.
        owner: ``UID:GID`` to run as, or an empty text to stay who we are.
        command: Program and arguments.
    """
    _, reason = namespaces.enter(["network"])
    if reason:
        sys.stderr.write(f"the server shares the network of the host: {reason}\n")
    try:
        landlock.install(folder)
    except OSError as error:
        sys.stderr.write(f"the server may write where its user may: {error.strerror}\n")
    become(owner, parent)
    try:
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def become(owner: str, parent: int) -> None:
    """Give up our user, and end with the scan.

    Args:
        owner: ``UID:GID``, or an empty text to stay who we are.
        parent: Process id of the scanner.
    """
    if owner:
        user, group = map(int, owner.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After the change of user, which would switch it off.
    libc.prctl(libc.PR_SET_PDEATHSIG, 9)
    if os.getppid() != parent:
        sys.exit("the scan is over")
