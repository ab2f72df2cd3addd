from functools import reduce


class Select:
    def __init__(self, table: str) -> None:
        self.table = table
        self.conditions: tuple[str, ...] = ()
        self.count = 100

    def where(self, *conditions: str) -> "Select":
        self.conditions = (*self.conditions, *conditions)
        return self

    def limit(self, count: int) -> "Select":
        self.count = count
        return self

    def __str__(self) -> str:
        joined = reduce(lambda left, right: f"{left} AND {right}", self.conditions, "1 = 1")
        return f"SELECT id, make FROM {self.table} WHERE {joined} LIMIT {self.count}"
