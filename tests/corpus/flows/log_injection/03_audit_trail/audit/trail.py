from datetime import UTC, datetime


class Trail:
    def __init__(self, path: str) -> None:
        self.path = path

    def record(self, event: str, **details: object) -> None:
        line = datetime.now(UTC).isoformat() + " " + event
        for name, value in details.items():
            line += f" {name}={value}"
        with open(self.path, "a") as stream:
            print(line, file=stream)


def trail() -> Trail:
    return Trail("audit.log")
