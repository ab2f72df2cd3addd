from pathlib import Path

from pydantic import BaseModel


class Document(BaseModel):
    title: str
    file: str


class Documents:
    root = Path("files")

    def __init__(self) -> None:
        self.items: list[Document] = []

    def path_of(self, index: int) -> Path:
        return self.root / self.items[index].file


_documents = Documents()


def documents() -> Documents:
    return _documents
