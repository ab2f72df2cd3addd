from contextlib import ExitStack
from pathlib import Path

FOLDER = Path("uploads")
FOLDER.mkdir(exist_ok=True)


class Recording:
    def __init__(self) -> None:
        self._path = FOLDER / "unnamed.wav"
        self._stack = ExitStack()
        self.size = 0

    @property
    def name(self) -> str:
        return self._path.name

    @name.setter
    def name(self, value: str) -> None:
        self._path = FOLDER / (value + ".wav")

    def __enter__(self) -> "Recording":
        self._stream = self._stack.enter_context(open(self._path, "wb"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, chunk: bytes) -> None:
        self.size += self._stream.write(chunk)
