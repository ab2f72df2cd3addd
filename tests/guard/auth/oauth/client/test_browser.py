"""Sign-in with npm's oidc-provider in a real browser, from a page whose forms may lead to its own site alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from buckler.guard import (
    AuthPolicy,
    ContentSecurityPolicy,
    EgressPolicy,
    Guard,
    HeaderPolicy,
    Principal,
    Provider,
    SignInWith,
    optional,
)
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.browser import chromium
from tests.guard.auth.oauth.client.node import running
from tests.waiting import until

pytestmark = pytest.mark.slow
POLICY = ContentSecurityPolicy(form_action=("'self'",), img_src=("data:",))
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="data:,"></head><body><p id="who">{who}</p>
<a id="in" href="/auth/with/op?next=/account">Sign in</a>
<form method="post" action="/auth/with/op/step-up"><input type="hidden" name="next" value="/again">
<button id="again">Again</button></form>
<form method="post" action="/auth/with/sign-out"><input type="hidden" name="next" value="/bye">
<button id="out">Sign out</button></form></body></html>"""


@contextmanager
def served(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def shop(address: str, issuer: str, database: str) -> FastAPI:
    """A page of an application, with a strict policy."""
    app = FastAPI(openapi_url=None)
    guard = Guard(
        app,
        secret=SECRET,
        database=database,
        auth=AuthPolicy(base_url=address, sign_in_page="/sign-in"),
        headers=HeaderPolicy(content_security_policy=POLICY),
    )
    loopback = EgressPolicy(
        allow_networks=["127.0.0.1/32"],
        ports=[int(issuer.rpartition(":")[2])],
        schemes=["http"],
    )
    known = Provider("op", issuer=issuer, client_id="op", client_secret="of the client")
    app.include_router(SignInWith(guard.identities, known, egress=loopback).router())

    @app.get("/{path:path}")
    async def page(path: str, me: Annotated[Principal | None, optional]) -> HTMLResponse:
        return HTMLResponse(PAGE.format(who=me.name.partition(":")[0] if me else "nobody"))

    return app


def test_there_and_back_and_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://localhost:{listener.getsockname()[1]}"
        client = {
            "client_id": "op",
            "client_secret": "of the client",
            "redirect_uris": [f"{address}/auth/with/op/callback"],
            "post_logout_redirect_uris": [f"{address}/auth/with/signed-out"],
        }
        with running("provider.mjs", {"clients": [client]}) as issuer:
            app = shop(address, issuer, f"sqlite+aiosqlite:///{tmp_path}/shop.db")
            with served(app, listener), chromium() as browser:
                walk(browser.new_context(), address)


def walk(context: Any, address: str) -> None:
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.text} {message.location}"))
    page.goto(f"{address}/")
    assert page.inner_text("#who") == "nobody"
    page.click("#in")
    page.wait_for_url(f"{address}/account")
    assert page.inner_text("#who") == "op"
    cookies = {one["name"]: one for one in context.cookies(address)}
    assert "__Host-with-op" not in cookies
    session = cookies["__Host-session"]
    assert (session["httpOnly"], session["secure"], session["sameSite"]) == (True, True, "Lax")
    page.click("#again")
    page.wait_for_url(f"{address}/again")
    after = {one["name"]: one["value"] for one in context.cookies(address)}
    assert after["__Host-session"] != session["value"]
    page.click("#out")
    page.click("button[value=yes]")  # the provider asks whether to sign out there, too
    page.wait_for_url(f"{address}/bye")
    assert page.inner_text("#who") == "nobody"
    # What the provider's own page asks for is its own affair.
    ours = [text for text in said if address in text and "Clear-Site-Data" not in text]
    assert ours == []
