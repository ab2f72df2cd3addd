import traceback


class JobFailed(Exception):
    def __init__(self, log: str) -> None:
        super().__init__("job failed")
        self.log = log


class Job:
    def __init__(self, name: str) -> None:
        self.name = name

    def steps(self) -> list[int]:
        return [1, 0]

    def run(self) -> float:
        try:
            first, second = self.steps()
            return first / second
        except ZeroDivisionError:
            raise JobFailed(traceback.format_exc()) from None
