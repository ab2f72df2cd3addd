from pathlib import Path


class OutsideError(Exception):
    pass


class DraftStore:
    folder = Path("uploads").resolve()

    def __init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.count = 0

    def _target(self, name: str) -> Path:
        target = (self.folder / name).resolve()
        if self.folder not in target.parents:
            raise OutsideError(name)
        return target

    def save(self, name: str, body: str) -> None:
        with open(self._target(name), "w") as stream:
            stream.write(body)
        self.count += 1
