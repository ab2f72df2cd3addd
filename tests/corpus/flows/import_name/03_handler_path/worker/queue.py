from collections import deque

from .resolve import callable_of


class Queue:
    def __init__(self) -> None:
        self._jobs = deque()

    def put(self, job) -> None:
        self._jobs.append((job.handler, tuple(job.arguments)))

    def run_next(self):
        handler, arguments = self._jobs.popleft()
        return callable_of(handler)(*arguments)
