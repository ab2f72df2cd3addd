"""Binding of values: what is executed afterwards answers as before, and no value is SQL any more.

The oracle is SQLite: the statement before and after runs on the same rows with the same values.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written
from buckler.scan.rules.injection.sql import SqlInjection

HOSTILE = ("x' OR '1'='1", "x'; DROP TABLE item; --", "it's", "%", "\\'", "")
BENIGN = ("bolt", "nut", "none")


def finding(line: int) -> Finding:
    return Finding("INJ001", "", Severity.HIGH, Confidence.SUSPECTED, Location("module.py", line))


def bound(text: str, folder: Path, marker: str = "execute") -> str | None:
    line = next(n for n, row in enumerate(text.splitlines(), 1) if marker in row)
    (folder / "module.py").write_text(text)
    repair = SqlInjection().fix_source(draft_of(folder, "module.py"), finding(line))
    if repair is None:
        return None
    (made,) = written(folder, [repair])
    return made.after


def database() -> sqlite3.Connection:
    con = sqlite3.connect(":memory:")
    con.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, note TEXT)")
    rows = [(1, "bolt", "steel 100%"), (2, "nut", "brass"), (3, "it's", "{odd}")]
    con.executemany("INSERT INTO item VALUES (?, ?, ?)", rows)
    return con


SQLITE = [
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q}'")""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q}' AND id > 0")""",
        """con.execute("SELECT id FROM item WHERE name = ? AND id > 0", (q,))""",
    ),
    (
        """con.execute(f'SELECT id FROM item WHERE name = \\'{q}\\'')""",
        """con.execute('SELECT id FROM item WHERE name = ?', (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name LIKE '%{q}%'")""",
        """con.execute("SELECT id FROM item WHERE name LIKE ?", (f"%{q}%",))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '" + q + "'")""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '" + q + "' ORDER BY id")""",
        """con.execute("SELECT id FROM item WHERE name = ? ORDER BY id", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '%s'" % q)""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE note LIKE '%%100%%' AND name = '%s'" % (q,))""",
        """con.execute("SELECT id FROM item WHERE note LIKE '%100%' AND name = ?", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '%(name)s'" % {"name": q})""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '{}'".format(q))""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE note = '{{odd}}' OR name = '{0}'".format(q))""",
        """con.execute("SELECT id FROM item WHERE note = '{odd}' OR name = ?", (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE note = '{{odd}}' OR name = '{q}'")""",
        """con.execute("SELECT id FROM item WHERE note = '{odd}' OR name = ?", (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE id > ? AND name = '{q}' AND id < ?", (0, 9))""",
        """con.execute("SELECT id FROM item WHERE id > ? AND name = ? AND id < ?", (0, q, 9))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE id > ? AND name = '{q}'", least)""",
        """con.execute("SELECT id FROM item WHERE id > ? AND name = ?", (*least, q))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE id > :least AND name = '{q}'", {"least": 0})""",
        """con.execute("SELECT id FROM item WHERE id > :least AND name = :q", {"least": 0, "q": q})""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q}' OR note = '{q}'")""",
        """con.execute("SELECT id FROM item WHERE name = ? OR note = ?", (q, q))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q}' ORDER BY {column}")""",
        """con.execute(f"SELECT id FROM item WHERE name = ? ORDER BY {column}", (q,))""",
    ),
    (
        """con.execute("SELECT id FROM item "
        f"WHERE name = '{q}'"  # the name
        " AND id > 0")""",
        """con.execute("SELECT id FROM item "
        "WHERE name = ?"  # the name
        " AND id > 0", (q,))""",
    ),
    (
        """con.execute(f\"\"\"
        SELECT id FROM item  -- it's all
        WHERE name = '{q}'
        \"\"\")""",
        """con.execute(\"\"\"
        SELECT id FROM item  -- it's all
        WHERE name = ?
        \"\"\", (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q.replace("'", "''")}'")"""
        if False
        else """con.execute("SELECT id FROM item WHERE name = '" + q.replace("'", "''") + "'")""",
        """con.execute("SELECT id FROM item WHERE name = ?", (q,))""",
    ),
    (
        """con.execute(f"SELECT id FROM item WHERE name = '{q}' LIMIT {limit}")""",
        """con.execute("SELECT id FROM item WHERE name = ? LIMIT ?", (q, limit))""",
    ),
    (
        """con.execute("SELECT id FROM item WHERE name = '" + q + "' LIMIT " + str(limit))""",
        """con.execute("SELECT id FROM item WHERE name = ? LIMIT " + str(limit), (q,))""",
    ),
    (
        """con.execute(
        f"SELECT id FROM item WHERE name = '{q}'",
    )""",
        """con.execute(
        "SELECT id FROM item WHERE name = ?",
        (q,),
    )""",
    ),
]


def program(call: str) -> str:
    return f"import sqlite3\ndef run(con, q, column='id', limit=5, least=(0,)):\n    return {call}.fetchall()\n"


@pytest.mark.parametrize(("before", "after"), SQLITE, ids=range(len(SQLITE)))
def test_values_are_bound(before: str, after: str, tmp_path: Path) -> None:
    made = bound(program(before), tmp_path)
    assert made == program(after)
    old, new = {}, {}
    exec(program(before), old)
    exec(made, new)
    for q in BENIGN:
        assert new["run"](database(), q) == old["run"](database(), q)
    con = database()
    for q in HOSTILE:
        new["run"](con, q)
    assert con.execute("SELECT count(*) FROM item").fetchone() == (3,)
    assert bound(made, tmp_path) is None, "a second run changes nothing"


LEFT = [
    'con.execute(f"SELECT id FROM {table}")',
    'con.execute(f"SELECT id FROM item ORDER BY {q}")',
    'con.execute(f"SELECT id FROM item ORDER BY id {q}")',
    'con.execute(f"SELECT {q} FROM item")',
    'con.execute(f"SELECT id FROM item WHERE {q}")',
    'con.execute(f"SELECT id FROM item WHERE {q} = 1")',
    'con.execute(f"SELECT id FROM item WHERE name = {column}")',
    'con.execute(f"SELECT id FROM item WHERE id IN ({q})")',
    "con.execute(f'SELECT id FROM item WHERE \"{q}\" = 1')",
    'con.execute(f"SELECT id FROM item -- {q}")',
    "con.execute(f\"SELECT id FROM item WHERE name = 'a''{q}'\")",
    "con.execute(f\"SELECT id FROM item WHERE name = '{q:>10}'\")",
    "con.execute(\"SELECT id FROM item WHERE name = '%s' ORDER BY %s\" % (q, column))",
    "con.execute(q)",
    'con.execute("SELECT id FROM item WHERE name = ?", (q,))',
]


@pytest.mark.parametrize("call", LEFT, ids=range(len(LEFT)))
def test_what_cannot_be_bound_is_left_alone(call: str, tmp_path: Path) -> None:
    assert bound(program(call), tmp_path) is None


@pytest.mark.parametrize(
    ("imports", "before", "after"),
    [
        (
            "from sqlalchemy import text",
            """db.execute(text(f"SELECT 1 WHERE a = '{w.name}'"))""",
            """db.execute(text("SELECT 1 WHERE a = :name"), {"name": w.name})""",
        ),
        (
            "import sqlalchemy as sa",
            """db.execute(sa.text(f"SELECT 1 WHERE a LIKE '{q}%'"), {"n": 1})""",
            """db.execute(sa.text("SELECT 1 WHERE a LIKE :q"), {"n": 1, "q": f"{q}%"})""",
        ),
        (
            "from sqlalchemy import text",
            """db.execute(text(f"SELECT 1 WHERE a = '{q}' OR b = '{q}'"))""",
            """db.execute(text("SELECT 1 WHERE a = :q OR b = :q"), {"q": q})""",
        ),
        (
            "from sqlalchemy import text",
            """db.execute(text(f"SELECT a::text WHERE a = '{q}'"))""",
            """db.execute(text("SELECT a::text WHERE a = :q"), {"q": q})""",
        ),
        (
            "from sqlalchemy import text",
            """db.execute(select(A).where(text(f"a = '{q}'")))""",
            """db.execute(select(A).where(text("a = :q").bindparams(q=q)))""",
        ),
        (
            "from sqlmodel import text",
            """db.exec(text(f"SELECT 1 WHERE a = '{q}'"))""",
            """db.exec(text("SELECT 1 WHERE a = :q").bindparams(q=q))""",
        ),
        (
            "import asyncpg",
            """db.execute(f"UPDATE a SET b = '{q}' WHERE c = $1", c)""",
            """db.execute("UPDATE a SET b = $2 WHERE c = $1", c, q)""",
        ),
        (
            "import asyncpg",
            """db.execute(f"SELECT 1 WHERE a = '{q}' AND b = '{w}'")""",
            """db.execute("SELECT 1 WHERE a = $1 AND b = $2", q, w)""",
        ),
        (
            "import psycopg",
            """db.execute(f"SELECT 1 WHERE a = '{q}' AND b LIKE 'x%'")""",
            """db.execute("SELECT 1 WHERE a = %s AND b LIKE 'x%%'", (q,))""",
        ),
        (
            "import psycopg2",
            """db.execute("SELECT 1 WHERE a = '%s' AND b LIKE 'x%%'" % q)""",
            """db.execute("SELECT 1 WHERE a = %s AND b LIKE 'x%%'", (q,))""",
        ),
        (
            "import pymysql",
            """db.execute(f"SELECT 1 WHERE a = '{q}' AND b = %(b)s", {"b": 1})""",
            """db.execute("SELECT 1 WHERE a = %(q)s AND b = %(b)s", {"b": 1, "q": q})""",
        ),
    ],
)
def test_the_style_of_the_driver(imports: str, before: str, after: str, tmp_path: Path) -> None:
    head = f"{imports}\n\ndef run(db, q, w, c):\n    "
    assert bound(f"{head}{before}\n", tmp_path, "    db.") == f"{head}{after}\n"


def test_no_style_is_guessed(tmp_path: Path) -> None:
    text = "def run(db, q):\n    db.execute(f\"SELECT 1 WHERE a = '{q}'\")\n"
    assert bound(text, tmp_path) is None


def test_a_statement_with_a_name_is_followed(tmp_path: Path) -> None:
    before = "import sqlite3\ndef run(con, q):\n    sql = f\"SELECT 1 WHERE a = '{q}'\"\n    return con.execute(sql)\n"
    after = 'import sqlite3\ndef run(con, q):\n    sql = "SELECT 1 WHERE a = ?"\n    return con.execute(sql, (q,))\n'
    assert bound(before, tmp_path) == after


@pytest.mark.parametrize("more", ["    sql += ' x'\n", "    print(sql)\n"])
def test_a_statement_that_is_used_elsewhere_is_not(more: str, tmp_path: Path) -> None:
    text = f"import sqlite3\ndef run(con, q):\n    sql = f\"SELECT 1 WHERE a = '{{q}}'\"\n{more}    return con.execute(sql)\n"
    assert bound(text, tmp_path) is None


def test_a_piece_with_a_name_is_bound_with_the_statement(tmp_path: Path) -> None:
    before = """from sqlalchemy import text


def run(db, q, column, limit):
    where = "1 = 1"
    if q:
        where = f"name LIKE '%{q}%'"
    statement = f"SELECT id FROM item WHERE {where} ORDER BY {column} LIMIT :limit"
    return db.execute(text(statement), {"limit": limit}).scalars().all()
"""
    made = bound(before, tmp_path, "db.execute")
    assert made == before.replace("f\"name LIKE '%{q}%'\"", '"name LIKE :q"').replace(
        '{"limit": limit}', '{"limit": limit, "q": f"%{q}%"}'
    )
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        "sqlite://", poolclass=sqlalchemy.StaticPool, creator=database
    )
    old, new = {}, {}
    exec(before, old)
    exec(made, new)
    with engine.connect() as connection:
        for q in ("", *BENIGN, "u"):
            arguments = (connection, q, "id", 5)
            assert new["run"](*arguments) == old["run"](*arguments)
        assert new["run"](connection, "x' OR '1'='1", "id", 5) == []
    engine.dispose()
    assert bound(made, tmp_path, "db.execute") is None


@pytest.mark.parametrize("more", ["    where += ' x'\n", "    print(where)\n"])
def test_a_piece_that_is_used_elsewhere_is_not(more: str, tmp_path: Path) -> None:
    text = (
        "from sqlalchemy import text\ndef run(db, q):\n    where = f\"a = '{q}'\"\n"
        f'{more}    return db.execute(text(f"SELECT 1 WHERE {{where}}"))\n'
    )
    assert bound(text, tmp_path, "db.execute") is None
