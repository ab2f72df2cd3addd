"""Finds what an environment runs at every start of Python, and tells what tools of packaging put there.

``site`` executes each line of a ``.pth`` file that begins with ``import``, and imports ``sitecustomize`` and
``usercustomize``, before anything of the application runs and whatever program is started (CWE-829). Known ones are
told by what stands in them: a name can be anybody's. Source: the documentation of ``site``.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file

MAX_BYTES: Final = 2_000_000
MAX_ENTRIES: Final = 200_000
MODULES: Final = ("sitecustomize", "usercustomize")
_LOCALS = r"sys\._getframe\(1\)\.f_locals\['sitedir'\]"
_NAMES = r"\((?:'\w+',? ?)+\)"
_KNOWN: Final = tuple(
    re.compile(text)
    for text in (
        # setuptools, its own distutils
        r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\) == "
        r"'local'; enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;?",
        # setuptools, easy-install.pth
        r"import sys; sys\.__plen = len\(sys\.path\)",
        r"import sys; new ?= ?sys\.path\[sys\.__plen:\]; del sys\.path\[sys\.__plen:\]; p ?= ?getattr\(sys, ?"
        r"'__egginsert', ?0\); sys\.path\[p:p\] ?= ?new; sys\.__egginsert ?= ?p ?\+ ?len\(new\)",
        # setuptools, packages that share a namespace
        rf"import sys, types, os; ?(?:has_mfs|pep420) ?= ?sys\.version_info ?> ?\(3, ?[35]\); ?p ?= ?os\.path\.join"
        rf"\({_LOCALS}, ?\*{_NAMES}\); ?importlib ?= ?has_mfs and __import__\('importlib\.util'\); ?has_mfs and "
        rf"__import__\('importlib\.machinery'\); ?m ?= ?has_mfs and sys\.modules\.setdefault\('[\w.]+', ?importlib"
        rf"\.util\.module_from_spec\(importlib\.machinery\.PathFinder\.find_spec\('[\w.]+', ?"
        rf"\[os\.path\.dirname\(p\)\]\)\)\); ?m ?= ?m or (?:not has_mfs and )?sys\.modules\.setdefault\('[\w.]+', "
        rf"?types\.ModuleType\('[\w.]+'\)\); ?mp ?= ?\(m or \[\]\) and m\.__dict__\.setdefault\('__path__', ?\[\]\);"
        rf" ?\(p not in mp\) and mp\.append\(p\)(?:; ?m and setattr\(sys\.modules\['[\w.]+'\], ?'\w+', ?m\))?",
        # coverage, which runs only where a variable asks for it
        r"import coverage; ?coverage\.process_startup\(\)",
        r"""import sys; exec\('import os\\n\\nif os\.getenv\("COVERAGE_PROCESS_START"\)(?: or os\.getenv\("""
        r""""COVERAGE_PROCESS_CONFIG"\))?:\\n try:\\n  import coverage\\n except:\\n  pass\\n else:\\n  """
        r"""coverage\.process_startup\((?:slug="pth")?\)'\)""",
        # pytest-cov up to 6
        r"import os, sys;exec\('if \"COV_CORE_SOURCE\" in os\.environ:\\n    try:\\n        from "
        r"pytest_cov\.embed import init\\n        init\(\)\\n    except Exception as exc:\\n        "
        r"sys\.stderr\.write\(\\n            .*\\n        \)\\n'\)",
    )
)
_VETTED: Final = {
    "import _virtualenv": "_virtualenv.py",  # virtualenv and uv
    "import pywin32_bootstrap": "win32/lib/pywin32_bootstrap.py",
}
"""Lines that are as good as the module that they import."""
_QUIET: Final = frozenset(
    (
        "__future__ collections contextlib functools importlib os pywin32_system32 sys threading types typing"
    ).split()
)
"""What such a module imports."""
_LOUD: Final = frozenset("exec eval compile open __import__ system popen".split())
_HIDING: Final = re.compile(
    r"\b(?:base64|marshal|zlib|codecs|subprocess|socket|urllib|http|requests|ctypes|exec|eval|compile|Popen|system"
    r"|fromhex|b64decode)\b"
)


@dataclass(frozen=True, slots=True)
class Hook:
    """Code that every start of Python in an environment runs.

    Attributes:
        file: Where it stands.
        line: 1-based.
        code: The line, or the beginning of the file.
        hides: Whether it decodes, starts programs, or speaks to the network.
    """

    file: Path
    line: int
    code: str
    hides: bool


def hooks(library: Path, unread: list[tuple[Path, str]]) -> Iterator[Hook]:
    """What a library folder has of them, those of packaging tools left out.

    Args:
        library: A ``site-packages`` folder.
        unread: Gets the files that could not be read, and why.
    """
    for name in _names(library, unread):
        file = library / name
        if file.is_dir():
            file /= "__init__.py"
        text = _text(file, library, unread)
        if not name.endswith(".pth"):
            if text.strip():
                yield Hook(file, 1, _first(text), bool(_HIDING.search(text)))
            continue
        for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
            if line.startswith(("import ", "import\t")) and not _known(line.strip(), library):
                yield Hook(file, number, line.strip(), bool(_HIDING.search(line)))


def _names(library: Path, unread: list[tuple[Path, str]]) -> list[str]:
    try:
        with os.scandir(library) as listing:
            return sorted(
                entry.name
                for _, entry in zip(range(MAX_ENTRIES), listing, strict=False)
                if entry.name.endswith(".pth") or entry.name.removesuffix(".py") in MODULES
            )
    except OSError as error:
        unread.append((library, f"it cannot be read: {error.strerror}"))
        return []


def _text(file: Path, library: Path, unread: list[tuple[Path, str]]) -> str:
    try:
        return read_project_file(file, library, MAX_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except UnreadableFile as error:
        unread.append((file, error.message))
        return ""


def _known(line: str, library: Path) -> bool:
    if line in _VETTED:
        unread: list[tuple[Path, str]] = []
        return _is_quiet(_text(library / _VETTED[line], library, unread))
    return any(pattern.fullmatch(line) for pattern in _KNOWN)


def _is_quiet(source: str) -> bool:
    """Whether a module imports and calls only what changes how modules are found."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in _LOUD:
                return False
    return bool(source.strip()) and names <= _QUIET


def _first(text: str) -> str:
    """The first line that does something."""
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith(("#", '"""', "'''"))), "")
