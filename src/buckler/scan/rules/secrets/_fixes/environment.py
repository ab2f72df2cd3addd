"""Takes a secret out of the source: what is configured gives it, and nothing stands in for it (CWE-798)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last

_READERS = ("os.getenv", "os.environ.get", "getenv", "environ.get")
_SETTINGS = re.compile(r"Settings$")
_NAME = re.compile(r"^[A-Za-z_]\w*$")


def from_environment(draft: Draft, line: int) -> str:
    """Read a secret that a line writes out of the environment.

    Returns:
        The name of the setting that the operator has to make; empty where the secret stands in a place
        that does not tell its name, or where it is written a second time.
    """
    for node in draft.index.all(ast.Constant):
        if node.lineno != line or not isinstance(node.value, str | bytes) or len(node.value) < 1:
            continue
        name = _default_of_reader(draft, node) or _field(draft, node) or _named(draft, node)
        if name:
            return name
    return ""


def _default_of_reader(draft: Draft, node: ast.Constant) -> str:
    """``os.getenv("KEY", "secret")`` becomes ``os.environ["KEY"]``."""
    call = draft.index.parents.get(node)
    if not isinstance(call, ast.Call) or draft.index.name(call.func) not in _READERS:
        return ""
    key, given = argument(call, "key", 0), argument(call, "default", 1)
    if given is not node or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return ""
    environ = draft.name_for("os.environ", call)
    draft.replace(call, f"{environ}[{draft.of(key)}]")
    return key.value


def _field(draft: Draft, node: ast.Constant) -> str:
    """``password: str = "secret"`` of a settings class becomes ``password: str``."""
    statement = draft.index.parents.get(node)
    wrapped = statement
    if isinstance(wrapped, ast.Call) and last(wrapped.func) in ("SecretStr", "SecretBytes"):
        statement = draft.index.parents.get(wrapped)
    owner = draft.index.parents.get(statement) if statement is not None else None
    if not isinstance(statement, ast.AnnAssign) or not isinstance(owner, ast.ClassDef):
        return ""
    if not any(_SETTINGS.search(last(base)) for base in owner.bases) or statement.value is None:
        return ""
    start = draft.source.span(statement.annotation)[1]
    draft.edit(start, draft.source.span(statement)[1], "")
    return last(statement.target)


def _named(draft: Draft, node: ast.Constant) -> str:
    """``API_KEY = "secret"`` becomes ``API_KEY = os.environ["API_KEY"]``."""
    statement = draft.index.parents.get(node)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is not node:
        return ""
    if not isinstance(draft.index.parents.get(statement), ast.Module | ast.ClassDef):
        return ""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    name = last(targets[0])
    same = [n for n in draft.index.all(ast.Constant) if n.value == node.value]
    if len(targets) != 1 or not _NAME.match(name) or len(same) > 1:
        return ""
    read = f"{draft.name_for('os.environ', node)}[{draft.quote(name.upper())}]"
    draft.replace(node, f"{read}.encode()" if isinstance(node.value, bytes) else read)
    return name.upper()
