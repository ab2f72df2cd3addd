from xml.sax.handler import ContentHandler


class NameHandler(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self._inside = False

    def startElement(self, name, attrs) -> None:
        self._inside = name == "name"
        if self._inside:
            self.names.append("")

    def characters(self, content: str) -> None:
        if self._inside:
            self.names[-1] += content
