"""Runs a function right after a module was imported, without importing it ourselves.

Importing a library only to watch it would change what the application sees and how fast it
starts, so the sinks of a library are put in place when the application imports it.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional

Callback = Callable[[ModuleType], None]
_waiting: Dict[str, List[Callback]] = {}


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: Any, name: str) -> None:
        self._inner = inner
        self._name = name

    def create_module(self, spec: Any) -> Optional[ModuleType]:
        made: Optional[ModuleType] = self._inner.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        # A library that looks at its own loader (importlib.resources) sees the real one.
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        module.__loader__ = self._inner
        self._inner.exec_module(module)
        for callback in _waiting.pop(self._name, []):
            callback(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self) -> None:
        self._busy = False

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname not in _waiting or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(fullname)
        except (ImportError, ValueError):
            return None
        finally:
            self._busy = False
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return None
        spec.loader = _Loader(spec.loader, fullname)
        return spec


def when_imported(name: str, callback: Callback) -> None:
    """Call ``callback(module)`` once the module is there, at once if it already is."""
    module = sys.modules.get(name)
    if module is not None:
        callback(module)
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _waiting.setdefault(name, []).append(callback)
