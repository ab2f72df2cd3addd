"""``python -m buckler``, where the command is not on the path."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path and sys.path[0] == os.getcwd():
        # Python puts the present folder first, which is the project's: its ``tomllib.py`` would be run (CWE-427).
        del sys.path[0]

    from buckler.cli import main

    main()
