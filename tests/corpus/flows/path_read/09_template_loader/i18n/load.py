from functools import lru_cache
from os import path

FOLDER = path.join("files", "labels")


@lru_cache(maxsize=32)
def _read(language: str) -> str:
    try:
        with open(path.join(FOLDER, language)) as stream:
            return stream.read()
    except OSError:
        return ""


class Translations:
    def __init__(self, language: str) -> None:
        self.language = language

    @property
    def lines(self) -> list[str]:
        return _read(self.language).splitlines()
