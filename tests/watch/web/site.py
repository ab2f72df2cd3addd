"""The application with something to show: targets of two people, findings of every kind, and a person at a browser."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from buckler.watch.app import create_app
from buckler.watch.db import alerts, scans
from buckler.watch.interface import Caller
from buckler.watch.options import Options
from buckler.watch.service import Service
from tests.watch import made

MARK = "bk17canary"
TOKEN = re.compile(r'name="form" value="([^"]+)"')
WHOLE = {
    "excerpt": [
        {"line": 25, "text": "async def search(q: str, db: Session):", "marked": False},
        {
            "line": 26,
            "text": "    rows = await db.execute(text(f\"… LIKE '%{q}%'\"))",
            "marked": True,
        },
    ],
    "proof": [
        {
            "kind": "exchange",
            "request": {
                "method": "GET",
                "url": f"http://app/products?search='{MARK}",
                "headers": [],
                "body": "",
                "identity": "clerk",
            },
            "response": {
                "status": 200,
                "headers": [["content-type", "application/json"]],
                "body": f"[{MARK}]",
            },
            "curl": f"curl 'http://app/products?search={MARK}'",
            "mark": MARK,
            "shows": "The input changed the statement.",
        },
        {
            "kind": "sink",
            "call": "sqlite3.execute",
            "argument": f"SELECT '{MARK}'",
            "mark": MARK,
            "stack": [
                {"path": "db.py", "line": 3, "function": "run"},
                {"path": "main.py", "line": 26, "function": "search"},
            ],
        },
        {
            "kind": "flow",
            "steps": [
                {"text": "q comes from the query", "path": "main.py", "line": 25, "code": "q: str"},
                {
                    "text": "it reaches the statement",
                    "path": "main.py",
                    "line": 26,
                    "code": "text(...)",
                },
            ],
        },
        {
            "kind": "matrix",
            "identity": "clerk",
            "operation": "GET /products",
            "object": "1",
            "status": 200,
            "expected": 403,
        },
    ],
    "fix": {"summary": "bind it", "before": "a = f'{q}'", "after": "a = ':q'", "safe": True},
}
OPERATIONS = {
    "by_operation": [
        {
            "operation": "GET /products",
            "reached": True,
            "authenticated": True,
            "slots": 1,
            "attacked": 1,
            "identity": "clerk",
            "status": 200,
            "why": "",
        },
        {
            "operation": "POST /import",
            "reached": False,
            "authenticated": False,
            "slots": 2,
            "attacked": 0,
            "identity": None,
            "status": 401,
            "why": "it needs a server",
        },
    ],
    "gaps": [],
    "reached_share": 0.5,
    "packages": {
        "date": "2026-11-01",
        "pins": [
            {
                "name": "starlette",
                "version": "0.40.0",
                "places": [["uv.lock", 12]],
                "way": ["fastapi", "starlette"],
                "reach": {},
                "reaches": {},
            }
        ],
    },
}


class Browser:
    """Somebody at a browser without script.

    Args:
        client: Of the application.
        user_id: Who it is.
        cookie: Of their session.
    """

    def __init__(self, client: TestClient, user_id: str, cookie: str) -> None:
        self.client = client
        self.id = user_id
        self.headers = {"Cookie": cookie, "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, headers=self.headers, follow_redirects=False, **more)

    def post(self, path: str, page: str, **fields: Any) -> Any:
        """Send a form that stands on a page."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None, f"there is no form on {page}"
        return self.client.post(
            path, data={"form": found[1], **fields}, headers=self.headers, follow_redirects=False
        )


class Site:
    """An application, its database, and ways to fill it."""

    def __init__(self, client: TestClient, service: Service) -> None:
        self.client = client
        self.service = service
        self.app: Any = client.app

    def run(self, work: Any, *args: Any) -> Any:
        return self.client.portal.call(work, *args)  # type: ignore[union-attr]

    def somebody(self, name: str, role: str) -> Browser:
        """Sign somebody in, whose account is made where there is none."""
        identities = self.app.state.guard.identities

        async def account() -> str:
            user = await identities.stores.users.by_name(name)
            if user is None:
                user = await identities.add_account(name, roles=[role], verified=True)
            return str(user.id)

        user_id = self.run(account)
        path = f"/sign-in/{self.app.state.links.issue(user_id)}"
        answer = self.client.get(path, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        self.client.cookies.clear()
        cookie = answer.headers["set-cookie"].split(";")[0]
        assert cookie.startswith("__Host-session="), cookie
        return Browser(self.client, user_id, cookie)

    def target(self, owner: Browser, *findings: dict[str, Any], **more: Any) -> str:
        """A target of somebody's with one report; its id."""
        name = more.pop("name", "shop")
        target_id = made.target(self.service.database, Caller(owner.id), name=name)
        rest = {"coverage": OPERATIONS, "grade": "D", "score": 55, **more}
        report = made.report(*findings, **rest)
        made.push(self.service.database, target_id, report, time.time() - 3600)
        return target_id

    def findings(self, target_id: str) -> list[Any]:
        """Rows of a target's findings, worst first."""
        from buckler.watch.db import findings
        from buckler.watch.db.findings import Wanted
        from buckler.watch.interface import SYSTEM

        with self.service.database.read() as connection:
            return list(findings.listed(connection, SYSTEM, Wanted(target_id=target_id)))

    def channel_options(self, owner: Browser) -> dict[str, Any]:
        """Everything that is kept of somebody's only channel, secrets included."""
        with self.service.database.read() as connection:
            (row,) = alerts.channels(connection, Caller(owner.id))
        return {**row.options, **self.service.delivering.secrets.open(row.sealed, row.id)}

    def scan(self, target_id: str) -> str:
        """Id of the latest scan of a target."""
        from buckler.watch.interface import SYSTEM

        with self.service.database.read() as connection:
            return str(scans.listed(connection, SYSTEM, target_id)[0].id)


def full(number: int, **changes: Any) -> dict[str, Any]:
    """A finding with every kind of evidence."""
    place = {"path": "main.py", "line": 26, "operation": "GET /products", "slot": "query:search"}
    return made.finding(
        number, confidence="proved", severity="critical", location=place, **{**WHOLE, **changes}
    )


def site(folder: Path) -> tuple[TestClient, Service]:
    """The application of a new data folder; the background does not run."""
    from buckler.watch.db import migrations

    service = Service(Options(data=folder, base_url="https://testserver"))
    migrations.upgrade(service.database)
    return TestClient(create_app(service), base_url="https://testserver"), service
