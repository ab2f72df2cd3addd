from itertools import product
from pathlib import Path

FOLDERS = ("files", "static")
ENDINGS = ("", ".txt")


def load(name: str) -> bytes | None:
    found = None
    for folder, ending in product(FOLDERS, ENDINGS):
        candidate = Path(folder) / (name + ending)
        if not candidate.is_file():
            continue
        found = candidate
        break
    return found.read_bytes() if found else None
