class Select:
    def __init__(self, table: str) -> None:
        self.table = table
        self.names: list[str] = []
        self.values: list[object] = []
        self.count = 100

    def where(self, *, make: str, doors: int) -> "Select":
        for name, value in (("make", make), ("doors", doors)):
            self.names.append(name)
            self.values.append(value)
        return self

    def limit(self, count: int) -> "Select":
        self.count = count
        return self

    def compiled(self) -> tuple[str, list[object]]:
        joined = " AND ".join(f"{name} = ?" for name in self.names)
        return f"SELECT id, make FROM {self.table} WHERE {joined} LIMIT {self.count}", self.values
