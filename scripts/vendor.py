"""Puts htmx and uPlot below src/buckler/watch/web/static/vendor, which no repository holds and the wheel carries.

npm checks each package against the integrity in the lock (SHA-512); this checks each file against the SHA-256 in
package.json, so that a lock that was changed alone changes nothing here. Standard library and npm.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).parent.parent / "src/buckler/watch/web"
VENDOR = WEB / "static/vendor"
SECONDS = 180


def main() -> int:
    """Put them there, unless they are there already; 1 where they cannot be had."""
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["vendor"]
    if all(_is(VENDOR / name, one["sha256"]) for name, one in wanted.items()):
        print(f"{len(wanted)} files are in place")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, made)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=made, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            return _without(f"npm: {error}")
        if done.returncode:
            return _without(f"npm ci ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        found = {name: made / "node_modules" / one["from"] for name, one in wanted.items()}
        wrong = [name for name, one in wanted.items() if not _is(found[name], one["sha256"])]
        if wrong:
            return _without(f"{', '.join(wrong)}: not what package.json says")
        VENDOR.mkdir(exist_ok=True)
        for name, path in found.items():
            shutil.copyfile(path, VENDOR / name)
    print(f"{len(wanted)} files were put in place")
    return 0


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _without(why: str) -> int:
    print(f"{why}\nThe pages work without these files; they are plainer.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
