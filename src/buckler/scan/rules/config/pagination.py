"""CFG011: a page as large as the caller wants."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.limits import PAGE
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import number
from buckler.scan.rules._support.applications import bounded, declared, route_at
from buckler.scan.rules._support.evidence import at, shown

MANY = 2000


class PaginationUnbounded(Rule):
    """The size of a page has no upper bound.

    ## What it is
    ``limit: int = 50`` takes any number. What the caller asks for goes into the statement, or decides how many
    rows are built.

    ## Why it matters
    One request makes the application read and write out the whole table; a few at once stop it. It also makes it
    easy to copy everything.

    ## How to fix
    ``limit: Annotated[int, Query(ge=1, le=100)] = 50``.
    ``buckler.guard.PageSize`` is that type.

    ## How to check
    Ask for a million: it must answer 422, or as many as the bound.

    ## Roll-out
    Callers that fetched everything at once need a loop; tell them before.

    ## References
    CWE-770; OWASP API4:2023 Unrestricted Resource Consumption; ASVS 5.0 V2.2.1.
    """

    id = "CFG011"
    name = "pagination-unbounded"
    title = "Unbounded pagination"
    severity = Severity.LOW
    cwe = (770, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V2.2.1",)
    control = "guard.PageSize"
    fix = Fix(
        "give it a bound: Query(ge=1, le=100)",
        before="limit: int = 50",
        after="limit: Annotated[int, Query(ge=1, le=100)] = 50",
    )
    bad = (
        Example(
            """
            import sqlite3

            from fastapi import FastAPI

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE items (id INTEGER)")


            @app.get("/items")
            def items(limit: int = 50) -> list[tuple[int]]:
                return db.execute("SELECT id FROM items LIMIT ?", (limit,)).fetchall()
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI

            app = FastAPI()
            ROWS = list(range(20_000))


            class Page:
                def __init__(self, offset: int = 0, size: int = 20) -> None:
                    self.rows = ROWS[offset : offset + size]


            @app.get("/rows")
            def rows(page: Page = Depends()) -> list[int]:
                return page.rows
            """,
        ),
    )
    good = (
        Example(
            """
            import sqlite3
            from typing import Annotated

            from fastapi import FastAPI, Query

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE items (id INTEGER)")
            ROWS = list(range(20_000))


            @app.get("/items")
            def items(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> list[tuple[int]]:
                return db.execute("SELECT id FROM items LIMIT ?", (limit,)).fetchall()


            @app.get("/rows")
            def rows(limit: int = 50) -> list[int]:
                return ROWS[: min(limit, 200)]


            @app.get("/kept")
            def kept(limit: int = 50) -> list[tuple[int]]:
                return db.execute("SELECT id FROM items LIMIT ?", (min(limit, 100),)).fetchall()
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Page sizes of a million that were obeyed."""
        for key, kept in seen.pages.items():
            operation = app.find(key)
            for slot, one, many in kept:
                if operation is None or not many.answer.ok or not _obeyed(one, many):
                    continue
                yield self.found(
                    f"{operation.key} obeys {slot.partition(':')[2]}={PAGE}.",
                    confidence=Confidence.PROVED,
                    location=at(operation, slot),
                    proof=(shown(many, seen.identities, why="the number was obeyed"),),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """An upper bound, at least as large as what is taken without being asked."""
        found = route_at(draft, finding)
        place = (
            declared(draft, found[0], finding.location.slot or "") if found is not None else None
        )
        if place is None:
            return None
        usual = number(place.draft.index, place.default) or 0
        bound = max(MOST, usual)
        if bounded(place, le=str(bound)):
            return draft.repair(
                f"takes {bound} at most",
                safe=False,
                changes=f"who asks for more than {bound} at once is answered 422",
            )
        return None


def _obeyed(one: Exchange, many: Exchange) -> bool:
    """Whether the number reached a statement, or the answer grew beyond what a bound would let it."""
    if "sql-number" in many.answer.effects:
        return True
    return many.answer.size >= MANY * max(one.answer.size - 2, 1)


MOST = 100
