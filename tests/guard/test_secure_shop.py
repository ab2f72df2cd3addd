"""The secure shop uses the parts of guard as its README says: accounts and access, files, requests to others, events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

SHOP = Path(__file__).parents[2] / "examples/secure_shop"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SITE = "https://www.acorn-oak.example"
PASSWORD = "a-wren-in-the-old-quince"  # this and the others of pyproject.toml
PASSWORDS = {
    "alice": PASSWORD,
    "bob": "seven-kettles-and-a-gate",
    "admin": "no-frost-before-november",
}


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
        from app.main import app, guard

        with (
            guard.rated(None),
            TestClient(app, base_url=SITE, follow_redirects=False) as found,
        ):
            yield found
        for name in own_modules():
            del sys.modules[name]


def signed_in(client: TestClient, name: str) -> dict[str, str]:
    asked = {"name": f"{name}@acorn-oak.example", "password": PASSWORDS[name]}
    answer = client.post("/auth/tokens", json=asked)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(autouse=True)
def everything_told(client: TestClient) -> Iterator[None]:
    """What a test lets happen is told before the next one begins."""
    from app.audit import audit

    yield
    assert audit.flush(60)


@pytest.fixture(scope="module")
def alice(client: TestClient) -> dict[str, str]:
    return signed_in(client, "alice")


@pytest.fixture(scope="module")
def admin(client: TestClient) -> dict[str, str]:
    return signed_in(client, "admin")


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
    wrong = {"name": "bob@acorn-oak.example", "password": "x"}
    assert client.post("/auth/tokens", json=wrong).status_code == 401
    signed_in(client, "alice")
    assert client.post("/webhooks/payments", content=b"{}").status_code == 401
    failed, succeeded, refused = events(capfd)
    assert (failed["kind"], failed["principal"]) == ("sign_in.failed", "2")
    assert (succeeded["kind"], succeeded["principal"]) == ("sign_in.succeeded", "1")
    assert (refused["kind"], refused["reason"]) == ("token.refused", "signature")
    assert refused["request_id"]
    assert PASSWORD not in json.dumps([failed, succeeded, refused])


def test_a_webhook_counts_once(client: TestClient) -> None:
    from app.config import settings

    body, now = b'{"order_id": 1}', str(int(time.time()))
    secret = settings.webhook_secret.get_secret_value().encode()
    signature = hmac.new(secret, now.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Timestamp": now, "X-Signature": signature}
    codes = [
        client.post("/webhooks/payments", content=body, headers=headers).status_code
        for _ in range(2)
    ]
    assert codes == [200, 401]


def test_many_guesses_wait(client: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = {"name": "nobody@acorn-oak.example", "password": "x"}
    codes = [client.post("/auth/tokens", json=wrong).status_code for _ in range(7)]
    assert set(codes) == {401}, "the answer is the same"
    assert [(e["kind"], e["reason"]) for e in events(capfd)] == [
        *[("sign_in.failed", "unknown")] * 6,
        ("sign_in.locked", "locked_account"),
    ]


@pytest.mark.parametrize(
    "path",
    ["/orders/1", "/support/tickets/1"],
)
def test_what_is_somebody_elses_is_not_there(
    client: TestClient, alice: dict[str, str], path: str
) -> None:
    bob = signed_in(client, "bob")
    assert client.get(path, headers=alice).status_code == 200
    found, missing = (client.get(p, headers=bob) for p in (path, path[:-1] + "999"))
    assert (found.status_code, missing.status_code) == (404, 404)
    assert found.json()["title"] == missing.json()["title"]
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/reports/sales", "/reports/orders", "/admin/users", "/backoffice/summary", "/auth/users"],
)
def test_staff_alone_read_what_is_for_staff(
    client: TestClient, alice: dict[str, str], admin: dict[str, str], path: str
) -> None:
    codes = [client.get(path, headers=who).status_code for who in ({}, alice, admin)]
    assert codes == [401, 403, 200]


def test_support_reads_every_ticket_from_the_next_request_on(
    client: TestClient, admin: dict[str, str]
) -> None:
    bob = signed_in(client, "bob")
    assert client.get("/support/tickets/1", headers=bob).status_code == 404
    given = client.put("/auth/users/2/roles", json={"role": "support"}, headers=admin)
    assert given.status_code == 200
    assert client.get("/support/tickets/1", headers=bob).status_code == 200
    assert client.delete("/auth/users/2/roles/support", headers=admin).status_code == 200
    assert client.get("/support/tickets/1", headers=bob).status_code == 404


def test_somebody_signs_up_and_forgets_the_password(
    client: TestClient, admin: dict[str, str]
) -> None:
    name, good, other = "eve@shop.example", "seventeen-green-lamps", "eleven-quiet-harbours"
    account = {"name": name, "password": good}
    for password, status in (("a", 422), (good, 202)):
        asked = {"name": name, "password": password}
        assert client.post("/auth/sign-up", json=asked).status_code == status
    assert client.post("/auth/tokens", json=account).status_code == 401, "not verified yet"
    token = {"token": link_of(client, "Welcome").partition("#token=")[2]}
    assert client.post("/auth/verify", json=token).status_code == 200
    assert client.post("/auth/tokens", json=account).status_code == 200
    assert client.post("/auth/password/reset/request", json={"name": name}).status_code == 202
    link = link_of(client, "New password")
    assert link.startswith(f"{SITE}/")
    reset = {"token": link.partition("#token=")[2], "password": other}
    codes = [client.post("/auth/password/reset", json=reset).status_code for _ in range(2)]
    assert codes == [200, 400]
    assert client.post("/auth/tokens", json=account).status_code == 401
    assert client.post("/auth/tokens", json={**account, "password": other}).status_code == 200


def test_the_pages_take_a_session_and_end_it(client: TestClient) -> None:
    asked = {"name": "bob@acorn-oak.example", "password": PASSWORDS["bob"]}
    entered = client.post("/auth/sign-in", json=asked)
    try:
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "bob@acorn-oak.example" in client.get("/shop/account").text
        named = {"full_name": "Bob Oak"}
        foreign = {"Origin": "https://evil.example"}
        refused = client.post("/shop/account/name", data=named, headers=foreign)
        assert refused.status_code == 403
        own = {"Origin": SITE}
        assert client.post("/shop/account/name", data=named, headers=own).status_code == 303
        assert "Bob Oak" in client.get("/shop/account").text
        value = client.cookies["__Host-session"]
        assert client.post("/shop/sign-out", headers=own).status_code == 303
        assert "__Host-session" not in client.cookies
        kept = {"Cookie": f"__Host-session={value}"}
        assert client.get("/shop/account", headers=kept).status_code == 401
    finally:
        client.cookies.clear()


def test_a_key_reads_what_it_was_made_for(client: TestClient, admin: dict[str, str]) -> None:
    wanted = {"name": "partner", "scopes": ["sales:read"]}
    made = client.post("/auth/keys", json=wanted, headers=admin).json()
    assert made["key"].startswith("acorn_")
    key = {"X-API-Key": made["key"]}
    assert client.get("/reports/sales", headers=key).status_code == 200
    assert client.get("/reports/orders", headers=key).status_code == 403
    assert client.get(f"/reports/sales?key={made['key']}").status_code == 401


def test_orders_live_for_pages_of_the_shop_and_who_is_signed_in(
    client: TestClient, alice: dict[str, str]
) -> None:
    with client.websocket_connect("/orders/live", headers={**alice, "Origin": SITE}) as live:
        assert {"id": 1, "status": "paid"} in live.receive_json()
    for headers in ({"Origin": SITE}, {**alice, "Origin": "https://evil.example"}):
        with (
            pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)),
            client.websocket_connect("/orders/live", headers=headers),
        ):
            pass


def link_of(client: TestClient, subject: str) -> str:
    """The link of the last mail with a subject; it is sent behind the answer."""

    async def newest() -> str | None:
        from app.db import session_factory
        from app.models import Mail

        async with session_factory() as session:
            wanted = select(Mail.body).where(Mail.subject == subject).order_by(Mail.id.desc())
            return await session.scalar(wanted.limit(1))

    assert client.portal is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        body = client.portal.call(newest)
        if body is not None:
            return next(word for word in body.split() if word.startswith("https://"))
        time.sleep(0.02)
    raise AssertionError(f"no mail: {subject}")


def events(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the shop wrote to standard output since the last look."""
    from app.audit import audit

    assert audit.flush(60)
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]
