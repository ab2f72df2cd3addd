"""``buckler audit verify FILE...``: the hash chain of an audit log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buckler.core.errors import UsageError

if TYPE_CHECKING:
    from buckler.guard.audit.verify import Verdict

MOST_KEY = 4096


@click.group("audit")
def command() -> None:
    """Work with audit logs that guard wrote."""


@command.command("verify")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Holds the key of the chain, if it has one.",
)
@click.option(
    "--start",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of the first record, where older files were deleted.",
)
@click.option("--head", default="", metavar="HASH", help="Hash that the last record must have.")
@click.option("--sealed", is_flag=True, help="The log must end with the seal of an orderly end.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify_command(
    files: tuple[Path, ...],
    key_file: Path | None,
    start: int,
    head: str,
    sealed: bool,
    as_json: bool,
) -> None:
    """Check that no line of an audit log was changed, removed or moved.

    Files that were rotated away belong to the log: name them all, in any order, plain or as .gz.

    \b
    Exit codes: 0 whole, 1 broken, 2 usage.
    """
    from buckler.guard.audit.chain import Chain
    from buckler.guard.audit.verify import verify

    key = _key(key_file) if key_file is not None else None
    verdict = verify(files, Chain(key), start=start, head=head, sealed=sealed)
    click.echo(json.dumps(_as_dict(verdict), indent=2) if as_json else _as_text(verdict))
    sys.exit(0 if verdict.whole else 1)


def _key(path: Path) -> bytes:
    """The key in a file, without the line's end.

    Raises:
        UsageError: It cannot be read or is too long.
    """
    try:
        with path.open("rb") as stream:
            key = stream.read(MOST_KEY + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(key) > MOST_KEY:
        raise UsageError(f"{path} is too long for a key")
    return key.rstrip(b"\r\n")


def _as_dict(verdict: Verdict) -> dict[str, object]:
    return {
        "whole": verdict.whole,
        "records": verdict.records,
        "first": verdict.first,
        "last": verdict.head.seq,
        "hash": verdict.head.hash,
        "sealed": verdict.sealed,
        "breaks": [
            {"file": b.file, "line": b.line, "what": b.what, "detail": b.detail}
            for b in verdict.breaks
        ],
        "more": verdict.more,
    }


def _as_text(verdict: Verdict) -> str:
    from buckler.scan.formats import clean

    lines = [clean.line(f"{b.file}:{b.line}: {b.what}: {b.detail}") for b in verdict.breaks]
    if verdict.more:
        lines.append(f"and {verdict.more} more")
    if verdict.whole:
        end = "sealed" if verdict.sealed else "not sealed: a cut at the end would not show"
        lines.append(f"whole: {verdict.records} records, {end}")
        lines.append(f"last record {verdict.head.seq}, hash {verdict.head.hash}")
    else:
        lines.append(f"broken: {len(verdict.breaks) + verdict.more} places")
    return "\n".join(lines)
