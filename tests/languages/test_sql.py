"""Where a word stands in an SQL statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.languages.sql import stands_outside, tokens

C = "bkzq00a1"


@pytest.mark.parametrize(
    ("statement", "payload"),
    [
        (f"select * from x where n = 'sample'{C}'", f"sample'{C}"),
        (f"select * from x where n like '%sample'{C}%'", f"sample'{C}"),
        (f"select * from x where id = sample'{C}", f"sample'{C}"),
        (f"select * from x where id = 1 OR {C}", f"1 OR {C}"),
        (f'select * from x order by sample"{C}', f'sample"{C}'),
        (f"select * from x order by id, (SELECT {C})", f"id, (SELECT {C})"),
        (f"SELECT * FROM X WHERE N = 'SAMPLE'{C.upper()}'", f"sample'{C}"),
    ],
)
def test_it_stands_outside(statement: str, payload: str) -> None:
    assert stands_outside(statement, C, payload)


@pytest.mark.parametrize(
    ("statement", "payload"),
    [
        (f"select * from x where n = 'sample''{C}'", f"sample'{C}"),
        (f"select * from x where id = '1 OR {C}'", f"1 OR {C}"),
        (f'select * from x order by "sample""{C}"', f'sample"{C}'),
        (f"select * from x order by {C}", f'sample"{C}'),
        (f"select 1 -- sample'{C}", f"sample'{C}"),
        (f"select $$sample'{C}$$", f"sample'{C}"),
        ("select 1", f"sample'{C}"),
    ],
)
def test_it_was_kept_in(statement: str, payload: str) -> None:
    assert not stands_outside(statement, C, payload)


@given(st.text())
def test_no_character_is_lost(statement: str) -> None:
    assert "".join(text for _, text in tokens(statement)) == statement


@given(st.text(alphabet="ab' \"`;-", max_size=30))
def test_a_quoted_value_never_stands_outside(before: str) -> None:
    """The oracle is SQL's own rule: a literal with its quotes doubled is one literal."""
    payload = f"{before}'{C}"
    literal = payload.replace("'", "''")
    assert not stands_outside(f"select * from x where n = '{literal}'", C, payload)
