class BatchError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def connect(name: str) -> None:
    raise ConnectionError("postgresql://billing:s3cret-pw@db refused " + name)


def run_one(name: str) -> None:
    try:
        connect(name)
    except ConnectionError as problem:
        raise BatchError("the database is not available") from problem
