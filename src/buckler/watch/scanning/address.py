"""Addresses of repositories: which may be cloned, judged before git sees them.

Threat: an address that is an option of git (CWE-88), a transport that runs a program (``ext::``, CVE-2015-7545), a
file or a service of this machine's own network (CWE-918), a password that ends in a log (CWE-532). Source: gitprotocol,
git-clone "GIT URLS".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from buckler.guard.egress.errors import EgressRefused
from buckler.guard.egress.policy import EgressPolicy
from buckler.watch.errors import RefusedError

LONGEST: Final = 2_000
PORTS: Final = {"https": 443, "ssh": 22, "http": 80}
RESOLVE_SECONDS: Final = 10.0
_SCP: Final = re.compile(r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>[^:].*)")
_BRANCH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,200}")
_HINT: Final = "https://host/path.git"
_SITE_HINT: Final = "https://host/path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the operator lets be cloned.

    Attributes:
        schemes: Of ``https``, ``ssh``, ``http`` and ``file``.
        networks: That are not public and may be called all the same, e.g. ``10.1.0.0/16``.
        hosts: Names that are taken although they look like those of a network inside.
        ports: Beside the usual ones.
        folders: Below which local repositories and projects may lie.
    """

    schemes: frozenset[str] = frozenset({"https"})
    networks: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    folders: tuple[Path, ...] = ()

    def policy(self, host: str) -> EgressPolicy:
        """The same as guard's policy of outgoing calls.

        Args:
            host: That will be called.

        Raises:
            GuardError: A network is none.
        """
        named = {host} & self.hosts or None
        return EgressPolicy(allow_hosts=named, allow_networks=self.networks, ports=self.called)

    @property
    def called(self) -> frozenset[int]:
        """Ports that may be called."""
        return frozenset({*PORTS.values(), *self.ports})


@dataclass(frozen=True, slots=True)
class Repository:
    """An address that was judged.

    Attributes:
        url: As git is given it.
        scheme: Of it.
        host: Of it; empty for local ones.
        port: Of the host.
        pinned: Addresses that the host has and that may be called.
    """

    url: str
    scheme: str
    host: str = ""
    port: int = 0
    pinned: tuple[str, ...] = ()


def parse(url: str, allowed: Allowed) -> Repository:
    """What an address says by itself; nothing is resolved.

    Raises:
        RefusedError: It may not be cloned. The message does not repeat it: it may hold a password.
    """
    if not url or len(url) > LONGEST or url.startswith("-") or "::" in url.partition("/")[0]:
        raise RefusedError("location: this is no address of a repository", hint=_HINT)
    if any(c <= " " or c == "\\" or ord(c) > 126 for c in url):
        raise RefusedError(
            "location: an address holds no spaces, control or non-ASCII characters", hint=_HINT
        )
    short = _SCP.fullmatch(url)
    if short is not None and "://" not in url:
        url = f"ssh://{short['user']}@{short['host']}/{short['path'].lstrip('/')}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError("location: the address cannot be read", hint=_HINT) from error
    if parts.scheme not in allowed.schemes:
        listed = ", ".join(sorted(allowed.schemes))
        raise RefusedError(
            f"location: {parts.scheme[:10] or 'a path'} is not allowed here", hint=f"of {listed}"
        )
    if parts.scheme == "file":
        return Repository(_local(parts, allowed.folders), "file")
    _check(parts, port)
    host = parts.hostname or ""
    return Repository(url, parts.scheme, host, port or PORTS[parts.scheme])


def site(url: str, allowed: Allowed) -> Repository:
    """What the address of a running site says by itself; nothing is resolved.

    Raises:
        RefusedError: It may not be asked. The message does not repeat it: it may hold a password.
    """
    if len(url) > LONGEST or any(c <= " " or c == "\\" or ord(c) > 126 for c in url):
        raise RefusedError("location: this is no address of a site", hint=_SITE_HINT)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError("location: the address cannot be read", hint=_SITE_HINT) from error
    if parts.scheme not in allowed.schemes & {"https", "http"}:
        raise RefusedError(
            "location: this scheme is not allowed here", hint="https, or --allow-scheme"
        )
    host = parts.hostname or ""
    if not host or port == 0 or parts.username is not None or parts.password is not None:
        raise RefusedError(
            "location: the address of a site names a host, and no user or password",
            hint=_SITE_HINT,
        )
    if parts.query or parts.fragment:
        raise RefusedError("location: the address of a site ends with its path", hint=_SITE_HINT)
    return Repository(url, parts.scheme, host, port or PORTS[parts.scheme])


def resolve(found: Repository, allowed: Allowed) -> Repository:
    """The same with the addresses of its host, each of which may be called.

    Raises:
        RefusedError: The host has an address that is not public, or none.
    """
    if not found.host:
        return found
    if found.port not in allowed.called:
        raise RefusedError(
            f"location: port {found.port} is not called",
            hint=f"the operator allows it with --allow-port {found.port}",
        )
    policy = allowed.policy(found.host)
    try:
        # Of ssh, too: what is judged is the host and the port.
        policy.check("https", found.host, found.port)
        addresses = policy.addresses(found.host, found.port, RESOLVE_SECONDS)
    except EgressRefused as error:
        raise RefusedError(f"location: {error.message}", hint=error.hint) from error
    return Repository(found.url, found.scheme, found.host, found.port, tuple(addresses))


def branch(name: str) -> str:
    """A name of a branch; empty for the repository's own choice.

    Raises:
        RefusedError: It is none (git-check-ref-format), or an option.
    """
    bad = (
        not _BRANCH.fullmatch(name) or ".." in name or "@{" in name or name.endswith((".lock", "."))
    )
    if name and bad:
        raise RefusedError("branch: this is no name of a branch", hint="main")
    return name


def folder(path: str, folders: Collection[Path]) -> Path:
    """A folder of this machine that the operator lets be looked at.

    Raises:
        RefusedError: There is none, or it lies elsewhere, links followed.
    """
    place = Path(path)
    if "\0" in path or not place.is_absolute():
        raise RefusedError("location: give the whole path of a folder")
    try:
        place = place.resolve()
        there = place.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise RefusedError("location: no folder can have this path") from error
    if not any(place.is_relative_to(one.resolve()) for one in folders):
        raise RefusedError(
            "location: folders of this machine are not looked at from outside",
            hint="`buckler watch add PATH` on the machine itself, or --allow-folder",
        )
    if not there:
        raise RefusedError("location: there is no such folder")
    return place


def _local(parts: SplitResult, folders: Collection[Path]) -> str:
    if parts.netloc or parts.query or parts.fragment:
        raise RefusedError("location: a local repository is file:///path")
    return folder(unquote(parts.path), folders).as_uri()


def _check(parts: SplitResult, port: int | None) -> None:
    host = parts.hostname or ""
    if not host or host.startswith("-") or port == 0:
        raise RefusedError("location: the address names no host", hint=_HINT)
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise RefusedError(
            "location: an address may not carry a user or password",
            hint="give the worker access, by ssh or by a helper of git's",
        )
    if (parts.username or "").startswith("-") or parts.query or parts.fragment:
        raise RefusedError("location: this is no address of a repository", hint=_HINT)
    if not parts.path.strip("/"):
        raise RefusedError("location: the address names no repository", hint=_HINT)
