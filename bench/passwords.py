"""What passwords cost: the filter of common ones, one hash, two hundred sign-ins at once.

The loop's stalls are CPU time of its own thread, so that the threads that calculate do not count as stalls.
"""

from __future__ import annotations

import asyncio
import resource
import secrets
import sys
import time
from pathlib import Path

from _table import CALIBRATED_MS, Figure, calibrate, figure, report

sys.path.insert(0, str(Path(__file__).parent.parent))

from buckler.guard import Passwords, TooBusyError
from buckler.guard.auth.password.argon2id import Argon2Parameters
from buckler.guard.auth.password.common import FILE, is_common, shipped
from tests.guard.watcher import watched

MB = 1_000_000
MIB = 1024 * 1024
TRIED = 2_000_000
AT_ONCE = 200
STALL_MS = 30


def lookups(scale: float) -> list[Figure]:
    """The filter: of words that are in it and words that are not, half and half."""
    knows = shipped().knows
    known = ["password", "iloveyou", "qwertyuiop", "trustno1"] * 12_500
    words = known + [secrets.token_urlsafe(12) for _ in known]
    best = min(timed(lambda: [knows(word) for word in words]) for _ in range(7)) / len(words)
    whole = min(timed(lambda: [is_common(word) for word in words]) for _ in range(3)) / len(words)
    told = sum(knows(secrets.token_hex(8)) for _ in range(TRIED))
    return [
        figure("one word looked up", best * 1e6, "us", 1, scale=scale),
        figure("one password judged, decorations and all", whole * 1e6, "us", 10, scale=scale),
        figure(f"of {TRIED:,} words by chance, told", told / TRIED * 1e6, "in 10**6", 10),
        figure("the filter", FILE.stat().st_size / MB, "MB", 3),
    ]


def timed(work: object) -> float:
    begun = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - begun


async def crowd(passwords: Passwords) -> tuple[float, float, int, float]:
    """Longest stall in ms, most memory so far in MiB, how many were told to come later, seconds."""
    stored = await passwords.hash("seven blue umbrellas")

    async def enter(number: int) -> bool:
        try:
            # Half of them are accounts that do not exist, which takes the same.
            await passwords.verify("seven blue umbrellas", stored if number % 2 else None)
        except TooBusyError:
            return False
        return True

    begun = time.perf_counter()
    async with watched() as stalls:
        done = await asyncio.gather(*(enter(number) for number in range(AT_ONCE)))
    return stalls.longest, resident(), done.count(False), time.perf_counter() - begun


def resident() -> float:
    """The most memory that the process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    took = calibrate()
    scale = max(took / CALIBRATED_MS, 1.0)
    figures = lookups(scale)
    before = resident()
    first = Passwords()
    begun = time.perf_counter()
    found = asyncio.run(first.start())
    tuning = (time.perf_counter() - begun) * 1000
    alone = time.process_time()
    asyncio.run(first.hash("seven blue umbrellas"))
    alone = (time.process_time() - alone) * 1000
    print(
        f"tuned: {found.kib // 1024} MiB, {found.passes} passes, {found.lanes} lane",
        file=sys.stderr,
    )
    every = Passwords(queue=AT_ONCE, parameters=Argon2Parameters())
    stall, memory, late, seconds = asyncio.run(crowd(every))
    print(f"{AT_ONCE} sign-ins at once took {seconds:.1f} s, {late} were refused", file=sys.stderr)
    short = Passwords(parameters=Argon2Parameters())
    stall_short, _, late, seconds = asyncio.run(crowd(short))
    print(f"with a queue of 64: {seconds:.1f} s, {late} were refused", file=sys.stderr)
    figures += [
        figure("parameters found in", tuning, "ms", 1000, scale=scale),
        figure("one hash with them, target 250", alone, "ms", 375, scale=scale),
        figure(f"{AT_ONCE} sign-ins at once, longest stall of the loop", stall, "ms", STALL_MS),
        figure(f"{AT_ONCE} sign-ins, 64 may wait, longest stall", stall_short, "ms", STALL_MS),
        figure(f"{AT_ONCE} sign-ins, memory", memory - before, "MiB", every.memory / MIB),
    ]
    report(figures, took)


if __name__ == "__main__":
    main()
