"""Slips of the finger are told apart from packages of their own right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.rules.packages._tables.slips import meant
from buckler.scan.rules.packages._tables.well_known import CONFUSED, GENUINE, WELL_KNOWN

RECORD = """{
  "id": "MAL-2026-1", "modified": "2026-01-02T00:00:00Z", "summary": "Sends the environment away",
  "affected": [{"package": {"ecosystem": "PyPI", "name": "reqeusts"}, "versions": ["2.32.5"]}]
}"""
LONG = sorted(name for name in WELL_KNOWN if len(name) >= 8 and name.isalpha())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("djnago", "django"),
        ("fastpai", "fastapi"),
        ("requets", "requests"),
        ("urlib3", "urllib3"),
        ("pyyyaml", "pyyaml"),
        ("crytography", "cryptography"),
        ("python-dateuti", "python-dateutil"),
        ("pythondotenv", "python-dotenv"),
        ("uvicrn", "uvicorn"),
        ("pydamtic", "pydantic"),
        ("jinja", "jinja2"),
        ("yaml", "pyyaml"),
    ],
)
def test_slips(name: str, known: str) -> None:
    assert meant(name)[0] == known


@pytest.mark.parametrize(
    "name",
    [
        *(
            "httpx2",
            "boto",
            "moto",
            "cattrs",
            "ijson",
            "hjson",
            "gjson",
            "nose2",
            "pypdf2",
            "psycopg-c",
        ),
        *(
            "aiofile",
            "markdown2",
            "scapy",
            "torchx",
            "vyper",
            "grequests",
            "elasticsearch8",
            "tomli",
        ),
        *("fastapi-cache", "redisvl", "pyjwe", "pyrsi", "starlite", "shop", "dockerx", "rq", "arq"),
    ],
)
def test_packages_of_their_own_right(name: str) -> None:
    assert meant(name) == ("", "")


def test_what_is_well_known_is_never_a_slip() -> None:
    assert [name for name in sorted(WELL_KNOWN | GENUINE) if meant(name)[0]] == []
    assert WELL_KNOWN.isdisjoint(GENUINE) and WELL_KNOWN.isdisjoint(CONFUSED)


@given(st.sampled_from(LONG), st.data())
def test_letters_that_change_places_are_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 2))
    swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if swapped != name:
        # A letter too many may be as near: "pycryptodomxe" is one slip from two names.
        shorter = {swapped[:one] + swapped[one + 1 :] for one in range(len(swapped))}
        assert meant(swapped)[0] in {name, *shorter & WELL_KNOWN}


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", max_size=300))
def test_any_name_is_answered(name: str) -> None:
    known, how = meant(name)
    assert bool(known) == bool(how)
    if known and name not in CONFUSED:
        assert abs(len(known) - len(name)) <= 1 and known in WELL_KNOWN


def test_an_advisory_makes_it_certain(project, scan) -> None:
    files = {
        "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
        "requirements.txt": "reqeusts==2.32.5\nreqests==2.0\n",
        "known/1.json": RECORD,
        "pyproject.toml": '[tool.buckler]\nadvisories = ["known"]\n',
    }
    report = scan(project(files), select=("PKG006",), engines=("packages",))
    told = {f.location.line: (f.severity, f.confidence) for f in report.findings}
    assert told == {1: ("critical", "observed"), 2: ("medium", "suspected")}
