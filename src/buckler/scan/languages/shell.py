"""Where a word stands in a command line of a POSIX shell (IEEE 1003.1, 2.2 Quoting)."""

from __future__ import annotations

from collections.abc import Iterator

OPERATORS = frozenset(";|&\n<>()")
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})


def script_of(argv: tuple[str, ...]) -> str | None:
    """The script of ``sh -c SCRIPT``, or None where no shell is started."""
    if len(argv) < 3 or argv[0].rpartition("/")[2] not in SHELLS:
        return None
    for at, argument in enumerate(argv[1:-1], start=1):
        if (
            argument.startswith("-")
            and "c" in argument.lstrip("-")
            and not argument.startswith("--")
        ):
            return argv[at + 1]
    return None


def states(script: str) -> Iterator[tuple[int, str, str]]:
    """Position, character and how it is quoted: ``bare``, ``single``, ``double`` or ``escaped``."""
    quote = "bare"
    escaped = False
    for at, letter in enumerate(script):
        if escaped:
            escaped = False
            yield at, letter, "escaped"
        elif letter == "\\" and quote != "single":
            escaped = True
            yield at, letter, quote
        elif letter == "'" and quote in ("bare", "single"):
            quote = "single" if quote == "bare" else "bare"
            yield at, letter, "quote"
        elif letter == '"' and quote in ("bare", "double"):
            quote = "double" if quote == "bare" else "bare"
            yield at, letter, "quote"
        else:
            yield at, letter, quote


def starts_command(script: str, canary: str) -> bool:
    """Whether the canary is in the place of a command of its own.

    True after an unquoted ``;``, ``|``, ``&`` or line break, and in ``$(…)`` or backquotes that
    are not within single quotes.
    """
    lowered = script.lower()
    at = lowered.find(canary.lower())
    if at < 0:
        return False
    quoting = {position: (letter, state) for position, letter, state in states(script)}
    before = at - 1
    while before >= 0 and script[before] in " \t":
        before -= 1
    if before < 0:
        return quoting[at][1] == "bare"
    letter, state = quoting[before]
    if letter in OPERATORS - {"(", ")", "<", ">"} and state == "bare":
        return quoting[at][1] in ("bare", "quote")
    if letter == "`" and state in ("bare", "double"):
        return True
    return (
        letter == "(" and state in ("bare", "double") and before > 0 and script[before - 1] == "$"
    )
