"""Makes the interpreters with older FastAPI that the corpus is scanned with.

They are kept in ``.venvs``. Where the machine has no Python 3.9, the oldest one that it has
stands in; what could not be made is said, and the tests that need it skip with the reason.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENVS = ROOT / ".venvs"
LIBRARIES = (
    "aiosqlite",
    "alembic",
    "greenlet",
    "itsdangerous",
    "jinja2",
    "joserfc",
    "puremagic",
    "pwdlib[argon2,bcrypt]",
    "pydantic-settings",
    "pyjwt",
    "python-multipart",
    "pyyaml",
    "sqlalchemy",
    "sqlmodel",
)
OLDER = {"fastapi-0.115": "0.115.0", "fastapi-0.136": "0.136.0"}
OLDEST = ("fastapi-0.100", "0.100.0")
WANTED = ("3.9", "3.10", "3.11")
SUPPORTED = ("3.13", "3.12")


def find(version: str) -> str | None:
    """An interpreter of that minor version, on PATH or where pyenv keeps them."""
    on_path = shutil.which(f"python{version}")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
    for candidate in candidates:
        command = [str(candidate), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return str(candidate)
    return None


def make(name: str, python: str, packages: tuple[str, ...]) -> None:
    """A virtual environment with these packages, unless it is there."""
    folder = VENVS / name
    stamp = folder / ".stamp"
    text = f"{python} {' '.join(packages)} buckler.pth"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == text:
        return
    print(f"making {folder.relative_to(ROOT)} with {python}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [
        str(folder / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, *packages], check=True)
    for site in folder.glob("lib/python*/site-packages"):
        # The secure shop has a guard; it is used from here, as an editable installation would be.
        (site / "buckler.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
    stamp.write_text(text, encoding="utf-8")


def main() -> None:
    """Make them all, or print the newest supported interpreter other than this one."""
    if "--newest" in sys.argv:
        here = ".".join(map(str, sys.version_info[:2]))
        found = next((p for v in SUPPORTED if v > here and (p := find(v))), None)
        print(found or "")
        return
    for name, version in OLDER.items():
        make(name, sys.executable, (f"fastapi=={version}", *LIBRARIES, "httpx"))
    oldest = next((p for v in WANTED if (p := find(v))), None)
    if oldest is None:
        print("no interpreter for FastAPI 0.100: its test will skip")
        return
    make(OLDEST[0], oldest, (f"fastapi=={OLDEST[1]}", *LIBRARIES[:-1]))
    plain = [name for name in LIBRARIES[:-1] if name != "pydantic-settings"]
    make(f"{OLDEST[0]}-pydantic-1", oldest, (f"fastapi=={OLDEST[1]}", "pydantic<2", *plain))


if __name__ == "__main__":
    main()
