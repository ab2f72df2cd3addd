from pathlib import Path

FOLDER = Path("files").resolve()


class Notes:
    def __init__(self) -> None:
        self._cache: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        if name in self._cache:
            return self._cache[name]
        path = FOLDER / name
        if not path.is_file():
            return None
        self._cache[name] = path.read_text()
        if FOLDER not in path.resolve().parents:
            return None
        return self._cache[name]
