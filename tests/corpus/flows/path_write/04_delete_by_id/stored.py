import os


class Stored:
    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self._names: dict[int, str] = {}

    def add(self, name: str) -> int:
        number = len(self._names) + 1
        self._names[number] = name
        with open(os.path.join(self.folder, name), "w"):
            pass
        return number

    def path(self, number: int) -> str | None:
        name = self._names.get(number)
        return os.path.join(self.folder, name) if name else None
