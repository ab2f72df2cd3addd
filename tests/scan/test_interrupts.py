"""Whatever ends a scan, at whatever step: the next one finds nothing of it, and leaves nothing.

With BUCKLER_EVERYTHING=1 at every point that is listed, else at every twelfth one.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from buckler.scan.engines.app import leftovers
from buckler.scan.engines.attack.canaries import prefix_of
from tests.conftest import needs_server
from tests.scan.interrupted import Case, Place, settled
from tests.scan.interrupting import GO, Order

SOCKET = "buckler-*/postgresql*/.s.PGSQL.5432"
BOOTING = "buckler-*/postgresql*/data/global"
MIGRATING = "buckler-*/scratch/home/migrating"
SETTING_UP = "buckler-*/mysql*/data/*"
ASKED = "buckler-*/scratch/home/asked"

KILLED = tuple(
    (Order("scan", when, step, call, until),)
    for when, step, call, until in (
        ("after", "sweep", 1, ""),
        ("before", "folder marked", 1, ""),
        ("before", "folder marked", 2, ""),
        ("after", "folder marked", 1, ""),
        ("after", "scratch", 1, ""),
        ("after", "child's process", 1, ""),
        ("before", "box", 1, ""),
        ("in", "box", 1, "buckler-*/.box-*"),
        ("after", "box", 1, ""),
        ("after", "child", 2, ""),
        ("before", "servers", 1, ""),
        ("after", "place", 1, ""),
        ("before", "program", 1, ""),
        ("in", "program", 1, BOOTING),
        ("after", "program", 1, ""),
        ("in", "program", 2, ""),
        ("after", "program", 2, ""),
        ("before", "server's process", 1, ""),
        ("after", "server's process", 1, ""),
        ("before", "waiting", 1, ""),
        ("in", "waiting", 1, SOCKET),
        ("after", "server", 1, ""),
        ("before", "tables", 1, ""),
        ("in", "tables", 1, MIGRATING),
        ("after", "tables", 1, ""),
        ("after", "started", 2, ""),
        ("in", "explore", 1, ASKED),
        ("after", "explore", 1, ""),
        ("before", "restart", 1, ""),
        ("after", "restart", 1, ""),
        ("before", "keeping", 1, ""),
        ("after", "keeping", 2, ""),
        ("before", "restoring", 1, ""),
        ("in", "restoring", 1, ""),
        ("after", "restoring", 2, ""),
        ("after", "observe", 1, ""),
        ("after", "attack", 1, ""),
        ("before", "session ended", 1, ""),
        ("after", "session ended", 1, ""),
        ("before", "server stopped", 1, ""),
        ("after", "server stopped", 1, ""),
        ("after", "servers ended", 1, ""),
        ("before", "written", 1, ""),
    )
)
KILLED_WHILE_REMOVING = tuple(
    (Order("nothing", "before", within), Order("scan", "after", step, call))
    for within, step, call in (
        ("servers ended", "unlink", 1),
        ("servers ended", "unlink", 50),
        ("servers ended", "rmdir", 1),
        ("servers ended", "rmdir", 5),
        ("scratch removed", "unlink", 1),
        ("scratch removed", "unlink", 3),
        ("scratch removed", "rmdir", 1),
    )
)
ENDED_PARTS = tuple(
    (Order(what, when, step, call, until),)
    for what, when, step, call, until in (
        ("child", "after", "child", 1, ""),
        ("child", "after", "box", 2, ""),
        ("child", "in", "tables", 1, MIGRATING),
        ("child", "in", "explore", 1, ASKED),
        ("child", "before", "visit", 1, ""),
        ("child", "before", "keeping", 2, ""),
        ("child", "before", "restoring", 1, ""),
        ("child", "after", "restoring", 2, ""),
        ("child", "before", "attack", 1, ""),
        ("child", "before", "session ended", 1, ""),
        ("server", "after", "server's process", 1, ""),
        ("server", "in", "tables", 1, MIGRATING),
        ("server", "after", "tables", 1, ""),
        ("server", "in", "explore", 1, ASKED),
        ("server", "before", "restoring", 1, ""),
        ("server", "before", "restart", 1, ""),
        ("server", "before", "servers ended", 1, ""),
    )
)
STOPPED = tuple(
    (Order("ctrl-c", when, step, call, until),)
    for when, step, call, until in (
        ("before", "folder marked", 1, ""),
        ("after", "scratch", 1, ""),
        ("after", "child's process", 1, ""),
        ("after", "child", 1, ""),
        ("before", "box", 2, ""),
        ("after", "place", 1, ""),
        ("in", "program", 1, BOOTING),
        ("after", "server's process", 1, ""),
        ("in", "waiting", 1, SOCKET),
        ("in", "tables", 1, MIGRATING),
        ("in", "explore", 1, ASKED),
        ("before", "restart", 1, ""),
        ("before", "keeping", 1, ""),
        ("in", "restoring", 1, ""),
        ("after", "attack", 1, ""),
        ("before", "session ended", 1, ""),
        ("before", "servers ended", 1, ""),
        ("before", "written", 1, ""),
    )
)
STOPPED_TWICE = tuple(
    (Order("ctrl-c", "in", "explore", 1, ASKED), Order("ctrl-c", when, step))
    for when, step in (
        ("before", "child ended"),
        ("after", "session ended"),
        ("before", "server stopped"),
        ("before", "servers ended"),
    )
)
UNWALLED = ("--walls", "none", "--seed")
OTHERS = (
    Case((Order("scan", "after", "child"),), "hanging"),
    Case((Order("scan", "after", "box"),), "hanging"),
    Case((Order("ctrl-c", "after", "box"),), "hanging"),
    Case((Order("scan", "in", "frame", 1, ASKED),), "deep"),
    Case((Order("scan", "after", "started", 3),), "wide"),
    Case((Order("scan", "after", "restart"),), "wide"),
    Case((Order("ctrl-c", "before", "started", 2),), "wide"),
    Case((Order("ctrl-c", "after", "started", 3),), "wide"),
    Case((Order("ctrl-c", "before", "attack"),), "wide"),
    Case((Order("scan", "after", "child"),), "hanging", (*UNWALLED, "1001")),
    Case((Order("scan", "after", "box"),), "hanging", (*UNWALLED, "1002")),
    Case((Order("ctrl-c", "after", "box"),), "hanging", (*UNWALLED, "1003")),
    Case((Order("scan", "in", "explore", 1, ASKED),), "project", (*UNWALLED, "1004")),
    Case((Order("scan", "before", "session ended"),), "project", (*UNWALLED, "1005")),
    Case((Order("ctrl-c", "before", "attack"),), "project", (*UNWALLED, "1006")),
    Case((Order("nothing", "after", "child ended"),), "broken", (*UNWALLED, "1007")),
)
WITH_MARIA = tuple(
    Case((Order(what, when, step, 1, until),), "maria")
    for what, when, step, until in (
        ("scan", "in", "program", SETTING_UP),
        ("ctrl-c", "in", "program", SETTING_UP),
        ("scan", "after", "server's process", ""),
        ("ctrl-c", "before", "attack", ""),
    )
)
CASES = (
    *map(Case, (*KILLED, *KILLED_WHILE_REMOVING, *ENDED_PARTS, *STOPPED, *STOPPED_TWICE)),
    *OTHERS,
)


def problems(place: Place, case: Case) -> list[str]:
    """What was not as it should be after a scan, and after the next one."""
    with place.start(case) as process:
        said = process.communicate(timeout=120)[0]
    found = []
    what = case.orders[-1].what
    if place.hit() != [str(order) for order in case.orders]:
        found.append(f"it was not hit: {place.hit()}")
    expected = {"scan": (-signal.SIGKILL,), "ctrl-c": (130,)}.get(what, (0, 1, 4))
    if process.returncode not in expected:
        found.append(f"it ended with {process.returncode}")
    if "Traceback" in said or "internal error" in said or "Exception ignored" in said:
        found.append("it told of an internal error")
    if what == "ctrl-c" and "stopped" not in said:
        found.append("it did not say that it was stopped")
    if what != "scan" and (left := settled(place) + planted(case)):
        found.append(f"it left by itself: {left}")
    if found:
        found.append(said[-1500:])
    after = place.next_run()
    if after.returncode:
        found.append(f"the next run ended with {after.returncode}: {after.stdout[-1500:]}")
    if left := settled(place) + planted(case):
        found.append(f"after the next run there is: {left}")
    return found


def planted(case: Case) -> list[str]:
    """What a scan without walls left in the real folder for temporary files."""
    if "--seed" not in case.arguments:
        return []
    folder = leftovers.PLANTS / prefix_of(int(case.arguments[-1]))
    return [f"folder {folder}"] if folder.exists() else []


def hit(place: Path, cases: Sequence[Case]) -> int:
    """Run the cases, two at a time; how many were hit. Fails where one leaves something."""

    def tried(number: int) -> list[str]:
        return problems(Place(place / f"s{number}"), cases[number])

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(tried, range(len(cases))))
    points = list(map(str, cases))
    wrong = {point: found for point, found in zip(points, results, strict=True) if found}
    count = len(set(points) - set(wrong))
    print(f"\n{count} distinct points were hit, and nothing was left")
    assert not wrong, "\n".join(f"{point}: {' | '.join(found)}" for point, found in wrong.items())
    assert count == len(points)
    return count


def test_nothing_is_left_wherever_a_scan_is_interrupted(place) -> None:
    needs_server("postgresql")
    # Every twelfth: all of them take as long as the rest of the tests of servers.
    cases = CASES if os.environ.get("BUCKLER_EVERYTHING") else CASES[::12]
    assert hit(place, cases) == len(cases) >= 9


def test_nothing_is_left_of_a_server_that_a_script_sets_up(place) -> None:
    needs_server("mysql")
    assert hit(place, WITH_MARIA) == len(WITH_MARIA)


@pytest.mark.everything
def test_a_scan_leaves_another_one_alone_that_lives(place) -> None:
    needs_server("postgresql")
    orders = (
        Order("wait", "before", "folder marked", 1),
        Order("wait", "after", "folder marked", 1),
        Order("wait", "before", "folder marked", 1),
        Order("wait", "after", "program", 1),
        Order("wait", "before", "tables", 1),
        Order("wait", "before", "attack", 1),
        Order("wait", "before", "servers ended", 1),
    )
    mine = Place(place / "mine")
    with mine.start(Case(orders)) as process:
        for number in range(1, len(orders) + 1):
            end = time.monotonic() + 60
            while len(mine.hit()) < number and process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            assert mine.next_run().returncode == 0
            (mine.folder / GO).write_text(str(number), encoding="utf-8")
        said = process.communicate(timeout=120)[0]
    assert mine.hit() == [str(order) for order in orders]
    assert process.returncode == 0, said
    assert "2/2 operations reached" in said
    assert "PostgreSQL" in said
    assert settled(mine) == []
