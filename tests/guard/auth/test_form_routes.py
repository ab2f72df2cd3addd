"""Sign-in by plain forms: the answers are pages of the site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from buckler.guard import AuthPolicy, GuardError
from tests.guard.auth.shop import GOOD, OTHER, Shop, opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path, sign_in_page="/enter?lang=en") as found:
        yield found


def send(shop: Shop, path: str, **fields: str) -> Any:
    return shop.client.post(f"/auth{path}", data=fields, follow_redirects=False)


def test_a_form_goes_on_to_the_page_that_was_wanted(shop: Shop) -> None:
    shop.account()
    wrong = send(shop, "/sign-in/form", name="ann@shop.example", password=OTHER, next="/orders?a=1")
    assert wrong.status_code == 303
    assert wrong.headers["location"] == "/enter?lang=en&failed=1&next=%2Forders%3Fa%3D1"
    assert "set-cookie" not in wrong.headers
    unknown = send(shop, "/sign-in/form", name="x@shop.example", password=OTHER, next="/orders?a=1")
    assert unknown.headers["location"] == wrong.headers["location"]
    right = send(shop, "/sign-in/form", name="ann@shop.example", password=GOOD, next="/orders?a=1")
    assert (right.status_code, right.headers["location"]) == (303, "/orders?a=1")
    assert shop.client.get("/auth/me").status_code == 200
    left = send(shop, "/sign-out/form", next="/bye")
    assert (left.status_code, left.headers["location"]) == (303, "/bye")
    assert shop.client.get("/auth/me").status_code == 401


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/%2f/evil.example", "x", ""],
)
def test_no_form_leads_to_another_site(shop: Shop, onward: str) -> None:
    shop.account()
    fields = {"name": "ann@shop.example", "password": GOOD, "next": onward}
    answer = send(shop, "/sign-in/form", **fields)
    assert answer.status_code == 422 or answer.headers["location"] == "/"
    assert send(shop, "/sign-out/form", next=onward).headers.get("location", "/") == "/"


def test_the_second_step_is_known_by_a_cookie_alone(shop: Shop) -> None:
    shop.account()
    shop.enter()
    app = pyotp.TOTP(shop.post("/factors/totp").json()["secret"])
    assert shop.post("/factors/totp/confirm", code=app.at(0)).status_code == 400
    confirmed = shop.post("/factors/totp/confirm", code=app.now()).json()
    shop.client.cookies.clear()
    first = send(shop, "/sign-in/form", name="ann@shop.example", password=GOOD, next="/orders")
    assert first.headers["location"] == "/enter?lang=en&step=code&next=%2Forders"
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("__Host-second-factor=")
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert shop.client.get("/auth/me").status_code == 401
    wrong = send(shop, "/second-factor/form", code="000000", next="/orders")
    assert wrong.headers["location"] == "/enter?lang=en&failed=1&next=%2Forders&step=code"
    code = confirmed["recovery_codes"][0]
    right = send(shop, "/second-factor/form", code=code, next="/orders")
    assert right.headers["location"] == "/orders"
    assert "__Host-second-factor=; Max-Age=0" in right.headers["set-cookie"]
    assert shop.client.get("/auth/me").status_code == 200
    shop.client.cookies.clear()
    without = send(shop, "/second-factor/form", code=confirmed["recovery_codes"][1])
    assert "failed=1" in without.headers["location"]


def test_other_sites_cannot_send_the_forms(shop: Shop) -> None:
    shop.account()
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/auth/sign-in/form", "/auth/second-factor/form", "/auth/sign-out/form"):
        fields = {"name": "ann@shop.example", "password": GOOD, "code": "1"}
        assert shop.client.post(path, data=fields, headers=foreign).status_code == 403


def test_without_a_page_there_are_none(tmp_path: Path) -> None:
    with opened(tmp_path) as found:
        assert send(found, "/sign-in/form", name="a", password=GOOD).status_code == 404


@pytest.mark.parametrize("page", ["sign-in", "//evil.example", "https://x.example"])
def test_a_page_is_a_path_of_the_site(page: str) -> None:
    with pytest.raises(GuardError) as told:
        AuthPolicy(sign_in_page=page)
    assert told.value.hint
