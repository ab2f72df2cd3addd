"""Dockerfiles and compose files as they are written, and as they are broken."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.rules._support.compose import services
from buckler.scan.rules._support.dockerfiles import instructions, is_dockerfile

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
PORTS = st.from_regex(r"(127\.0\.0\.1:)?[1-9][0-9]{1,3}:[1-9][0-9]{1,3}", fullmatch=True)
IMAGES = st.from_regex(r"[a-z]{2,8}(/[a-z]{2,8})?:[a-z0-9]{1,5}", fullmatch=True)
SERVICE = st.fixed_dictionaries(
    {"image": IMAGES},
    optional={
        "ports": st.lists(PORTS, min_size=1, max_size=3),
        "environment": st.dictionaries(NAMES, NAMES, max_size=2),
        "expose": st.lists(PORTS, max_size=2),
    },
)


@given(
    st.dictionaries(NAMES, SERVICE, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([2, 4]),
)
def test_services_are_those_that_yaml_reads(
    given_: dict[str, dict[str, object]], flow: bool, indent: int
) -> None:
    text = yaml.safe_dump(
        {"name": "shop", "services": given_, "volumes": {"data": {}}},
        indent=indent,
        sort_keys=False,
        default_flow_style=None if flow else False,
        width=1000,
    )
    document = yaml.safe_load(text)["services"]
    flat = all(not isinstance(body, str) for body in document.values()) and not any(
        line.rstrip().endswith("}") and "image:" in line for line in text.splitlines()
    )
    if not flat:
        return  # a service on one line in braces is not read
    found = {s.name: (s.image, [p for p, _ in s.ports]) for s in services(text)}
    assert found == {
        name: (body["image"], body.get("ports", [])) for name, body in document.items()
    }


@given(st.text(alphabet="abc:- \n[]\"'#0123.", max_size=200))
def test_any_text_is_read_to_its_end(text: str) -> None:
    lines = text.splitlines()
    for service in services(text):
        assert all(1 <= line <= len(lines) for _, line in service.ports)
    for item in instructions(text):
        assert 1 <= item.line <= len(lines)


def test_a_comment_is_no_port() -> None:
    (only,) = services("services:\n  db:\n    ports:\n      # - 1:1\n      - 2:2 # why\n")
    assert only.ports == [("2:2", 5)]


def test_instructions_go_over_several_lines() -> None:
    text = "from a AS b\n# USER x\nRUN one \\\n  # why\n  two\nCMD x"
    assert [(i.name, i.text, i.line) for i in instructions(text)] == [
        ("FROM", "a AS b", 1),
        ("RUN", "one two", 3),
        ("CMD", "x", 6),
    ]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Dockerfile", True),
        ("Dockerfile.web", True),
        ("web.dockerfile", True),
        ("Containerfile", True),
        ("dockerfiles.md", False),
        ("my_dockerfile.py", False),
    ],
)
def test_names_of_dockerfiles(name: str, is_one: bool) -> None:
    assert is_dockerfile(name) is is_one
