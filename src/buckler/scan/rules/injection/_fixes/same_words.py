"""Tells the shell commands that a program gets word by word as a list gives them to it (CWE-78)."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument
from buckler.scan.rules.injection._fixes.pieces import Letter, Value, pieces_of

_PROGRAMS = frozenset(
    "basename cat chmod chown cksum comm cp cut date df diff dirname du file fold grep gunzip gzip head id join "
    "ln ls md5sum mkdir mv nl paste ping readlink realpath rm rmdir sed seq sha1sum sha256sum sha512sum sort "
    "split stat tac tail tar touch traceroute tr uniq wc whois xz".split()
)
"""Programs of Unix systems that no shell has built in, and that end their options at ``--``."""
_EXPRESSIONS = ("subprocess.run", "subprocess.check_output", "asyncio.create_subprocess_shell")
_STATEMENTS = ("subprocess.call", "subprocess.check_call", "os.system")
_OPTIONS = frozenset(
    "shell args cmd command capture_output text encoding errors timeout check cwd env input stdin stdout "
    "stderr universal_newlines limit".split()
)
_NOT_FOUND = 127


def same_words(draft: Draft, call: ast.Call, command: ast.expr) -> bool:
    """Whether the program gets the same arguments without a shell, for every value that is no attack.

    Each value stands in quotes, which keep blanks and wildcards together as a list does. Out of quotes a
    blank at the end of a name is taken away by the shell, and two words are two arguments. Nothing else that
    a shell does shows: its exit code of 127 for a missing program, or the status that ``os.system`` gives.
    """
    name = draft.index.name(call.func)
    alone = isinstance(draft.index.parents.get(call), ast.Expr)
    if name not in _EXPRESSIONS and not (name in _STATEMENTS and alone):
        return False
    if any(keyword.arg not in _OPTIONS for keyword in call.keywords) or len(call.args) > 1:
        return False
    if argument(call, "env") is not None or _asks_for_missing(draft, call):
        return False
    try:
        parts = pieces_of(draft, command).parts
    except UnreadableText:
        return False
    program = ""
    for part in parts:
        if isinstance(part, Value) or part.text in " \t":
            break
        program += part.text
    return program in _PROGRAMS and _all_quoted(parts)


def _all_quoted(parts: list[Letter | Value]) -> bool:
    """Whether every value stands in quotes, as it is."""
    quote = ""
    for part in parts:
        if isinstance(part, Value):
            if not quote or not part.plain or "(" in part.source:
                return False
        elif quote:
            quote = "" if part.text == quote else quote
        elif part.text in "'\"":
            quote = part.text
    return True


def _asks_for_missing(draft: Draft, call: ast.Call) -> bool:
    """Whether the function looks for the exit code with which a shell says that there is no such program."""
    function = draft.index.function_of(call)
    return any(
        isinstance(node, ast.Constant) and node.value == _NOT_FOUND
        for node in ast.walk(function or draft.index.tree)
    )
