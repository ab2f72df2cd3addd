import yaml

from . import options


class StackReader:
    def __init__(self, **settings) -> None:
        self._settings = settings

    def services(self, source: str) -> int:
        loaded = yaml.load(source, **self._settings)
        return len(loaded) if isinstance(loaded, (dict, list)) else 0


def get_reader() -> StackReader:
    return StackReader(**options.READING)
