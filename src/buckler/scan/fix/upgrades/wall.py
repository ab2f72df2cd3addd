"""Keeps a tool that resolves from running anybody's code, whatever its options say.

To learn what a source distribution or a project with dynamic metadata asks for, every resolver runs its build backend,
which is code of whoever wrote it (CWE-829): uv does it for the project itself even with ``--no-build``, Poetry has no
option against it. So a module that Python imports when it starts (``sitecustomize``, documentation of ``site``) ends
every interpreter that the tool starts, and has the tool itself, where it is Python, start none. Asking an
interpreter what it is (``-I -c``) reads no such module and stays possible.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

SAID: Final = "buckler: nothing is built here"
"""What the tool's output holds where it wanted to build."""
HOST: Final = "BUCKLER_WALL_HOST"
STANDS: Final = "BUCKLER_WALL_STANDS"
_MODULE: Final = f'''
import os
import sys

with open(os.environ[{STANDS!r}], "a") as stream:
    stream.write("stands\\n")
if os.environ.pop({HOST!r}, "") != "1":
    os.write(2, b"{SAID}\\n")
    os._exit(97)


def refuse(event, args):
    if event not in STARTS:
        return
    words = args[1] if event == "subprocess.Popen" else ()
    if isinstance(words, (list, tuple)) and len(words) > 2 and words[1] == "-I" and "-c" in words:
        if of_the_user(os.fsdecode(words[0])) and args[0] in (None, words[0]):
            return
    raise PermissionError("{SAID}: " + event)


def of_the_user(word):
    """Whether an interpreter is the tool's own, or one of the user's path and not of the project's folder."""
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(f)]
    folders += [os.path.dirname(p) for p in (sys.executable, getattr(sys, "_base_executable", "")) if p]
    return os.path.isabs(word) and os.path.normpath(os.path.dirname(word)) in map(os.path.normpath, folders)


STARTS = frozenset(
    (
        *("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"),
        *("os.spawn", "os.startfile", "pty.spawn"),
    )
)
sys.addaudithook(refuse)
'''


def build(scratch: Path) -> tuple[dict[str, str], Path]:
    """Put the module down.

    Args:
        scratch: A folder of ours, outside of every project.

    Returns:
        Variables for the tool, and the file that is there once the module was read.
    """
    folder, stands = scratch / "wall", scratch / "stands"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_MODULE, encoding="utf-8")
    return {"PYTHONPATH": str(folder), STANDS: str(stands)}, stands
