"""A page of another site signs in by a window of its own: what is lost on the way, and what comes back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from buckler.guard import OAuthClient
from tests.guard.auth.oauth.browser import chromium
from tests.guard.auth.oauth.interop.running import running
from tests.guard.auth.oauth.scene import NAME, challenge
from tests.guard.auth.shop import GOOD

pytestmark = pytest.mark.slow
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="icon" href="data:,"></head><body><button id="in">Sign in</button><p id="said"></p><script>
const to = new URLSearchParams(location.search).get('to')
new BroadcastChannel('sign-in').onmessage = (event) => {
  document.getElementById('said').textContent = JSON.stringify(event.data)
}
addEventListener('message', () => { window.told = true })
document.getElementById('in').onclick = () => { window.popup = open(to, '', 'popup,width=500,height=600') }
</script></body></html>"""
BACK = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Back</title>
<link rel="icon" href="data:,"></head><body><script>
if (opener) opener.postMessage('here', location.origin)
new BroadcastChannel('sign-in').postMessage({ query: location.search, opener: opener !== null })
close()
</script></body></html>"""


@contextmanager
def serving(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """An application that runs meanwhile."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def client_pages(listener: socket.socket) -> AbstractContextManager[None]:
    """The pages of a client, with no header that guard would set."""

    async def page(request: Request) -> Response:
        return HTMLResponse(BACK if request.url.path == "/callback" else PAGE)

    app = Starlette(routes=[Route("/", page), Route("/callback", page), Route("/back", page)])
    return serving(app, listener)


def test_it_comes_back_by_a_channel_of_its_own_origin() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Another site than the server's, which is at 127.0.0.1.
        address = f"http://localhost:{listener.getsockname()[1]}"
        page = OAuthClient(id="page", name="Page", redirect_uris=[f"{address}/callback"])
        with (
            client_pages(listener),
            running(page) as server,
            chromium() as browser,
        ):
            context = browser.new_context()
            walk(context, address, server.issuer, signed_in=False)
            walk(context, address, server.issuer, signed_in=True)


def walk(context: Any, address: str, issuer: str, *, signed_in: bool) -> None:
    asked = {
        "client_id": "page",
        "response_type": "code",
        "redirect_uri": f"{address}/callback",
        "scope": "openid",
        "state": "the-state",
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    page = context.new_page()
    page.goto(f"{address}/?{urlencode({'to': f'{issuer}/oauth/authorize?{urlencode(asked)}'})}")
    with context.expect_page() as opened:
        page.click("#in")
    popup = opened.value
    if not signed_in:
        popup.fill("#name", NAME)
        # The page that opened the window has no handle on it: it can neither see nor lead it elsewhere.
        assert page.evaluate("popup.closed")
        popup.fill("#password", GOOD)
        popup.click("button:not(.quiet)")
        popup.click("button[value=allow]")
    page.wait_for_function("document.getElementById('said').textContent")
    said = page.evaluate("JSON.parse(document.getElementById('said').textContent)")
    answer = {name: one for name, (one,) in parse_qs(said["query"][1:]).items()}
    assert answer["state"] == "the-state" and answer["iss"] == issuer and answer["code"]
    assert said["opener"] is False
    assert not page.evaluate("window.told === true")
    if not popup.is_closed():
        popup.wait_for_event("close", timeout=5_000)
    page.close()
