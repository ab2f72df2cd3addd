"""Both starts of the child: ``launch FD PYTHON`` in Buckler's interpreter, which becomes ``run FD
ORDERS`` in the application's.

Loads this folder as the package ``_buckler_agent`` and hands over. The folder itself is taken
off ``sys.path`` first: a module of ours must never answer an import of the application.
"""

from __future__ import annotations

import importlib.util
import os
import sys


def _load(folder: str) -> None:
    spec = importlib.util.spec_from_file_location(
        "_buckler_agent",
        os.path.join(folder, "__init__.py"),
        submodule_search_locations=[folder],
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the agent is not at {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["_buckler_agent"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    sys.dont_write_bytecode = True
    _load(here)
    command, descriptor, argument = sys.argv[1:]
    if command == "launch":
        from _buckler_agent.launch import launch  # type: ignore[import-not-found]

        launch(int(descriptor), argument)
    else:
        from _buckler_agent.process import main  # type: ignore[import-not-found]

        main(int(descriptor), int(argument))
