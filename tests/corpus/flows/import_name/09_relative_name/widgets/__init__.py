import importlib
from functools import cached_property


class WidgetLoader:
    def __init__(self, package: str) -> None:
        self.package = package

    @cached_property
    def cache(self) -> dict:
        return {}

    def render(self, name: str) -> str:
        if name not in self.cache:
            self.cache[name] = importlib.import_module(name, self.package)
        return self.cache[name].render()
