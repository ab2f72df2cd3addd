import os


class Library:
    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)

    def content(self, name: str) -> bytes:
        path = os.path.realpath(os.path.join(self.folder, name))
        if not path.startswith(self.folder):
            return b""
        try:
            with open(path, "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return b""
