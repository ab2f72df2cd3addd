from dataclasses import dataclass


@dataclass
class Page:
    limit: int = 20
    offset: int = 0

    def clause(self) -> str:
        return f" LIMIT {self.limit} OFFSET {self.offset}"
