from typing import Protocol


class Source(Protocol):
    def read(self, name: str) -> str: ...


class FileReader:
    def __init__(self, folder: str) -> None:
        self.folder = folder

    def locate(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def read(self, name: str) -> str:
        with open(self.locate(name), encoding="utf-8") as stream:
            return stream.read()
