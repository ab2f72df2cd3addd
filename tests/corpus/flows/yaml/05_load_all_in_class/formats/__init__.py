from .json_reader import JsonReader
from .yaml_reader import YamlReader

READERS = {"yaml": YamlReader(), "json": JsonReader()}


def reader_for(name: str):
    return READERS[name]
