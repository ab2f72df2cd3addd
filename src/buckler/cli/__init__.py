"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import NoReturn

from buckler.core.errors import BucklerError

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    """Entry point of ``buckler``; turns every error of ours into its exit code and a hint.

    An end from outside (Ctrl-C, ``kill``, a closed terminal) exits with 128 and the number of
    the signal, after the application has been ended and its folder removed.
    """
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    try:
        from buckler.cli.group import cli

        cli(prog_name="buckler", standalone_mode=True)
    except BucklerError as error:
        fail(error)
    except Exception:  # noqa: BLE001 - the last resort: exit code 3 and the story
        sys.stderr.write("buckler: an internal error; please report it with this text:\n")
        sys.stderr.write(_harmless(traceback.format_exc()))
        sys.exit(3)


def fail(error: BucklerError) -> NoReturn:
    """Print what happened and what to do, and exit with the error's code."""
    sys.stderr.write(_harmless(f"buckler: {error.message}\n"))
    if error.hint:
        sys.stderr.write(_harmless(f"  {error.hint}\n"))
    sys.exit(error.exit_code)


def _harmless(text: str) -> str:
    """What an application said may be part of an error: no escape sequence reaches a terminal."""
    from buckler.scan.formats import clean

    return clean.block(text)


def _stop(number: int, _: object) -> NoReturn:
    """Unwind: what is open is closed on the way. Not as KeyboardInterrupt, which click makes 1."""
    from buckler.scan import stopping

    stopping.ask()
    # Not by sys.stderr, which may be writing just now and then refuses.
    with contextlib.suppress(OSError):
        os.write(2, b"\nstopped\n")
    sys.exit(128 + number)
