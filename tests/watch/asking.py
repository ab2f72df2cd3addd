"""The application on an SQLite file of its own, and a way to ask it as somebody."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from buckler.watch.service import Service
from tests.watch.made import report


class Api:
    """The application, and a way to ask it as somebody."""

    def __init__(self, client: TestClient, service: Service) -> None:
        self.client = client
        self.service = service
        self._keys: dict[str, str] = {}

    def key(self, name: str, role: str, *scopes: str) -> str:
        """An API token of an account, which is made."""
        identities = self.client.app.state.guard.identities  # type: ignore[attr-defined]

        async def make() -> str:
            user = await identities.stores.users.by_name(name)
            if user is None:
                user = await identities.add_account(name, roles=[role], verified=True)
            return str((await identities.keys.issue(user.id, "t", scopes=scopes or None)).key)

        return self.client.portal.call(make)  # type: ignore[union-attr]

    def account(self, name: str) -> str:
        """The id of an account that was made."""
        users = self.client.app.state.guard.identities.stores.users  # type: ignore[attr-defined]
        return str(self.client.portal.call(users.by_name, name).id)  # type: ignore[union-attr]

    def ask(self, key: str, method: str, path: str, **more: Any) -> Any:
        return self.client.request(method, path, headers={"X-API-Key": key}, **more)


def pushed(api: Api, key: str, *findings: dict[str, Any]) -> str:
    """A target with a report; its id."""
    made = api.ask(key, "POST", "/api/targets", json={"kind": "pushed", "name": "shop"})
    assert made.status_code == 201, made.text
    shop = str(made.json()["id"])
    answer = api.ask(key, "POST", f"/api/targets/{shop}/reports", json=report(*findings))
    assert answer.status_code == 201, answer.text
    return shop
