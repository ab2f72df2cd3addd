"""What the stand-in for MySQL takes statements apart into, and what its packets are made of."""

from __future__ import annotations

import time

import pytest

from buckler.scan.engines.app.servers.standin import mysql_packets as packets
from buckler.scan.engines.app.servers.standin.database import Column
from buckler.scan.engines.app.servers.standin.mysql_dialect import decoded, rewritten
from buckler.scan.engines.app.servers.standin.mysql_show import like
from buckler.scan.engines.app.servers.standin.mysql_words import (
    filled,
    marks,
    split,
    titles,
    tokens,
)


def test_statements_are_split_where_they_end() -> None:
    text = "SELECT ';', \";\", `;` -- ;\n; # ;\n/* ; */ SELECT 'a\\';' ; ;"
    assert split(text) == [
        "SELECT ';', \";\", `;` -- ;",
        "# ;\n/* ; */ SELECT 'a\\';'",
    ]
    assert split("SELECT 'never closed; ") == ["SELECT 'never closed;"]


def test_question_marks_in_quotes_are_no_places() -> None:
    text = "SELECT ?, '?', `?`, \"?\", ? -- ?"
    assert len(marks(text)) == 2
    assert filled(text, ["'; --", None]).startswith("SELECT '''; --', '?', `?`, \"?\", NULL")


def test_a_long_statement_takes_no_quadratic_time() -> None:
    before = time.thread_time()
    for text in ("'" * 100_001, "/*" * 50_000, "`" * 99_999, "\\'" * 50_000, "-- " * 50_000):
        list(tokens(text))
    assert time.thread_time() - before < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("REPLACE INTO t VALUES (1)", "INSERT OR REPLACE INTO t VALUES (1)"),
        ("TRUNCATE TABLE t", "DELETE FROM t"),
        ("TRUNCATE t", "DELETE FROM t"),
        ("RENAME TABLE a TO b", "ALTER TABLE a RENAME TO b"),
        ("SELECT _utf8mb4'x' FROM DUAL", "SELECT 'x' "),
        ("SELECT 'FROM DUAL'", "SELECT 'FROM DUAL'"),
        (
            "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = excluded.`a`",
        ),
    ],
)
def test_what_only_mysql_says_is_put_in_words_of_all(text: str, expected: str) -> None:
    assert rewritten(text, list(tokens(text))) == expected


def test_bytes_behind_binary_need_not_be_text() -> None:
    assert decoded(b"SELECT _binary'\xff\\0', 'caf\xc3\xa9'") == "SELECT X'ff00', 'café'"


def test_like_takes_no_exponential_time() -> None:
    assert like("a\\_b%", "A_bc") and not like("a_c", "abd")
    before = time.thread_time()
    assert not like("%a" * 8 + "b", "a" * 60)
    assert time.thread_time() - before < 5


@pytest.mark.parametrize("size", [0, 250, 251, 65_535, 65_536, 1 << 24])
def test_numbers_say_their_length(size: int) -> None:
    assert packets.Reader(packets.number(size)).number() == size


def test_binary_rows_are_those_of_the_manual() -> None:
    columns = [Column("a", "integer"), Column("b", "timestamp"), Column("c", "text")]
    row = packets.binary_row([1, "2010-10-17 19:27:30.000001", None], columns)
    assert row == (b"\x00\x10\x01\0\0\0\0\0\0\0" + bytes.fromhex("0bda070a11131b1e01000000"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT COUNT(*), a, b AS c, d e, t.f FROM t", ["COUNT(*)", "", "", "", ""]),
        ("SELECT DISTINCT a + b, (SELECT x FROM y)", ["a + b", "(SELECT x FROM y)"]),
        ("SELECT CASE WHEN a THEN 1 END, NOT NULL", ["CASE WHEN a THEN 1 END", "NOT NULL"]),
        ("SELECT *, 1 FROM t", []),
        ("UPDATE t SET a = 1", []),
    ],
)
def test_columns_without_a_name_are_called_by_their_text(text: str, expected: list[str]) -> None:
    assert titles(text, list(tokens(text))) == expected
