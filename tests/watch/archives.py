"""Back-ups: what is in one, one that somebody changed, and the commands that make and take them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from click.testing import CliRunner, Result

from buckler.cli.watch import command as watch_command


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def rewritten(file: Path, made: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as archive:
        for name, body in made.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))


def command(*arguments: str) -> Result:
    """One of the commands, in this process: starting one takes a second."""
    return CliRunner().invoke(watch_command, arguments)
