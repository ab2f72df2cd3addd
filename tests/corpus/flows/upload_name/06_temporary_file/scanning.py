from pathlib import Path


def count_bytes(path: str) -> int:
    return len(Path(path).read_bytes())
