"""INJ001: input that becomes part of an SQL statement."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.sql import stands_outside
from buckler.scan.rules._support.flows import SQL, told
from buckler.scan.rules.injection._fixes.bind import bind


class SqlInjection(Rule):
    """Input is pasted into an SQL statement instead of being bound to it.

    ## What it is
    The statement is put together as text, with an f-string, ``%``, ``+`` or ``format``, and part
    of that text comes from the request. A quote in the input ends the literal that it was meant
    to stay in, and what follows is read as SQL.

    ## Why it matters
    Whoever sends the request decides what the database does: read every table, pass a sign-in,
    change or delete rows, on some servers read files and start programs.

    ## How to fix
    Keep the statement constant and bind the values: ``text("… WHERE name = :name")`` with
    ``{"name": name}``, or ``?`` and ``%s`` placeholders of the driver. A column name or a
    direction cannot be bound: take it from a dictionary of allowed ones.
    ``buckler.guard.validate.sql`` does that, and escapes patterns for ``LIKE``.

    ## How to check
    Send a single quote: the answer must be the same as for any text without a match. ``buckler
    replay`` sends the proof again.

    ## Roll-out
    Binding changes no result for ordinary input. Look out for callers that passed ``%`` or
    quotes on purpose.

    ## References
    CWE-89; OWASP API8:2023, A05:2025 Injection; ASVS 5.0 V1.2.4.
    """

    id = "INJ001"
    name = "sql-injection"
    title = "SQL injection"
    severity = Severity.CRITICAL
    cwe = (89,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.4",)
    control = "guard.validate.sql"
    sinks = ("sql",)
    flows = Flows(
        "sql",
        """
        {dbapi,sqlite3,aiosqlite,psycopg,asyncpg}.{Connection,Cursor,Pool}.{execute,executemany,executescript,fetch,fetchrow,fetchval,cursor,prepare,execute_fetchall}(0,query,sql,operation)
        sqlalchemy.{text,literal_column}(0,text)
        sqlalchemy.Connection.{execute,exec_driver_sql,scalar,scalars,stream}(0,statement)
        sqlalchemy.orm.Session.{execute,exec,scalar,scalars,stream}(0,statement)
        sqlalchemy.orm.Query.{filter,order_by,group_by,having,from_statement}(0)
        sqlalchemy.Select.{where,filter,order_by,group_by,having}(0)
        databases.Database.{execute,fetch_all,fetch_one,fetch_val,iterate}(0,query)
        pandas.{read_sql,read_sql_query}(0,sql)
        django.db.connection.cursor.execute(0)
        *.{execute,executemany,executescript,fetch,fetchrow,fetchval,fetch_all,fetch_one,raw,extra,execute_fetchall,executescript,mogrify,copy_expert}(0)
        """,
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        'bind it: text("… = :value"), {"value": value}',
        before="db.execute(text(f\"SELECT … WHERE name = '{name}'\"))",
        after='db.execute(text("SELECT … WHERE name = :name"), {"name": name})',
        safe=True,
    )
    bad = (
        Example(
            """
            import sqlite3

            from fastapi import FastAPI

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")


            @app.get("/items")
            def items(q: str) -> list[tuple[int, str]]:
                return db.execute(f"SELECT id, name FROM items WHERE name = '{q}'").fetchall()
            """,
            line=12,
        ),
    )
    good = (
        Example(
            """
            import sqlite3

            from fastapi import FastAPI

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            COLUMNS = {"name": "name", "newest": "id DESC"}


            @app.get("/items")
            def items(q: str, sort: str = "name") -> list[tuple[int, str]]:
                order = COLUMNS.get(sort, "name")
                return db.execute(f"SELECT id, name FROM items WHERE name = ? ORDER BY {order}", (q,)).fetchall()
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in the text of a statement; parameters are other arguments."""
        if not flow.taints or flow.elements:
            return None
        constant = "".join(p for t in flow.texts for p in t if isinstance(p, str))
        unknown = flow.call.startswith("*.")
        if (unknown or not flow.source.direct) and not SQL.search(constant):
            return None
        if not unknown and ".orm.Query." in flow.call and not constant.strip():
            return None
        return told(flow, "becomes part of an SQL statement: it is pasted in, not bound.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A way out of each kind of literal, and out of none."""
        for before, after, note in (
            ("sample'", "", "closes a quoted literal"),
            ("1 OR ", "", "follows a bare value"),
            ('sample"', "", "closes a double-quoted name"),
            ("id, (SELECT ", ")", "stands where a column is named"),
            ("sample\\'", "", "closes a literal that doubles quotes only"),
            ("sample`", "", "closes a back-quoted name"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The canary stands in the statement where a literal ought to be."""
        if not stands_outside(hit.text, probe.payload.canary.text, str(probe.payload.value)):
            return None
        return Verdict(
            "Text from the request is read as SQL: it stands outside of the literal that it was meant for.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The values bound; a name of a column or a direction cannot be."""
        names = bind(draft, finding)
        return draft.repair(f"binds {', '.join(names)} to the statement") if names else None
