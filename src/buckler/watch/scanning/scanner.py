"""One scan of one folder: which options it gets, and what its report has to be.

By default a project is read and not run: its application is imported only where the target is marked as trusted, and
then by the scanner's own rules, behind its walls.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from buckler.watch.errors import RefusedError, ScanFailedError
from buckler.watch.reports import document, own
from buckler.watch.reports.values import Read
from buckler.watch.scanning.address import Repository
from buckler.watch.scanning.child import Limits, run

READING: Final = "source,packages"
PACKAGES: Final = "packages"
REPORTED: Final = (0, 1, 3, 4)
"""Exit codes of a scan that has a report: 3 and 4 say in it what is missing."""
_PASSED: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "PYTHONPATH",
    "SSL_CERT_FILE",
    "SOURCE_DATE_EPOCH",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """How folders are scanned.

    Attributes:
        limits: Of each scan.
        advisories: Index of the advisories; None for the usual place of the user who runs this.
    """

    limits: Limits = field(default_factory=Limits)
    advisories: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of one scan.

    Attributes:
        trusted: Whether the application may be run.
        foreign: Whether the folder was brought here, so that no environment of ours belongs to it.
        rules: ``select`` and ``ignore`` of the target.
        python: Environment whose packages alone are looked at; empty for the project's own.
        site: A running site that is looked at instead of the folder, judged; None for a project.
        identities: Who sends requests, as ``[tool.buckler.identities]`` has them; used where the application is run.
    """

    trusted: bool = False
    foreign: bool = False
    rules: Mapping[str, Any] = field(default_factory=dict)
    python: str = ""
    site: Repository | None = None
    identities: Mapping[str, Any] = field(default_factory=dict, repr=False)


def scan(
    folder: Path,
    scratch: Path,
    how: Scanning,
    *,
    asked: Asked,
    stop: threading.Event,
) -> tuple[Read, bytes]:
    """Scan a folder in a child process.

    Args:
        folder: Of the project.
        scratch: For everything that the scan writes.
        how: Limits.
        asked: What of it.
        stop: Set when this process ends.

    Raises:
        ScanFailedError: There is no report.
        StoppedError: This process ends.
    """
    scratch.mkdir(mode=0o700, exist_ok=True)
    looked_at = str(folder) if asked.site is None else asked.site.url
    command = [sys.executable, "-P", "-m", "buckler", "scan", looked_at, "--json"]
    command += _options(how, asked) if asked.site is None else _of_site(asked.site, asked.trusted)
    command += _rules(asked)
    told = json.dumps(asked.identities).encode() if asked.trusted and asked.identities else b""
    command += ["--identities", "-"] if told else []
    ended = run(command, scratch, how.limits, env=environment(scratch), stop=stop, told=told)
    if ended.code not in REPORTED or not ended.output.strip():
        raise ScanFailedError(_why(ended.code, ended.errors))
    try:
        return own.read(document.load(ended.output)), ended.output
    except RefusedError as error:
        raise ScanFailedError(f"the report cannot be read: {error.message}") from error


def environment(scratch: Path) -> dict[str, str]:
    """What a child gets of ours: no secret, and a home that is removed with everything else."""
    kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**kept, "HOME": str(scratch), "TMPDIR": str(scratch), "XDG_CACHE_HOME": str(scratch)}


def _options(how: Scanning, asked: Asked) -> Sequence[str]:
    engines = PACKAGES if asked.python else READING
    found = [] if asked.trusted else ["--engines", engines]
    if asked.python:
        found += ["--python", asked.python]
    elif asked.foreign and not asked.trusted:
        # Its settings may name any interpreter of this machine, whose packages would be told.
        found += ["--python", sys.executable]
    if how.advisories is not None:
        found += ["--advisories", str(how.advisories)]
    return found


def _of_site(site: Repository, trusted: bool) -> list[str]:
    """It is called at an address that was judged, whatever its name means by then (CWE-367)."""
    pinned = [f"--connect-to={site.pinned[0]}"] if site.pinned else []
    return [*pinned, "--permitted" if trusted else "--no-attack"]


def _rules(asked: Asked) -> list[str]:
    listed = ((name, one) for name in ("select", "ignore") for one in asked.rules.get(name, ()))
    return [f"--{name}={one}" for name, one in listed]


def _why(code: int, errors: str) -> str:
    last = errors.splitlines()[-1][:300] if errors else ""
    ended = f"by signal {-code}" if code < 0 else f"with {code}"
    return f"the scanner ended {ended}" + (f": {last}" if last else "")
