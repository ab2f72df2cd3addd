"""A scan from the request to the findings, as steps that may be run again.

Whichever process dies where: the scan is begun again by another attempt, in another scratch folder, and what the one
before it had stored stays as it is or is not there.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from buckler.watch import identities
from buckler.watch.alerts import kinds
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts, scans, targets
from buckler.watch.db.database import Database
from buckler.watch.errors import MissingError, RefusedError, ScanFailedError, SupersededError
from buckler.watch.ingest import ingest
from buckler.watch.interface import SYSTEM, Step
from buckler.watch.reports.values import Read
from buckler.watch.scanning import address, environment, git
from buckler.watch.scanning.address import Repository
from buckler.watch.scanning.git import Cloning
from buckler.watch.scanning.scanner import Asked, Scanning, scan

log = logging.getLogger("buckler.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a scan needs.

    Attributes:
        database: Where it is written down.
        worker: Id of this process.
        scratch: Folder in which each attempt makes one of its own.
        secrets: Opens those of identities.
        scanning: How folders are scanned.
        cloning: How repositories are brought here.
        stop: Set when this process ends.
        clock: Seconds since 1970.
    """

    database: Database
    worker: str
    scratch: Path
    secrets: Secrets
    scanning: Scanning = field(default_factory=Scanning)
    cloning: Cloning = field(default_factory=Cloning)
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.time


def run(scan_id: str, parts: Parts, step: Step) -> str:
    """Do a scan; how it ended.

    Args:
        scan_id: Which.
        parts: What it needs.
        step: Makes a function durable.
    """
    return step("scan", perform, scan_id, parts)


def perform(scan_id: str, parts: Parts) -> str:
    """Begin an attempt, scan, and take the report in; ``done``, ``failed``, ``superseded`` or ``gone``.

    Raises:
        StoppedError: This process ends, and the next one begins another attempt.
    """
    try:
        with parts.database.write() as connection:
            attempt = scans.begin(connection, scan_id, parts.worker, parts.clock())
            if attempt is None:
                return "done"
            row = scans.get(connection, SYSTEM, scan_id)
            target = targets.get(connection, SYSTEM, row.target_id)
    except MissingError:
        return "gone"
    if attempt > scans.MOST_ATTEMPTS:
        return _failed(parts, scan_id, attempt, f"{attempt - 1} workers died of it")
    try:
        report, body = _report(target, attempt, scan_id, parts)
        ingest(parts.database, scan_id, attempt, report, body, parts.clock())
    except ScanFailedError as error:
        return _failed(parts, scan_id, attempt, error.message)
    except SupersededError:
        log.warning("scan %s was taken over by another worker", scan_id)
        return "superseded"
    except MissingError:
        return "gone"
    return "done"


def _report(target: Row[Any], attempt: int, scan_id: str, parts: Parts) -> tuple[Read, bytes]:
    scratch = Path(tempfile.mkdtemp(prefix=f"scan-{scan_id}-{attempt}-", dir=parts.scratch))
    try:
        folder = _folder(target, attempt, scan_id, scratch, parts)
        asked = Asked(
            trusted=target.trusted,
            foreign=target.kind == "git",
            rules=target.rules,
            python=target.location if target.kind == "environment" else "",
            site=_site(target, parts) if target.kind == "url" else None,
            identities=_identities(target, parts) if target.trusted else {},
        )
        return scan(folder, scratch / "scan", parts.scanning, asked=asked, stop=parts.stop)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _folder(target: Row[Any], attempt: int, scan_id: str, scratch: Path, parts: Parts) -> Path:
    """The folder that is scanned: on this machine, brought here, or an empty one beside an environment."""
    if target.kind == "git":
        folder, revision = git.clone(
            target.location, target.branch, scratch / "clone", parts.cloning, stop=parts.stop
        )
        with parts.database.write() as connection:
            scans.of_revision(connection, scan_id, attempt, revision)
        return folder
    if target.kind == "url":
        return scratch  # nothing of it is read
    if target.kind not in ("folder", "environment"):
        raise ScanFailedError("its reports are pushed; there is nothing to be scanned here")
    place = Path(target.location)
    if place.resolve() != place:
        # It was judged when it was added; who may write beside it may put a link in its place (CWE-367).
        raise ScanFailedError(f"{place} leads elsewhere now", hint="add the target again")
    if target.kind == "folder" and place.is_dir():
        return place
    if target.kind == "environment" and environment.is_one(place):
        empty = scratch / "project"
        empty.mkdir()
        return empty
    raise ScanFailedError(f"there is no {target.kind} {place} on this worker")


def _site(target: Row[Any], parts: Parts) -> Repository:
    """A running site, judged again at each scan: its name may have come to mean something else."""
    allowed = parts.cloning.allowed
    try:
        return address.resolve(address.site(target.location, allowed), allowed)
    except RefusedError as error:
        raise ScanFailedError(error.message, hint=error.hint) from error


def _identities(target: Row[Any], parts: Parts) -> dict[str, Any]:
    try:
        with parts.database.read() as connection:
            return identities.opened(connection, target.id, parts.secrets)
    except RefusedError as error:
        raise ScanFailedError(error.message, hint=error.hint) from error


def _failed(parts: Parts, scan_id: str, attempt: int, why: str) -> str:
    """Write down that a scan has no result, and tell it."""
    now = parts.clock()
    try:
        with parts.database.write() as connection:
            row = scans.get(connection, SYSTEM, scan_id)
            values = {"ended_at": now, "why": why}
            if not scans.end(connection, scan_id, attempt, "failed", values):
                return "failed"
            alert = kinds.of_target(
                "scan_failed",
                row.target_id,
                now,
                once=scan_id,
                scan_id=scan_id,
                title="The scan failed",
                text=why,
            )
            alerts.add(connection, [alert])
    except SupersededError:
        return "superseded"
    except MissingError:
        return "gone"
    log.warning("scan %s failed: %s", scan_id, why)
    return "failed"
