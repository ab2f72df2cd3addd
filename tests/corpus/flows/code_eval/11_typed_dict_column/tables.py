from collections.abc import Iterable, Iterator
from typing_extensions import TypedDict


class Column(TypedDict):
    name: str
    formula: str


def computed(columns: list[Column], rows: Iterable[float]) -> Iterator[dict]:
    formulas = {column["name"]: compile(column["formula"], "<cell>", "eval") for column in columns}
    for value in rows:
        yield {name: eval(code, {"value": value}) for name, code in formulas.items()}
