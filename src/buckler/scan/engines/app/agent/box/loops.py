"""Keeps the application on asyncio's own event loop.

Threat: under uvloop connections, look-ups and process starts raise no audit event, so the Python
wall and the sinks are blind. `import uvloop` works and installing it does nothing: an application
that asks for speed runs, only slower.
"""

from __future__ import annotations

import importlib.machinery
import sys
import warnings
from types import ModuleType
from typing import Any, Optional, Sequence

from .refusal import Refusals


class _Finder:
    """Lets the ordinary finders find uvloop, and tames the module once it is loaded."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def find_spec(
        self, name: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if name != "uvloop":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute, refusals = spec.loader.exec_module, self._refusals

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _tame(module, refusals)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _tame(module: ModuleType, refusals: Refusals) -> None:
    import asyncio

    told: list[bool] = []

    def tell() -> None:
        if not told:
            told.append(True)
            refusals.tell(
                "native", "uvloop gives way to asyncio's own loop during a scan", "uvloop"
            )

    class Loop(asyncio.SelectorEventLoop):
        """asyncio's own, under uvloop's name."""

        def __init__(self) -> None:
            tell()
            super().__init__()

    def run(main: Any, *, loop_factory: Any = None, debug: Optional[bool] = None, **_: Any) -> Any:
        tell()
        return asyncio.run(main, debug=debug)

    names: dict[str, Any] = {"install": tell, "new_event_loop": Loop, "Loop": Loop, "run": run}
    with warnings.catch_warnings():
        # Deprecated since Python 3.14, and what uvloop gives until asyncio drops policies.
        warnings.simplefilter("ignore")
        base: Any = getattr(asyncio, "DefaultEventLoopPolicy", None)
        if base is not None:
            names["EventLoopPolicy"] = type("EventLoopPolicy", (base,), {"_loop_factory": Loop})
    for name, value in names.items():
        setattr(module, name, value)


def install(refusals: Refusals) -> None:
    """Tame uvloop, now or when it is imported."""
    loaded = sys.modules.get("uvloop")
    if loaded is not None:
        _tame(loaded, refusals)
    sys.meta_path.insert(0, _Finder(refusals))
