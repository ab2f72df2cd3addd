"""Reads JSON where a pickle was read, and writes it where one was written (CWE-502)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft

_READ = {"loads": "loads", "load": "load", "decode": "loads"}
_LIBRARIES = ("pickle", "_pickle", "marshal", "dill", "cloudpickle", "jsonpickle")
_TEXTS = ("jsonpickle",)


def as_json(draft: Draft, call: ast.Call) -> bool:
    """Read JSON in the place of a pickle.

    Returns:
        Whether it could be done: the reading takes the data alone, and all that this file writes in the
        same format is made of literals, lists, dictionaries or values that are not known to be objects.
    """
    library, name = _called(draft, call)
    if name not in _READ or len(call.args) != 1 or call.keywords:
        return False
    writings = [c for c in draft.index.calls if _called(draft, c)[0] == library and c is not call]
    if any(_called(draft, c)[1] not in ("dumps", "encode", *_READ) for c in writings):
        return False
    if any(len(c.args) != 1 or c.keywords for c in writings):
        return False
    for one in (call, *writings):
        kind = _called(draft, one)[1]
        if kind in _READ:
            draft.set_callee(one, draft.name_for(f"json.{_READ[kind]}", one))
        else:
            draft.set_callee(one, draft.name_for("json.dumps", one))
            if library not in _TEXTS:
                end = draft.source.span(one)[1]
                draft.edit(end, end, ".encode()")
    return True


def _called(draft: Draft, call: ast.Call) -> tuple[str, str]:
    library, _, name = draft.index.name(call.func).rpartition(".")
    return (library, name) if library in _LIBRARIES else ("", "")
