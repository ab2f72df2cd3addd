"""Finds the application as ``fastapi dev`` would, and the interpreter that it lives in.

Order: what the user names; ``[tool.buckler] app``; ``[tool.fastapi] entrypoint``; the files
that ``fastapi dev`` tries. Beyond that, every file of the folder is searched for a module
level ``FastAPI(...)`` or a factory that returns one, so a repository of several services is
scanned whole.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from buckler.core import toml
from buckler.core.errors import TargetError, UnreadableFile, UsageError
from buckler.core.files import read_project_file
from buckler.core.settings import MAX_BYTES, Settings
from buckler.scan.made import CLASSES, Reader
from buckler.scan.model.application import Place
from buckler.scan.python import parsing
from buckler.scan.target import Application, Target

DEFAULT_FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
ENVIRONMENTS = (".venv", "venv", "env")
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".tox", ".nox", ".venv", "venv", "env", "node_modules", "__pycache__"}
    | {"site-packages", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".buckler", "build", "dist"}
)
TEST_FOLDERS = frozenset({"tests", "test", "testing", "docs", "examples"})
MAX_SEARCHED = 5000


def discover(target: str, settings: Settings, *, read_settings: bool = True) -> Target:
    """Find what ``buckler scan TARGET`` means.

    Args:
        target: A folder, a file, or ``module:attribute`` below the current folder.
        settings: ``app`` and ``python`` of it are used.
        read_settings: Unused names of applications in ``settings`` are ignored if False.

    Raises:
        TargetError: The folder or file does not exist, or a named module is not there.
    """
    folder, named = _folder_and_name(target)
    wanted = named or (settings.app if read_settings else None)
    applications = _applications(folder, wanted)
    others: tuple[Application, ...] = ()
    if not wanted and len(applications) == 1:
        others = _beside(applications[0], folder)
    why = "" if applications else _why_none(folder)
    python, environment = interpreter(folder, settings.python)
    return Target(folder, applications, python, environment, why, others)


def folder_of(target: str) -> Path:
    """The folder whose settings hold for a target.

    Raises:
        TargetError: It does not exist.
    """
    return _folder_and_name(target)[0]


def _folder_and_name(target: str) -> tuple[Path, str | None]:
    path = Path(target)
    if path.is_dir():
        return path.resolve(), None
    if path.is_file():
        if path.suffix != ".py":
            raise TargetError(
                f"{target} is not a Python file", hint="give a folder, a .py file or module:app"
            )
        root = _project_of(path.resolve())
        return root, str(path.resolve())
    if ":" in target or ("." in target and "/" not in target):
        return Path.cwd(), target
    raise TargetError(f"{target} does not exist", hint="give a folder, a .py file or module:app")


def _project_of(file: Path) -> Path:
    top = _import_root(file)
    for folder in (file.parent, *file.parents):
        if (folder / "pyproject.toml").exists() or (folder / ".git").exists():
            return folder
    return top


def _import_root(file: Path) -> Path:
    """The folder to put on the import path so that the file has its dotted name."""
    folder = file.parent
    while (folder / "__init__.py").exists() and folder.parent != folder:
        folder = folder.parent
    return folder


def _applications(folder: Path, wanted: str | None) -> tuple[Application, ...]:
    if wanted:
        return (_named(folder, wanted),)
    entrypoint = _fastapi_entrypoint(folder)
    if entrypoint:
        return (_named(folder, entrypoint),)
    for name in DEFAULT_FILES:
        file = folder / name
        if file.is_file():
            made = _served(file, folder)
            if made:
                return (_plain(made[0]),)
    return _search(folder) or _made_elsewhere(folder)


def _beside(chosen: Application, folder: Path) -> tuple[Application, ...]:
    """What else the file of an application serves: another process runs it, and nobody has looked at it."""
    if chosen.main is None:
        return ()
    file = folder / chosen.main.path
    reader = Reader(tuple(dict.fromkeys((_import_root(file), folder, folder / "src"))))
    served = _served(file, folder, reader, imported=False)
    made = [one for one in served if not one.attribute.endswith("()")]
    if all(one.attribute != chosen.attribute for one in made):
        return ()  # a factory: the others may be what it has made
    same = reader.around(file) | {chosen.attribute}
    return tuple(one for one in made if one.attribute not in same)


def _why_none(folder: Path) -> str:
    """Why there is no application; an asynchronous factory is the one that can be named."""
    reader = Reader((folder, folder / "src"))
    for count, file in enumerate(python_files(folder)):
        if count > MAX_SEARCHED:
            break
        if _mentions(file, folder):
            for name in reader.asynchronous(file):
                where = file.relative_to(folder).as_posix()
                return (
                    f"{name} in {where} has to be awaited, which is not done here; "
                    "give a function that returns the application, or the application itself"
                )
    return "no FastAPI application was found"


def _named(folder: Path, name: str) -> Application:
    if name.endswith(".py"):
        file = Path(name) if Path(name).is_absolute() else folder / name
        made = next(iter(_served(file, folder)), None)
        return _plain(made) if made else _application(file, "", folder, None)
    module, _, attribute = name.partition(":")
    roots = [folder, folder / "src"]
    relative = Path(*module.split("."))
    for root in roots:
        for file in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
            if file.is_file():
                place = _place_of(file, folder, attribute)
                others = tuple(r for r in roots if r != root and r.is_dir())
                return Application(module, attribute, (root, *others), place)
    raise TargetError(
        f"there is no module {module!r} in {folder}",
        hint="the name is dotted from the folder that is scanned, e.g. app.main:app",
    )


def _plain(found: Application) -> Application:
    """A factory without the brackets that tell it from an application."""
    return replace(found, attribute=found.attribute.removesuffix("()"))


def _application(file: Path, attribute: str, folder: Path, place: Place | None) -> Application:
    root = _import_root(file)
    parts = file.relative_to(root).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    extra = tuple(path for path in (folder, folder / "src") if path != root and path.is_dir())
    return Application(module, attribute, (root, *extra), place)


def _fastapi_entrypoint(folder: Path) -> str | None:
    try:
        data = read_project_file(folder / "pyproject.toml", folder, MAX_BYTES)
        document = toml.loads(data.decode("utf-8"))
    except (OSError, UnreadableFile, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # the settings, which are read first, say so
    tool = document.get("tool", {})
    fastapi = tool.get("fastapi", {}) if isinstance(tool, dict) else {}
    entry = fastapi.get("entrypoint") if isinstance(fastapi, dict) else None
    return entry if isinstance(entry, str) else None


def python_files(folder: Path) -> Iterator[Path]:
    """Every Python file below a folder but for environments and caches, in order."""
    for root, names, files in os.walk(folder, followlinks=False):
        here = Path(root)
        names[:] = sorted(
            n for n in names if n not in SKIPPED_FOLDERS and not (here / n / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(files) if name.endswith(".py"))


def _search(folder: Path) -> tuple[Application, ...]:
    found: list[Application] = []
    factories: list[Application] = []
    reader = Reader((folder, folder / "src"))
    for count, file in enumerate(python_files(folder)):
        if count > MAX_SEARCHED:
            break
        inside = file.relative_to(folder).parts
        if TEST_FOLDERS.intersection(inside[:-1]) or inside[-1].startswith(("test_", "conftest")):
            continue
        if not _mentions(file, folder):
            continue
        for made in _served(file, folder, reader, imported=False):
            (factories if made.attribute.endswith("()") else found).append(made)
    chosen = found or [replace(f, attribute=f.attribute[:-2]) for f in factories[:1]]
    return tuple(_outermost(chosen, folder))


def _made_elsewhere(folder: Path) -> tuple[Application, ...]:
    """``app = create_app(…)`` in a file that ``fastapi dev`` tries, where a package that is installed has the factory."""
    reader = Reader((folder, folder / "src"))
    for name in DEFAULT_FILES:
        file = folder / name
        for attribute, line in reader.made_elsewhere(file) if file.is_file() else ():
            return (_application(file, attribute, folder, Place(name, line)),)
    return ()


def _outermost(found: list[Application], folder: Path) -> list[Application]:
    """Leave out applications that another one imports: they are mounted in it."""
    if len(found) < 2:
        return found
    modules = {item.module for item in found}
    imported: set[str] = set()
    for item in found:
        if item.main is None:
            continue
        tree = parsing.parse(folder / item.main.path, folder)
        for node in ast.walk(tree) if tree else ():
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            imported.update(
                m for m in modules - {item.module} for n in names if m == n or m.endswith("." + n)
            )
    return [item for item in found if item.module not in imported] or found


def _made_in(
    file: Path, folder: Path, reader: Reader | None = None, *, imported: bool = True
) -> Iterator[Application]:
    """Applications made in a file: module-level names first, then factories (``name()``)."""
    relative = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
    reader = reader or Reader(tuple(dict.fromkeys((_import_root(file), folder, folder / "src"))))
    for name, line in reader.applications(file, imported=imported):
        yield _application(file, name, folder, Place(relative, line))


def _served(
    file: Path, folder: Path, reader: Reader | None = None, *, imported: bool = True
) -> list[Application]:
    """Applications of a file that are no part of another one there, in the order of ``fastapi dev``.

    That is ``app``, then ``api``, then as they are made; factories come last.
    """
    reader = reader or Reader(tuple(dict.fromkeys((_import_root(file), folder, folder / "src"))))
    made = list(_made_in(file, folder, reader, imported=imported))
    within = reader.within(file)
    outer = [one for one in made if one.attribute not in within] or made
    first = {"app": 0, "api": 1}
    return sorted(
        outer, key=lambda one: 3 if one.attribute.endswith("()") else first.get(one.attribute, 2)
    )


def _mentions(file: Path, folder: Path) -> bool:
    """Whether a file names one of the classes, so that a search need not parse all files."""
    try:
        text = read_project_file(file, folder, parsing.MAX_BYTES)
    except (OSError, UnreadableFile):
        return False
    return any(name.encode() in text for name in CLASSES)


def _place_of(file: Path, folder: Path, attribute: str) -> Place | None:
    made = list(_made_in(file, folder))
    exact = next((m.main for m in made if m.attribute.removesuffix("()") == attribute), None)
    return exact or (made[0].main if made else None)


def interpreter(folder: Path, asked: str | None) -> tuple[Path, str]:
    """The interpreter of the application and, for people, where it comes from.

    The project's own virtual environment where it has one (in the folder or above it up to
    the repository's root), then ``$VIRTUAL_ENV``, then the one that runs Buckler.

    Raises:
        UsageError: ``asked`` is no Python, or FastAPI is not installed in any of them.
    """
    if asked:
        path = Path(asked).expanduser()
        path = path if path.is_absolute() else Path.cwd() / path
        if path.is_dir():
            path = _python_in(path) or path
        if not path.is_file():
            raise UsageError(f"--python {asked}: there is no such interpreter")
        return path, asked
    for base in (folder, *folder.parents):
        for name in ENVIRONMENTS:
            python = _python_in(base / name)
            if python and _has_fastapi(python):
                return python, os.path.relpath(base / name, folder)
        if (base / ".git").exists():
            break
    active = os.environ.get("VIRTUAL_ENV")
    python = _python_in(Path(active)) if active else None
    if python and _has_fastapi(python):
        return python, str(active)
    return Path(sys.executable), "the interpreter that runs Buckler"


def _python_in(environment: Path) -> Path | None:
    for relative in ("bin/python", "Scripts/python.exe"):
        if (environment / relative).exists():
            return environment / relative
    return None


def _has_fastapi(python: Path) -> bool:
    """Looks at the file system: starting an interpreter for this costs more than the scan of a file."""
    root = python.parent.parent
    return (
        any(root.glob("lib/python3*/site-packages/fastapi/__init__.py"))
        or (root / "Lib/site-packages/fastapi/__init__.py").exists()
    )


def python_version(python: Path) -> tuple[int, int]:
    """Major and minor version of an interpreter.

    Raises:
        UsageError: It does not run.
    """
    if python == Path(sys.executable):
        return sys.version_info[:2]
    command = [str(python), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        output = subprocess.run(command, capture_output=True, timeout=20, check=True).stdout
        major, minor = output.split()
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise UsageError(
            f"{python} does not run: {error}", hint="name another with --python"
        ) from error
