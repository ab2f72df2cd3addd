import re


class Splitter:
    def __init__(self, sep: str = ",", limit: int = 10) -> None:
        self.sep = sep
        self.limit = limit

    def parts(self, text: str) -> int:
        return len(re.split(self.sep, text, maxsplit=self.limit))
