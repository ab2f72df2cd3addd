from pathlib import Path

FOLDER = Path("uploads")
FOLDER.mkdir(exist_ok=True)


class Recording:
    def __init__(self) -> None:
        self._name = "unnamed"

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = "".join(letter for letter in value if letter.isalnum()) or "unnamed"

    def save(self, data: bytes) -> None:
        path = FOLDER / f"{self._name}.wav"
        path.write_bytes(data)
