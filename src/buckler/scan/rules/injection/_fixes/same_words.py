"""Tells the shell commands that a program gets word by word as a list gives them to it (CWE-78)."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument
from buckler.scan.rules.injection._fixes.pieces import Letter, Value, pieces_of
from buckler.scan.rules.injection._fixes.programs import UNIX

_EXPRESSIONS = ("subprocess.run", "subprocess.check_output", "asyncio.create_subprocess_shell")
_STATEMENTS = ("subprocess.call", "subprocess.check_call", "os.system")
_OPTIONS = frozenset(
    "shell args cmd command capture_output text encoding errors timeout check cwd env input stdin stdout "
    "stderr universal_newlines limit".split()
)
_NOT_FOUND = 127
_ASKS = frozenset({"returncode", "check_returncode", "CalledProcessError", "wait"})


def same_words(draft: Draft, call: ast.Call, command: ast.expr) -> bool:
    """Whether the program gets the same arguments without a shell, for every value that is no attack.

    Each value stands in quotes, which keep blanks and wildcards together as a list does. Out of quotes a
    blank at the end of a name is taken away by the shell, and two words are two arguments. Nothing else that
    a shell does shows: its exit code for a missing program, or the status that ``os.system`` gives.
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
    return program in UNIX and _all_quoted(parts)


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
    """Whether the code looks at the exit code, which a shell gives for a missing program, or gives it on."""
    function = draft.index.function_of(call)
    if any(
        isinstance(node, ast.Constant) and node.value == _NOT_FOUND
        for node in ast.walk(function or draft.index.tree)
    ):
        return True
    if _goes_on(draft, call):
        return True
    return any(
        (isinstance(node, ast.Attribute) and node.attr in _ASKS)
        or (isinstance(node, ast.Name) and node.id in _ASKS)
        for node in ast.walk(draft.index.tree)
    )


def _goes_on(draft: Draft, call: ast.Call) -> bool:
    """Whether other code gets what ``subprocess.run`` gives, and may look at it."""
    if draft.index.name(call.func) != "subprocess.run":
        return False
    parents = draft.index.parents
    function = draft.index.function_of(call)
    results: list[ast.AST] = [call]
    stored = parents.get(call)
    if isinstance(stored, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        targets = stored.targets if isinstance(stored, ast.Assign) else [stored.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if len(names) < len(targets):
            return True
        results += [
            node
            for node in ast.walk(function or draft.index.tree)
            if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
        ]
        results.remove(call)
    return any(not isinstance(parents.get(r), ast.Attribute | ast.Expr) for r in results)
