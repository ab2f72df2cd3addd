"""Brings the files of a repository here: shallow, without anything that git would run for it.

Threat: a repository that runs code while it is cloned (hooks, filters, submodules, fsmonitor; CVE-2018-11235,
CVE-2024-32002), one of many gigabytes, a server that sends git on to a host inside (CWE-918). No configuration of the
machine or the user is read, so that no filter or credential of theirs is used.
"""

from __future__ import annotations

import re
import shlex
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from buckler.watch.errors import RefusedError, ScanFailedError
from buckler.watch.scanning import address
from buckler.watch.scanning.address import PORTS, Allowed, Repository
from buckler.watch.scanning.child import Limits, run
from buckler.watch.scanning.scanner import environment

_SSH: Final = (
    "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20 -oProxyCommand=none"
)
_OFF: Final[Mapping[str, str]] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "http.followRedirects": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "filter.lfs.smudge": "",
    "filter.lfs.process": "",
    "gc.auto": "0",
    "advice.detachedHead": "false",
}
_SHA: Final = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloning:
    """How repositories are brought here.

    Attributes:
        allowed: Which.
        limits: Of each; ``folder`` bounds what is on the disk.
    """

    allowed: Allowed = field(default_factory=Allowed)
    limits: Limits = field(default_factory=lambda: Limits(seconds=300.0, output=1024**2))


def clone(
    url: str, branch: str, scratch: Path, how: Cloning, *, stop: threading.Event
) -> tuple[Path, str]:
    """Clone a repository into a scratch folder.

    Args:
        url: Its address, judged anew: a name may have another address than yesterday.
        branch: To be looked at; empty for the repository's own choice.
        scratch: Folder for everything.
        how: Limits and what is allowed.
        stop: Set when this process ends.

    Returns:
        The folder with its files, and the revision.

    Raises:
        ScanFailedError: It may not or cannot be cloned, or is larger than it may be.
        StoppedError: This process ends.
    """
    try:
        found = address.resolve(address.parse(url, how.allowed), how.allowed)
        wanted = address.branch(branch)
    except RefusedError as error:
        raise ScanFailedError(error.message, hint=error.hint) from error
    program = shutil.which("git")
    if program is None:
        raise ScanFailedError("git is not installed on this worker", hint="apt install git")
    scratch.mkdir(mode=0o700, exist_ok=True)
    there = scratch / "checkout"
    command = [program, *_settings(found), "clone", "--quiet", "--depth=1", "--no-tags"]
    command += ["--single-branch", "--no-recurse-submodules", "--template=", "--no-local"]
    command += [f"--branch={wanted}"] if wanted else []
    command += ["--", found.url, str(there)]
    env = _environment(scratch, found)
    ended = run(command, scratch, how.limits, env=env, stop=stop, watched=there)
    if ended.code:
        last = ended.errors.splitlines()[-1][:300] if ended.errors else f"exit code {ended.code}"
        raise ScanFailedError(f"the repository could not be cloned: {last}")
    asked = run(
        [program, *_settings(found), "-C", str(there), "rev-parse", "HEAD"],
        scratch,
        how.limits,
        env=env,
        stop=stop,
    )
    revision = asked.output.decode("ascii", "replace").strip()
    return there, revision if _SHA.fullmatch(revision) else ""


def _settings(found: Repository) -> Sequence[str]:
    chosen = {**_OFF, f"protocol.{found.scheme}.allow": "always"}
    if found.pinned and found.scheme in ("https", "http"):
        # The connection goes to the address that was judged, whatever the name says by then.
        listed = ",".join(f"[{ip}]" if ":" in ip else ip for ip in found.pinned)
        chosen["http.curloptResolve"] = f"{found.host}:{found.port}:{listed}"
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def _ssh(found: Repository) -> str:
    """The program that git calls for ssh: it asks nobody, takes no key of a host that it does not know, and calls what was judged."""
    if not found.pinned:
        return _SSH
    # ssh tries one address, not all: IPv4 first, which more workers have.
    there = next((one for one in found.pinned if ":" not in one), found.pinned[0])
    # As known_hosts has a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), whatever address is called.
    known = found.host if found.port == PORTS["ssh"] else f"[{found.host}]:{found.port}"
    pinned = (f"-oHostName={there}", f"-oHostKeyAlias={known}")
    return f"{_SSH} {shlex.join(pinned)}"


def _environment(scratch: Path, found: Repository) -> dict[str, str]:
    kept = environment(scratch)
    if "SSL_CERT_FILE" in kept:
        # GnuTLS, with which many a git is built, does not read that variable by itself.
        kept["GIT_SSL_CAINFO"] = kept["SSL_CERT_FILE"]
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": found.scheme,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": _ssh(found),
        "GIT_PROTOCOL_FROM_USER": "0",
    }
