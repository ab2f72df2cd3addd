import heapq
from collections.abc import Callable
from itertools import count


class Scheduler:
    def __init__(self) -> None:
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def add(self, minutes: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (minutes, next(self._numbers), action))

    def run_due(self, minutes: int) -> int:
        ran = 0
        while self._queue and self._queue[0][0] <= minutes:
            _, _, action = heapq.heappop(self._queue)
            action()
            ran += 1
        return ran
