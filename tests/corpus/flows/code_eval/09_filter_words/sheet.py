from collections.abc import Iterator

FORBIDDEN = ("import", "exec", "open")


class Sheet:
    def __init__(self) -> None:
        self.cells: dict[int, str] = {}

    def put(self, position: int, formula: str) -> None:
        if any(word in formula for word in FORBIDDEN):
            raise ValueError(formula)
        self.cells[position] = formula

    def __iter__(self) -> Iterator[object]:
        for _, formula in sorted(self.cells.items()):
            yield eval(formula, {"round": round})
