from .base import FileReader


class MarkdownReader(FileReader):
    def locate(self, name: str) -> str:
        located = super().locate(name)
        return located.replace("\\", "/")

    def read(self, name: str) -> str:
        return "<p>" + super().read(name) + "</p>"
