"""``[tool.buckler]``: what is unknown or wrong is an error that says what to do."""

from __future__ import annotations

import pytest

from buckler.core.errors import SettingsError
from buckler.core.settings import Settings, load, parse, parse_identity_option


def test_no_file_gives_the_defaults(tmp_path) -> None:
    assert load(tmp_path) == Settings()


def test_everything_is_read(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.buckler]
        app = "app.main:app"
        min-coverage = 1
        public = ["GET /products"]
        [tool.buckler.identities.alice]
        role = "admin"
        header = "X-API-Key: a:b"
        cookie = "session=x=y"
        login = { request = "POST /token", form = { username = "alice", password = "pw" } }
        """
    )
    settings = load(tmp_path)
    assert (settings.app, settings.min_coverage, settings.public) == (
        "app.main:app",
        1.0,
        ("GET /products",),
    )
    (alice,) = settings.identities
    assert alice.headers == {"X-API-Key": "a:b"}
    assert alice.cookies == {"session": "x=y"}
    assert alice.login is not None
    assert alice.login.token == "access_token"


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ({"ap": "x"}, "app"),
        ({"identities": {"a": {"heder": "X: y"}}}, "header"),
        ({"identities": {"a": {"login": {"request": "POST /", "jsn": {}}}}}, "json"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest(table, hint) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(table)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "table",
    [
        {"public": "GET /"},
        {"seed": True},
        {"app": 1},
        {"identities": []},
        {"identities": {"a": {"header": "x"}}},
    ],
)
def test_a_wrong_type_is_an_error(table) -> None:
    with pytest.raises(SettingsError):
        parse(table)


def test_a_file_that_is_no_toml_is_an_error(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.buckler\n\xff")
    with pytest.raises(SettingsError):
        load(tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        {"header": "Cookie: a=1\nb=2"},
        {"header": "Authorization: Bearer \u2026"},
        {"cookie": "a=\x00"},
    ],
)
def test_what_no_header_can_hold_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="no header can hold"):
        parse({"identities": {"alice": given}})


def test_an_identity_on_the_command_line() -> None:
    made = parse_identity_option("alice=Authorization: Bearer x")
    assert (made.name, made.headers) == ("alice", {"Authorization": "Bearer x"})
    with pytest.raises(SettingsError):
        parse_identity_option("alice")
