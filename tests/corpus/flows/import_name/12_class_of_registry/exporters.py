from typing import ClassVar


class Exporter:
    kinds: ClassVar[dict[str, type["Exporter"]]] = {}

    def __init_subclass__(cls, *, name: str) -> None:
        cls.kinds[name] = cls

    def write(self) -> str:
        raise NotImplementedError


class CsvExporter(Exporter, name="csv"):
    def write(self) -> str:
        return "a,b"


class JsonExporter(Exporter, name="json"):
    def write(self) -> str:
        return "[]"
