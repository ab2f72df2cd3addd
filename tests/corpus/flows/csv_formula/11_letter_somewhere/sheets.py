import csv
import io


class Sheet:
    def __init__(self, *head: str) -> None:
        self._out = io.StringIO()
        self._writer = csv.writer(self._out)
        self._writer.writerow(head)

    def __iadd__(self, *cells: str) -> "Sheet":
        self._writer.writerow(cells)
        return self

    def __str__(self) -> str:
        return self._out.getvalue()
