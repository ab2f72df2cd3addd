"""The secure shop uses the parts of guard as its README says: files, requests to others, paths, events."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

SHOP = Path(__file__).parents[2] / "examples/secure_shop"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PASSWORD = "a-wren-in-the-old-quince"  # of pyproject.toml


def own_modules() -> list[str]:
    return [name for name in sys.modules if name == "app" or name.startswith("app.")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATABASE_URL", f"sqlite+aiosqlite:///{folder / 'shop.db'}")
        patch.setenv("SHOP_UPLOAD_DIR", str(folder / "data" / "uploads"))
        patch.syspath_prepend(str(SHOP))
        for name in own_modules():
            patch.delitem(sys.modules, name)
        from app.main import app

        site = "https://www.acorn-oak.example"
        with TestClient(app, base_url=site, follow_redirects=False) as found:
            yield found
        for name in own_modules():
            del sys.modules[name]


@pytest.fixture(scope="module")
def alice(client: TestClient) -> dict[str, str]:
    answer = client.post("/auth/token", data={"username": "alice", "password": PASSWORD})
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def uploaded(client: TestClient, headers: dict[str, str], name: str, data: bytes, kind: str) -> Any:
    return client.post("/files", files={"file": (name, data, kind)}, headers=headers)


def stored() -> list[Path]:
    from app.config import settings

    return list(settings.upload_dir.iterdir())


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [("a.png", PNG, "image/png"), ("a.txt", b"hello", "text/plain")],
)
def test_a_file_is_kept_given_and_removed(
    client: TestClient, alice: dict[str, str], name: str, data: bytes, kind: str
) -> None:
    kept = uploaded(client, alice, name, data, kind)
    assert (kept.status_code, kept.json()["media_type"]) == (201, kind)
    number = kept.json()["id"]
    assert [path.name for path in stored()] == [number]
    given = client.get(f"/files/{number}", headers=alice)
    assert given.content == data
    assert given.headers["content-disposition"] == f'attachment; filename="{number}.bin"'
    assert client.delete(f"/files/{number}", headers=alice).status_code == 200
    assert stored() == []
    assert client.get(f"/files/{number}", headers=alice).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "kind", "status"),
    [
        ("../a.png", PNG, "image/png", 422),
        ("a.exe", b"MZ", "application/octet-stream", 415),
        ("a.png", b"<script>alert(1)</script>", "image/png", 415),
        ("a.txt", b"x" * 205_000, "text/plain", 413),
        ("a.txt", b"x" * 300_000, "text/plain", 413),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(
    client: TestClient, alice: dict[str, str], name: str, data: bytes, kind: str, status: int
) -> None:
    assert uploaded(client, alice, name, data, kind).status_code == status
    assert stored() == []


def test_nothing_is_kept_of_a_stranger(client: TestClient) -> None:
    assert uploaded(client, {}, "a.png", PNG, "image/png").status_code == 401
    assert stored() == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://images.acorn-oak.example/x.png", "scheme"),
        ("https://images.acorn-oak.example:8443/x.png", "port"),
        ("https://user:word@images.acorn-oak.example/x.png", "credentials"),
        ("https://169.254.169.254/latest", "not_listed"),
        ("https://evil.example/x.png", "not_listed"),
        ("no address", "scheme"),
    ],
)
def test_only_the_hosts_of_pictures_are_called(
    client: TestClient,
    alice: dict[str, str],
    url: str,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    answer = client.post("/support/pictures/check", json={"url": url}, headers=alice)
    assert (answer.status_code, answer.json()) == (200, {"found": False})
    assert [(e["kind"], e["reason"]) for e in events(capfd)] == [("egress.refused", reason)]


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("/shop/products/1", 303),
        ("//evil.example", 422),
        ("/\\evil.example", 422),
        ("https://evil.example", 422),
    ],
)
def test_the_way_on_stays_in_the_shop(client: TestClient, to: str, status: int) -> None:
    answer = client.get("/shop/go", params={"to": to})
    assert answer.status_code == status
    assert answer.headers.get("location") == (to if status == 303 else None)


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"product_id": 1, "note": "two\nlines"}, 201),
        ({"product_id": 1, "note": "a\x1bb"}, 422),
        ({"product_id": 1, "note": "x" * 501}, 422),
        ({"product_id": 1, "total_cents": 1}, 422),
    ],
)
def test_orders_hold_what_they_should(
    client: TestClient, alice: dict[str, str], order: dict[str, Any], status: int
) -> None:
    assert client.post("/orders", json=order, headers=alice).status_code == status


@pytest.mark.parametrize("path", ["/orders", "/catalog/products"])
def test_pages_are_bounded(client: TestClient, alice: dict[str, str], path: str) -> None:
    wanted = {100: 200, 101: 422, 0: 422}
    found = {n: client.get(path, params={"limit": n}, headers=alice).status_code for n in wanted}
    assert found == wanted


def test_who_signs_in_and_who_fails_is_told(
    client: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert client.post("/auth/token", data={"username": "bob", "password": "x"}).status_code == 401
    right = {"username": "alice", "password": PASSWORD}
    assert client.post("/auth/token", data=right).status_code == 200
    client.cookies.clear()
    assert client.post("/webhooks/payments", content=b"{}").status_code == 401
    failed, succeeded, refused = events(capfd)
    assert (failed["kind"], failed["detail"]) == ("sign_in.failed", {"account": "bob"})
    assert (succeeded["kind"], succeeded["principal"]) == ("sign_in.succeeded", "alice")
    assert (refused["kind"], refused["reason"]) == ("token.refused", "signature")
    assert {event["request_id"] for event in (failed, succeeded, refused)}.isdisjoint({""})
    assert PASSWORD not in json.dumps([failed, succeeded, refused])


def test_many_guesses_are_told(client: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = {"username": "admin", "password": "x"}
    codes = [client.post("/auth/token", data=wrong).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    last = events(capfd)[-1]
    assert (last["kind"], last["reason"]) == ("request.limit_exceeded", "guesses")


def events(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the shop wrote to standard output since the last look."""
    from app.audit import audit

    assert audit.flush()
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]
