from pathlib import Path

from pydantic import BaseModel, field_validator


class Document(BaseModel):
    title: str
    file: str

    @field_validator("file")
    @classmethod
    def in_the_folder(cls, value: str) -> str:
        if value not in {path.name for path in Path("files").iterdir()}:
            raise ValueError("no such file")
        return value


class Documents:
    root = Path("files")

    def __init__(self) -> None:
        self.items: list[Document] = [Document(title="guide", file="guide.txt")]

    def path_of(self, index: int) -> Path:
        return self.root / self.items[index].file


_documents = Documents()


def documents() -> Documents:
    return _documents
