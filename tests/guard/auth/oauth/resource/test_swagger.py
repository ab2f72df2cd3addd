"""Swagger UI in a real browser signs in by code and PKCE, under the policy of the page, and calls a route."""

import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import FastAPI

from buckler.guard import (
    AccessToken,
    AuthorizationServer,
    AuthPolicy,
    Guard,
    LocalIssuer,
    MemoryStores,
    OAuthClient,
    OAuthPolicy,
    ResourceServer,
)
from tests.guard.access.shop import SECRET
from tests.guard.auth.shop import GOOD, QUICK

pytestmark = pytest.mark.slow

NAME = "ann@mail.example"


@contextmanager
def served() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    place = f"http://127.0.0.1:{listener.getsockname()[1]}"

    @asynccontextmanager
    async def started(_: FastAPI) -> AsyncIterator[None]:
        await guard.identities.add_account(NAME, password=GOOD, verified=True)
        yield

    oauth = {"clientId": "docs", "usePkceWithAuthorizationCodeGrant": True}
    app = FastAPI(lifespan=started, swagger_ui_init_oauth={**oauth, "scopes": "orders:read"})
    guard = Guard(
        app,
        secret=SECRET,
        database=MemoryStores(),
        auth=AuthPolicy(base_url=place, hashing=QUICK, ways=["session"]),
        docs="public",
        rate=None,
    )
    client = OAuthClient(
        id="docs",
        name="The documentation",
        redirect_uris=[f"{place}/docs/oauth2-redirect"],
        scopes=["orders:read"],
    )
    server = AuthorizationServer(
        guard.identities,
        place,
        clients=[client],
        policy=OAuthPolicy(scopes={"orders:read": "See your orders"}),
    )
    app.include_router(server.router())
    api = ResourceServer(place, LocalIssuer(server), scopes={"orders:read": "See orders"})

    @app.get("/orders")
    async def orders(token: Annotated[AccessToken, api.requires("orders:read")]) -> str:
        return f"orders for {token.client}"

    config = uvicorn.Config(app, log_level="warning", server_header=False)
    process = uvicorn.Server(config)
    thread = threading.Thread(target=process.run, args=([listener],), daemon=True)
    thread.start()
    try:
        for _ in range(2_000):
            if process.started or not thread.is_alive():
                break
            time.sleep(0.01)
        assert process.started
        yield place
    finally:
        process.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=flags)
        yield opened
        opened.close()


def test_swagger_ui_signs_in_by_code_and_pkce(browser: Any) -> None:
    with served() as place:
        page = browser.new_context().new_page()
        page.set_default_timeout(60_000)
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.context.on("request", lambda request: asked.append(request.url))
        page.goto(f"{place}/docs")
        page.click("button.authorize")
        with page.expect_popup() as opened:
            page.click(".auth-btn-wrapper button.authorize")
        popup = opened.value
        popup.fill("input[name=name]", NAME)
        popup.fill("input[name=password]", GOOD)
        popup.click("button[type=submit], button:not([type])")
        popup.click("button[name=decision][value=allow]")
        page.wait_for_selector(".auth-btn-wrapper button:has-text('Logout')")
        page.click(".btn-done")
        page.click("#operations-default-orders_orders_get .opblock-summary-control")
        page.click(".try-out__btn")
        page.click(".execute")
        answer = page.wait_for_selector(".live-responses-table tbody .response-col_description")
        assert "orders for docs" in answer.inner_text()
    authorization = next(url for url in asked if "/oauth/authorize?" in url)
    assert "code_challenge_method=S256" in authorization and "response_type=code" in authorization
    assert [text for text in said if "Security" in text] == []
