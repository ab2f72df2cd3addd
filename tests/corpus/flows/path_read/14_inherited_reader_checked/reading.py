import os


class FileReader:
    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)

    def locate(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def read(self, name: str) -> str:
        with open(self.locate(name), encoding="utf-8") as stream:
            return stream.read()


class SafeReader(FileReader):
    def locate(self, name: str) -> str:
        located = os.path.realpath(super().locate(name))
        if os.path.commonpath([located, self.folder]) != self.folder:
            raise FileNotFoundError(name)
        return located
