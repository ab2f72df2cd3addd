"""Code from input: CWE-95. A name in a code object that runs, or a module that is imported.

``ast.literal_eval`` compiles but runs nothing, so compiling is no evidence. A canary that is
a string constant of the code was quoted; one that is a name was not.
"""

from __future__ import annotations

import importlib.abc
import sys
from types import CodeType, FrameType
from typing import Any, Iterator, Optional, Tuple

from .. import state
from ..box import audit


class _Watcher(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        state.hit("import", "import", fullname, through=_through())


def install() -> None:
    """Watch the running of code objects and the import of modules."""
    audit.on("exec", _executed)
    audit.on("compile", lambda args: state.remember(state.text_of(args[0])))
    sys.meta_path.insert(0, _Watcher())


def _names(code: CodeType, depth: int = 0) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and depth < 5:
            yield from _names(constant, depth + 1)


def _executed(args: Tuple[Any, ...]) -> None:
    code = args[0]
    if not isinstance(code, CodeType) or code.co_filename.endswith(".py"):
        return
    named = [name for name in _names(code) if state.carries(name)]
    if named and state.hit("exec", "eval or exec", " ".join(named)):
        raise state.Stopped("Buckler stopped this code before it ran")


def _through() -> str:
    """The library on the stack that imports on behalf of data, if one is."""
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root in ("yaml", "ruamel", "pickle", "_pickle", "jsonpickle", "dill", "cloudpickle"):
            return root
        frame = frame.f_back
    return ""
