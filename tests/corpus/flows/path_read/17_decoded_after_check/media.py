from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(slots=True)
class Media:
    name: str

    @classmethod
    def find(cls, name: str) -> Media | None:
        if ".." in name or name.startswith("/"):
            return None
        item = cls(unquote(name))
        return item if os.path.isfile(item.path) else None

    @property
    def path(self) -> str:
        return os.sep.join(("files", self.name))

    def text(self) -> str:
        with open(self.path) as stream:
            return stream.read()
