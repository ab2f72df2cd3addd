import warnings

from ruamel.yaml import YAML

warnings.simplefilter("ignore")


class PlaybookParser:
    def __init__(self) -> None:
        self._yaml = YAML(typ="unsafe")

    def count(self, text: str) -> int:
        plays = self._yaml.load(text)
        return len(plays) if isinstance(plays, list) else 1
