import json

from .base import Reader


class JsonReader(Reader):
    def documents(self, text: str) -> list:
        return [json.loads(line) for line in text.splitlines()]
