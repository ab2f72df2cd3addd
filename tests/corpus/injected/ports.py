from typing import Protocol


class Store(Protocol):
    def read(self, name: str) -> str: ...


class Converter(Protocol):
    async def convert(self, text: str, style: str) -> str: ...


class Fetcher(Protocol):
    def fetch(self, address: str) -> int: ...


class Renderer(Protocol):
    def render(self, layout: str, **values: str) -> str: ...
