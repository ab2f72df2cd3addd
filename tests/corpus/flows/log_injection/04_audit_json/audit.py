import json
from datetime import UTC, datetime


class Trail:
    def __init__(self, path: str) -> None:
        self.path = path

    def record(self, event: str, **details: object) -> None:
        entry = {"at": datetime.now(UTC).isoformat(), "event": event, **details}
        with open(self.path, "a") as stream:
            stream.write(json.dumps(entry) + "\n")


def trail() -> Trail:
    return Trail("audit.log")
