"""LOG003: statements that are logged with their values."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import only, truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import value_of
from buckler.scan.python.index import argument, last

_MAKERS = ("create_engine", "create_async_engine", "engine_from_config")


class StatementEcho(Rule):
    """Every statement goes to the log, with the values that are bound to it.

    ## What it is
    ``create_engine(url, echo=True)`` of SQLAlchemy or SQLModel, without ``hide_parameters=True``.

    ## Why it matters
    The log holds what the database holds: names, addresses, hashes of passwords, tokens. It is read by more
    people, kept longer and not encrypted.

    ## How to fix
    Leave ``echo`` out; where statements have to be seen, ``echo=True, hide_parameters=True``.

    ## How to check
    Sign up and search the log for the address that you gave.

    ## Roll-out
    Delete the logs that hold values already.

    ## References
    CWE-532, CWE-215; OWASP A09:2025; ASVS 5.0 V16.2.5.
    """

    id = "LOG003"
    name = "statement-values-logged"
    title = "Statements logged with their values"
    severity = Severity.LOW
    cwe = (532, 215)
    owasp = ("API8:2023", "A09:2021", "A09:2025")
    asvs = ("V16.2.5",)
    calls = "sqlalchemy.create_engine sqlalchemy.ext.asyncio.create_async_engine sqlalchemy.ext.asyncio.engine.create_async_engine sqlmodel.create_engine"
    fix = Fix(
        "keep the values out: hide_parameters=True",
        before="create_engine(url, echo=True)",
        after="create_engine(url, echo=True, hide_parameters=True)",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from sqlalchemy import create_engine, text

            app = FastAPI()
            engine = create_engine("sqlite:///shop.db", echo=True)


            @app.get("/count")
            def count() -> int:
                with engine.connect() as db:
                    return db.execute(text("SELECT 1")).scalar_one()
            """,
            line=5,
        ),
        Example(
            """
            from fastapi import FastAPI

            from database import engine

            app = FastAPI()


            @app.get("/name")
            def name() -> str:
                return engine.name
            """,
            files={
                "options.py": "ECHO = True",
                "database.py": """
                from sqlalchemy.ext.asyncio import create_async_engine

                from options import ECHO

                engine = create_async_engine("sqlite+aiosqlite:///shop.db", echo=ECHO)
                """,
            },
        ),
        Example(
            """
            import sqlalchemy as sa
            from fastapi import Depends, FastAPI

            app = FastAPI()


            def engine() -> sa.Engine:
                return sa.create_engine("sqlite://", echo="debug")


            @app.get("/name")
            def name(used: sa.Engine = Depends(engine)) -> str:
                return used.name
            """,
        ),
    )
    good = (
        Example(
            """
            import os

            from fastapi import FastAPI
            from sqlalchemy import create_engine

            app = FastAPI()
            engine = create_engine("sqlite:///shop.db")
            quiet = create_engine("sqlite:///shop.db", echo=False)
            chosen = create_engine("sqlite:///shop.db", echo=bool(os.environ.get("ECHO")))
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from sqlalchemy import create_engine

            app = FastAPI()
            engine = create_engine("sqlite:///shop.db", echo=True, hide_parameters=True)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            def create_engine(power: int, echo: bool) -> int:
                return power if echo else 0


            engine = create_engine(90, echo=True)
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """``echo`` for certain, and nothing that hides the values."""
        echo, hidden = call.given(-1, "echo"), call.given(-1, "hide_parameters")
        if echo is None or (hidden is not None and truth(hidden) is not False):
            return None
        if only(echo) is not True and only(echo) != "debug":
            return None
        return Verdict("Statements are logged with the values that are bound to them.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The statements stay in the log, their values do not."""
        for call in draft.calls_at(finding):
            echo = argument(call, "echo")
            if last(call.func) in _MAKERS and echo is not None:
                hidden = argument(call, "hide_parameters")
                if hidden is not None and value_of(draft.index, hidden) is None:
                    return None
                draft.set_keyword(call, "hide_parameters", "True")
                return draft.repair("keeps the values out of the log")
        return None
