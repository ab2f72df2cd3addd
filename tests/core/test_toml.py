"""TOML of strangers: what holds the standard library's parser up is refused at once."""

from __future__ import annotations

import tomllib

import pytest

from buckler.core import toml
from buckler.core.errors import SettingsError
from buckler.core.settings import load


@pytest.mark.parametrize(
    "key", [".".join(["a"] * 100_000), " . ".join(['"a"'] * 50_000), ".".join(["'a'"] * 200)]
)
def test_a_key_of_many_parts_is_refused(key: str) -> None:
    # The parser itself takes minutes for the first of these, so that nobody would wait for it.
    with pytest.raises(tomllib.TOMLDecodeError):
        toml.loads(f"{key}.z = 1\n")


def test_settings_of_a_stranger_do_not_hold_up_a_scan(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[{'.'.join(['a'] * 100_000)}]\n")
    with pytest.raises(SettingsError, match="a hundred parts"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["a.b.c = 1", '[tool.buckler]\nx = "1.2.3.4"', "x = 1.5e3", ""])
def test_everything_else_is_read_as_ever(text: str) -> None:
    assert toml.loads(text) == tomllib.loads(text)
