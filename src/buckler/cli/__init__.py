"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from buckler.core.errors import BucklerError

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    """Entry point of ``buckler``; turns every error of ours into its exit code and a hint.

    An end from outside (Ctrl-C, ``kill``, a closed terminal) exits with 128 and the number of
    the signal, after the application has been ended and its folder removed. Before this function Python
    itself answers signals, so it comes early: what it needs is imported below.
    """
    _answer_signals(_stop)
    try:
        _run()
    finally:
        _leave()


def _run() -> None:
    from buckler.core.errors import BucklerError

    try:
        from buckler.cli.group import cli

        cli(prog_name="buckler", standalone_mode=True)
    except BucklerError as error:
        fail(error)
    except Exception:  # noqa: BLE001 - the last resort: exit code 3 and the story
        import traceback

        sys.stderr.write("buckler: an internal error; please report it with this text:\n")
        sys.stderr.write(_harmless(traceback.format_exc()))
        sys.exit(3)


def _leave() -> None:
    """Let no signal change the exit code any more.

    While it takes itself down, Python gives signals their first meaning back: a second Ctrl-C would end
    the process by itself, with what is left to be removed. Ending our own processes is what threads
    that still wait for one of them need to come to their end.
    """
    _answer_signals(signal.SIG_IGN)
    gc.freeze()  # what a scan leaves behind goes with the process: to look through it takes a second
    stopping = sys.modules.get("buckler.scan.stopping")
    leftovers = sys.modules.get("buckler.scan.engines.app.leftovers")
    if stopping is not None and leftovers is not None and stopping.is_asked():
        leftovers.remove_made()


def _answer_signals(how: signal._HANDLER) -> None:
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), how)


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
    """Unwind: what is open is closed on the way. Not as KeyboardInterrupt, which click makes 1.

    Nothing is imported here: another signal would leave half a module behind.
    """
    ask = getattr(sys.modules.get("buckler.scan.stopping"), "ask", None)
    if ask is not None:
        ask()
    try:  # noqa: SIM105
        # Not by sys.stderr, which may be writing just now and then refuses.
        os.write(2, b"\nstopped\n")
    except OSError:
        pass
    sys.exit(128 + number)
