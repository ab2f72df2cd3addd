"""Several boxes that are built at the same time, as one scan does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from world import World, world

TURNS = 6
AT_ONCE = 6


@pytest.fixture
def made(tmp_path: Path):
    with world(tmp_path) as made:
        yield made


def test_boxes_that_share_a_scratch_folder_do_not_take_each_other_down(made: World) -> None:
    """Removing a folder unmounts what another namespace has mounted on it."""
    order = made.order("kernel", "pass", sys.executable)
    for _ in range(TURNS):
        children = [made.start(order, sys.executable) for _ in range(AT_ONCE)]
        try:
            told = [json.loads(child.stdout.readline()) for child in children]
        finally:
            for child in children:
                child.kill()
                child.communicate()
        fallen = [one["why"] for one in told if not one["walls"]["mounts"]]
        assert not fallen
    assert not [path.name for path in made.scratch.iterdir() if path.name.startswith(".box")]
