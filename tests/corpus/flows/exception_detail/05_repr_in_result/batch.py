from dataclasses import asdict, dataclass


@dataclass
class Outcome:
    name: str
    error: str | None = None


def connect(name: str) -> None:
    raise ConnectionError("postgresql://billing:s3cret-pw@db refused " + name)


def run_one(name: str) -> Outcome:
    outcome = Outcome(name)
    try:
        connect(name)
    except ConnectionError as problem:
        outcome.error = repr(problem)
    return outcome


def run_all(names: list[str]) -> list[dict]:
    return [asdict(run_one(name)) for name in names]
