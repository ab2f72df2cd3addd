import yaml as y

from .base import Reader


class YamlReader(Reader):
    def documents(self, text: str) -> list:
        return list(y.unsafe_load_all(text))
