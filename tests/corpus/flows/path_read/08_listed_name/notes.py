from pathlib import Path


def find(name: str) -> Path | None:
    for path in Path("files").iterdir():
        if path.name == name:
            return path
    return None
