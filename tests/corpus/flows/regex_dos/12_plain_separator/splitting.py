class Splitter:
    def __init__(self, sep: str = ",", limit: int = 10) -> None:
        self.sep = sep or ","
        self.limit = limit

    def parts(self, text: str) -> int:
        return len(text.split(self.sep, self.limit))
