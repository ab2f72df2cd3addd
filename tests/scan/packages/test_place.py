"""Where the index of advisories is, as people are told: a report that is handed on names nobody's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.core.errors import AdvisoryError
from buckler.scan.engines.packages.advisories.index import Index
from buckler.scan.engines.packages.advisories.place import default_path


def test_an_index_below_the_home_is_named_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("BUCKLER_ADVISORIES", raising=False)
    with pytest.raises(AdvisoryError) as caught:
        Index(default_path())
    told = "there are no advisories at ~/.cache/buckler/advisories.sqlite"
    assert caught.value.message == told


def test_an_index_elsewhere_is_named_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    for path in (tmp_path / "annex/index.sqlite", Path("index.sqlite")):
        with pytest.raises(AdvisoryError) as caught:
            Index(path)
        assert caught.value.message == f"there are no advisories at {path}"
