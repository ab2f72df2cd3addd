"""What source suspects and what the running application showed: one thing where they are one, two where not."""

from __future__ import annotations

from typing import Any

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
async def birds(town: str, rare: int = 0, name: str = "") -> list:
    if rare == 713094:
        keeper.inner.execute(f"DELETE FROM birds WHERE town = '{town}'")
    return await of_town(town)
"""
KEEPING = """
import asyncio


class Keeper:
    def __init__(self, inner):
        self.inner = inner

    def _all(self, text):
        return self.inner.execute(text).fetchall()

    async def rows(self, text):
        return await asyncio.to_thread(self._all, text)
"""
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


def test_a_flow_through_a_thread_is_the_one_that_was_proved(project: Any, scan: Any) -> None:
    report = scan(project({"main.py": WRAPPED, "keeping.py": KEEPING}), select=("INJ001",))
    confidences = [confidence for confidence, _, _ in told(report, "INJ001")]
    assert confidences.count("proved") == 1
    (proved,) = (f for f in report.findings if f.confidence.value == "proved")
    assert {p.kind for p in proved.proof} >= {"flow", "exchange"}


def test_another_statement_with_the_same_input_stays_a_suspicion(project: Any, scan: Any) -> None:
    report = scan(project({"main.py": WRAPPED, "keeping.py": KEEPING}), select=("INJ001",))
    deleting = (
        WRAPPED.splitlines().index(next(x for x in WRAPPED.splitlines() if "DELETE" in x)) + 1
    )
    suspected = [item for item in told(report, "INJ001") if item[0] == "suspected"]
    assert suspected == [("suspected", "main.py", deleting)]


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
