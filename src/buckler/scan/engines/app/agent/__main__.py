"""Both starts of the child: ``launch FD PYTHON`` in Buckler's interpreter, which becomes ``run FD
ORDERS`` in the application's. And ``alone PARENT FOLDER OWNER PROGRAM ...``, which starts a server.

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
    command, *given = sys.argv[1:]
    if command == "launch":
        from _buckler_agent.launch import launch  # type: ignore[import-not-found]

        launch(int(given[0]), given[1])
    elif command == "alone":
        from _buckler_agent.alone import alone  # type: ignore[import-not-found]

        alone(int(given[0]), given[1], given[2], given[3:])
    else:
        from _buckler_agent.process import main  # type: ignore[import-not-found]

        main(int(given[0]), int(given[1]))
