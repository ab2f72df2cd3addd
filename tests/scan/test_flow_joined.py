"""What source suspects and what the running application showed: one thing where they are one, two where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.scan.merge import merge

WRAPPED = """
import asyncio
import sqlite3

from fastapi import FastAPI

from keeping import Keeper

app = FastAPI()
keeper = Keeper(sqlite3.connect(":memory:", check_same_thread=False))
keeper.inner.executescript("CREATE TABLE birds (name TEXT, town TEXT)")


async def of_town(town: str) -> list:
    return await keeper.rows(f"SELECT name FROM birds WHERE town = '{town}'")


@app.get("/birds")
async def birds(town: str, rare: int = 0) -> list:
    if rare == 713094:
        await forget(town)
    return await of_town(town)


async def forget(town: str) -> None:
    pass
"""
FORGETS = WRAPPED.replace(
    "    pass", """    keeper.inner.execute(f"DELETE FROM birds WHERE town = '{town}'")"""
)
KEEPING = """
import asyncio


class Keeper:
    def __init__(self, inner):
        self.inner = inner

    async def rows(self, text):
        return (await asyncio.to_thread(self.inner.execute, text)).fetchall()
"""
KEEPS_STACK = KEEPING.replace(
    "(await asyncio.to_thread(self.inner.execute, text))", "self.inner.execute(text)"
)
COOKIES = """
from fastapi import FastAPI, Response

app = FastAPI()


@app.post("/session")
def session(response: Response) -> dict:
    response.set_cookie("session", "5f0c9a71")
    return {}
"""
PROTECTED = """

class Protect:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def sent(message):
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (k, v + b"; Secure; HttpOnly" if k == b"set-cookie" else v)
                    for k, v in message["headers"]
                ]
            await send(message)

        await self.app(scope, receive, sent)


app.add_middleware(Protect)
"""


def told(report: Any, rule: str) -> list[tuple[str, str, int]]:
    found = (f for f in report.findings if f.rule == rule)
    return sorted((f.confidence.value, f.location.path, f.location.line) for f in found)


def line_of(word: str) -> int:
    return next(n for n, line in enumerate(FORGETS.splitlines(), 1) if word in line)


def test_a_flow_through_a_thread_is_the_one_that_was_proved(project: Any, scan: Any) -> None:
    report = scan(project({"main.py": WRAPPED, "keeping.py": KEEPING}), select=("INJ001",))
    (found,) = report.findings
    assert found.confidence.value == "proved"
    assert {p.kind for p in found.proof} >= {"flow", "exchange"}


def test_another_statement_with_the_same_input_stays_a_suspicion(project: Any, scan: Any) -> None:
    report = scan(project({"main.py": FORGETS, "keeping.py": KEEPS_STACK}), select=("INJ001",))
    (proved, suspected) = told(report, "INJ001")
    assert proved[0] == "proved"
    assert suspected == ("suspected", "main.py", line_of("DELETE"))


def test_where_it_cannot_be_told_which_of_two_was_seen_both_stay(project: Any, scan: Any) -> None:
    report = scan(project({"main.py": FORGETS, "keeping.py": KEEPING}), select=("INJ001",))
    suspected = [
        place for confidence, *place in told(report, "INJ001") if confidence == "suspected"
    ]
    assert suspected == [["keeping.py", 10], ["main.py", line_of("DELETE")]]


def test_a_cookie_that_a_layer_protects_is_no_finding(project: Any, scan: Any) -> None:
    bare = scan(project({"main.py": COOKIES}), select=("CFG004",))
    assert [confidence for confidence, _, _ in told(bare, "CFG004")] == ["proved"]
    assert told(scan(project({"main.py": COOKIES + PROTECTED}), select=("CFG004",)), "CFG004") == []


def test_a_cookie_that_no_answer_showed_stays_a_suspicion(project: Any, scan: Any) -> None:
    gated = COOKIES.replace("response: Response)", "response: Response, pin: int)").replace(
        "    response.set_cookie",
        "    if pin != 713094:\n        return {}\n    response.set_cookie",
    )
    report = scan(project({"main.py": gated + PROTECTED}), select=("CFG004",))
    assert [confidence for confidence, _, _ in told(report, "CFG004")] == ["suspected"]


def test_a_whole_body_and_a_field_of_it_are_one() -> None:
    """Where the stack is lost, the flow of the body is that of the field with which it was shown."""
    flow = {"slot": "", "source": "json", "operation": "PATCH /me", "steps": ()}
    live = Finding(
        "ACC010",
        "PATCH /me lets alice set role.",
        Severity.HIGH,
        Confidence.PROVED,
        Location("main.py", 20, "PATCH /me", "json:role"),
    )
    source = Finding(
        "ACC010",
        "Every field that the request names is set on the object.",
        Severity.HIGH,
        Confidence.SUSPECTED,
        Location("main.py", 24),
        (Proof("flow", flow),),
    )
    (one,) = merge([live, source], lambda path, line: "")
    assert (one.confidence, one.location.line) == (Confidence.PROVED, 20)
    query = replace(source, proof=(Proof("flow", {**flow, "source": "query"}),))
    assert len(merge([live, query], lambda path, line: "")) == 2
