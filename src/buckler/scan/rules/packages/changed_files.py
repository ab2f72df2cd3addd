"""PKG008: installed files that are not those of the package."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.inventory.environment import KIND, relative
from buckler.scan.engines.packages.inventory.records import MAX_RECORD, Row, digest, of, rows
from buckler.scan.engines.packages.inventory.wheels import bounded
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules._support.packages import some
from buckler.scan.rules.packages.startup_hook import APP, ENVIRONMENT, LIBRARY

MAX_BYTES: Final = 1_000_000_000
"""Of all files of an environment, or of a folder of wheels, whose hashes are made."""
_CODE: Final = (".py", ".pth", ".so", ".pyd", ".dll", ".dylib")
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, KeyError)
_HINT = "look at it yourself, or install it again"
LABELS = {
    **ENVIRONMENT,
    f"{LIBRARY}/shop_labels-1.4.0.dist-info/METADATA": "Name: shop-labels\nVersion: 1.4.0",
    f"{LIBRARY}/shop_labels-1.4.0.dist-info/RECORD": """
        shop_labels/__init__.py,sha256=xMx6xbtE34Sb4G5xEgHI4QO-LbiCTpxSdv_QOOzp-Mw,11
        shop_labels/logo.txt,sha256=AAAA,4
        ../../../bin/labels,sha256=AAAA,4
        shop_labels-1.4.0.dist-info/RECORD,,
        """,
}
CODE = f"{LIBRARY}/shop_labels/__init__.py"


class _Left:
    """How many more bytes are read.

    Attributes:
        bytes: Of them.
        refused: Whether there was a file that is longer.
    """

    __slots__ = ("bytes", "refused")

    def __init__(self, most: int) -> None:
        self.bytes = most
        self.refused = False

    def take(self, size: int) -> bool:
        """Whether a file may be read."""
        if size > self.bytes:
            self.refused = True
            return False
        self.bytes -= size
        return True


class ChangedFiles(Rule):
    """An installed package, or a wheel, has other code than it came with.

    ## What it is
    Each package brings a list of its files with their SHA-256, RECORD. The code that lies there has another one, or
    is gone. Compiled copies, data, scripts that the installer writes and editable installations are left out.

    ## Why it matters
    Somebody changed code after it was installed: an attacker who stays, or a colleague whose correction is lost with
    the next installation and that no advisory and no review knows of. In a wheel it means that the archive was
    changed after it was built.

    ## How to fix
    Install the package again: ``pip install --force-reinstall --no-deps NAME==VERSION`` or ``uv sync --reinstall``.
    What has to be changed belongs into a fork with a version of its own. Compare first where you cannot explain it.

    ## How to check
    Scan again after the installation.

    ## Roll-out
    Build images anew instead of changing environments; mount them read-only.

    ## References
    CWE-353, CWE-345; OWASP A08:2021, A08:2025; ASVS 5.0 V15.2.4; PEP 376, PEP 427.
    """

    id = "PKG008"
    name = "changed-package-files"
    title = "Package with other code than it came with"
    severity = Severity.MEDIUM
    cwe = (353, 345)
    owasp = ("A08:2021", "A08:2025")
    asvs = ("V15.2.4",)
    fix = Fix("install the package again")
    bad = (
        Example(APP, files={**LABELS, CODE: "labels = 2"}),
        Example(APP, files={**LABELS, CODE: "labels = 1\nimport os"}),
        Example(APP, files=LABELS),
    )
    good = (
        Example(APP, files={**LABELS, CODE: "labels = 1"}),
        Example(APP, files={**ENVIRONMENT, CODE: "labels = 2"}),
    )

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """One finding for each distribution."""
        left = _Left(MAX_BYTES)
        for package in seen.inventory.packages:
            file = seen.folder / package.path
            if package.source == "editable":
                continue
            try:
                if seen.inventory.kind == KIND and file.parent.name.endswith(".dist-info"):
                    changed, gone = _installed(file.parent, left)
                elif seen.inventory.kind == "wheels" and file.suffix == ".whl":
                    changed, gone = _archived(file, left)
                else:
                    continue
            except FileNotFoundError:
                continue  # other installers of systems write none
            except UnreadableFile as error:
                seen.gap(package.path, f"its RECORD: {error.message}", error.hint or _HINT)
                continue
            except _BROKEN as error:
                seen.gap(package.path, f"its RECORD cannot be read: {error}", _HINT)
                continue
            if changed or gone:
                where = relative(file, seen.folder)
                yield self._made(package.name, package.version, where, changed, gone)
        if left.refused:
            why = f"more than {MAX_BYTES / 1_000_000:g} MB of code: some of it was not compared"
            seen.gap(seen.inventory.path, why, _HINT)

    def _made(
        self, name: str, version: str, path: str, changed: list[str], gone: list[str]
    ) -> Finding:
        parts = [
            f"{some(listed)} {words}"
            for listed, words in (
                (changed, "is not what it came with"),
                (gone, "is gone"),
            )
            if listed
        ]
        return self.found(
            f"{name} {version}: {', and '.join(parts)}.",
            confidence=Confidence.OBSERVED,
            location=Location(path),
            # What images leave out to be small is no attack.
            severity=self.severity if changed else Severity.INFO,
            proof=(Proof("setting", {"name": "RECORD", "value": [*changed, *gone][:50]}),),
            anchor=name,
            subject=name,
        )


def _installed(info: Path, left: _Left) -> tuple[list[str], list[str]]:
    """Which files of an installed distribution differ, and which are missing."""
    changed: list[str] = []
    gone: list[str] = []
    for row in rows(of(info)):
        if not row.algorithm or not row.path.endswith(_CODE):
            continue
        file = info.parent / row.path
        try:
            with open(os.open(file, _FLAGS), "rb") as stream:
                status = os.fstat(stream.fileno())
                regular = stat.S_ISREG(status.st_mode)
                if not regular or row.size not in (None, status.st_size):
                    changed.append(row.path)
                    continue
                size = status.st_size
                if left.take(size) and digest(row.algorithm, stream.read, size) != row.digest:
                    changed.append(row.path)
        except (FileNotFoundError, NotADirectoryError):
            gone.append(row.path)
        except OSError:
            changed.append(row.path)
    return changed, gone


def _archived(wheel: Path, left: _Left) -> tuple[list[str], list[str]]:
    """Which files of a wheel are not those of its RECORD, and which are missing."""
    with open(os.open(wheel, _FLAGS), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise UnreadableFile("it is not a regular file")
        bounded(stream)
        with zipfile.ZipFile(stream) as archive:
            return _compared(archive, left)


def _compared(archive: zipfile.ZipFile, left: _Left) -> tuple[list[str], list[str]]:
    listed = {item.filename: item for item in archive.infolist() if not item.is_dir()}
    record = next((n for n in listed if n.endswith(".dist-info/RECORD") and n.count("/") == 1), "")
    if not record or listed[record].file_size > MAX_RECORD:
        raise ValueError("there is none, or it is too large")
    with archive.open(record) as inner:
        text = inner.read(MAX_RECORD).decode("utf-8", "replace")
    known = {row.path: row for row in rows(text)}
    changed = list(_differing(archive, listed, known, left))
    twice = len(archive.namelist()) - len(set(archive.namelist()))
    changed += ["a file that is there twice"] if twice else []
    return changed, [path for path in known if path not in listed]


def _differing(
    archive: zipfile.ZipFile,
    listed: dict[str, zipfile.ZipInfo],
    known: dict[str, Row],
    left: _Left,
) -> Iterator[str]:
    for path, item in listed.items():
        if path.rpartition("/")[2].startswith("RECORD") and ".dist-info/" in path:
            continue
        row = known.get(path)
        if row is None or row.size not in (None, item.file_size):
            yield path
        elif row.algorithm and left.take(item.file_size):
            with archive.open(item) as inner:
                if digest(row.algorithm, inner.read, item.file_size) != row.digest:
                    yield path
