from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    name: str
    data: bytes

    def headers(self) -> dict[str, str]:
        return {"Content-Disposition": f'attachment; filename="{self.name}.csv"'}


def make_report(name: str, year: int = 2024) -> Report:
    return Report(name.strip(), b"year\n%d\n" % year)
