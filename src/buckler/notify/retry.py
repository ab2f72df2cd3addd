"""How often and after which time something is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from buckler.notify.interface import NotifyError


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential back-off with jitter, bounded.

    Attributes:
        attempts: Tries in all.
        first: Seconds before the second try, at most.
        factor: What each further wait is longer by.
        longest: Seconds that no wait exceeds, also where the other side asks for more.

    Raises:
        NotifyError: A bound is not above zero.
    """

    attempts: int = 8
    first: float = 1.0
    factor: float = 3.0
    longest: float = 300.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first <= 0 or self.factor < 1 or self.longest <= 0:
            raise NotifyError(
                "the bounds of Retry must be above zero, the factor 1 or more",
                hint="Retry(attempts=8, first=1, factor=3, longest=300)",
            )

    def delay(self, failures: int, asked: float = 0) -> float:
        """Seconds to wait after so many failures in a row.

        Half of it is chance, so that many processes do not come back together.

        Args:
            failures: 1 after the first.
            asked: What the other side asked for; kept to, up to ``longest``.
        """
        # The power is bounded before it is taken: a float overflows after some hundred failures.
        full = min(self.longest, self.first * self.factor ** min(failures - 1, 64))
        return min(self.longest, max(asked, full * random.uniform(0.5, 1)))
