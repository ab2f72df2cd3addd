from pathlib import Path


def read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as handle:
        return handle.read()


def fetch(base: Path, name: str) -> str:
    file = base.joinpath(name.strip())
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def index(base: Path) -> dict[str, Path]:
    return {entry.name: entry for entry in sorted(base.iterdir()) if entry.is_file()}


def size(file: Path | None) -> int:
    if file is None:
        return 0
    with file.open("rb") as handle:
        return len(handle.read())
