"""Requests that a page of another site posts: the browser leaves the cookies out (RFC 6265bis, 5.5: ``SameSite=Lax``)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from buckler.guard import OAuthClient
from tests.guard.auth.oauth.browser import chromium
from tests.guard.auth.oauth.interop.running import running
from tests.guard.auth.oauth.op import BYE, flow
from tests.guard.auth.oauth.scene import NAME, WEB, Scene, basic, challenge, opened, sent
from tests.guard.auth.oauth.test_popup import client_pages, serving
from tests.guard.auth.shop import GOOD

SENT = """([action, fields]) => {
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action })
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
  }
  document.body.append(form)
  form.submit()
}"""


def posted(page: Any, address: str, action: str, fields: dict[str, str]) -> dict[str, str]:
    """Where a form of the client's page leads, with what it brings."""
    page.goto(f"{address}/")
    page.evaluate(SENT, [action, fields])
    page.wait_for_url(f"{address}/back*")
    return came(page)


def came(page: Any) -> dict[str, str]:
    found = parse_qs(urlsplit(page.url).query)
    return {name: value for name, (value,) in found.items()}


CLIENT = replace(WEB, post_logout_redirect_uris=[BYE])
OTHERS = {"Cookie": "theme=dark", "Sec-Fetch-Site": "cross-site"}
"""What comes with such a form: no cookie of the server's own."""


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(CLIENT) as found:
        found.account()
        yield found


def test_a_request_without_cookies_is_asked_for_again(scene: Scene) -> None:
    flow(scene, CLIENT)
    asked: dict[str, Any] = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": CLIENT.redirect_uris[0],
        "scope": "openid",
        "prompt": "none",
        "resource": ["https://api.example/orders", "https://api.example/other"],
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    first = scene.form("/oauth/authorize", OTHERS, **asked)
    # Nothing is left with the browser: another of its windows may be in the middle of a sign-in.
    assert first.status_code == 303 and "set-cookie" not in first.headers
    where = urlsplit(first.headers["location"])
    assert (where.netloc, where.path) == ("", "/oauth/authorize")
    assert parse_qs(where.query) == {
        name: value if isinstance(value, list) else [value] for name, value in asked.items()
    }
    # What is wrong whoever is signed in is said at once.
    wrong = scene.form("/oauth/authorize", OTHERS, **{**asked, "scope": "nobody:knows"})
    assert sent(wrong)["error"] == "invalid_scope"
    # Too long for an address: it is answered as it came.
    long = scene.form("/oauth/authorize", OTHERS, **asked, x="a" * 2_000, y="a" * 2_000)
    assert sent(long)["error"] == "login_required"


def test_a_pushed_request_without_cookies_is_not_used_up(scene: Scene) -> None:
    flow(scene, CLIENT)
    asked = {
        "response_type": "code",
        "redirect_uri": CLIENT.redirect_uris[0],
        "scope": "openid",
        "prompt": "none",
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    pushed = scene.form("/oauth/par", basic(CLIENT), **asked).json()["request_uri"]
    again = scene.form("/oauth/authorize", OTHERS, client_id="web", request_uri=pushed)
    assert again.headers["location"].startswith("/oauth/authorize?")
    assert "code" in sent(scene.follow(again))


def test_a_sign_out_without_cookies_is_no_redirect_alone(scene: Scene) -> None:
    hint = flow(scene, CLIENT)["id_token"]
    leaving = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "gone"}
    again = scene.form("/oauth/logout", OTHERS, **leaving)
    assert again.headers["location"].startswith("/oauth/logout?")
    gone = scene.follow(again)
    assert gone.headers["location"] == f"{BYE}?state=gone"
    assert scene.browser.cookies.get("__Host-session") is None


def test_a_sign_out_that_is_too_long_for_an_address_asks(scene: Scene) -> None:
    hint = flow(scene, CLIENT)["id_token"]
    leaving = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "s" * 2_040}
    answer = scene.form("/oauth/logout", OTHERS, **leaving, ui_locales="d" * 2_000)
    assert "id_token_hint" in answer.headers["location"]
    leaving["state"] = "\u00e9" * 600
    answer = scene.form("/oauth/logout", OTHERS, **leaving)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query == {
        "client_id": ["web"],
        "post_logout_redirect_uri": [BYE],
        "state": ["\u00e9" * 600],
    }
    page = scene.follow(answer)
    assert 'name="decision"' in page.text
    assert scene.browser.cookies.get("__Host-session")


def test_a_sign_out_to_nowhere_that_is_registered_leads_nowhere(scene: Scene) -> None:
    hint = flow(scene, CLIENT)["id_token"]
    wrong = {"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"}
    answer = scene.form("/oauth/logout", OTHERS, **wrong)
    assert answer.status_code == 400 and "location" not in answer.headers


@pytest.mark.slow
def test_a_form_of_another_site_asks_and_signs_out() -> None:
    """OpenID Connect Core 1.0, 3.1.2.1; RP-Initiated Logout 1.0, 2: by POST as by GET."""
    import httpx2

    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Another site than the server's, which is at 127.0.0.1.
        address = f"http://localhost:{listener.getsockname()[1]}"
        back = f"{address}/back"
        client = OAuthClient(
            id="page", name="Page", redirect_uris=[back], post_logout_redirect_uris=[back]
        )
        asked = {
            "client_id": "page",
            "response_type": "code",
            "redirect_uri": back,
            "scope": "openid",
            "state": "the-state",
            "code_challenge": challenge("v" * 43),
            "code_challenge_method": "S256",
        }
        with client_pages(listener), running(client) as server, chromium() as browser:
            page = browser.new_context().new_page()
            authorize = f"{server.issuer}/oauth/authorize"
            page.goto(f"{authorize}?{urlencode(asked)}")
            page.fill("#name", NAME)
            page.fill("#password", GOOD)
            for button, step in (
                ("button:not(.quiet)", "sign-in"),
                ("button[value=allow]", "consent"),
            ):
                with page.expect_request(f"{server.issuer}/oauth/{step}") as form:
                    page.click(button)
                # Browsers without Fetch Metadata say by this alone that it is the server's own page.
                assert form.value.all_headers()["origin"] == server.issuer
            page.wait_for_url(f"{back}?*")
            code = came(page)["code"]
            tokens = httpx2.post(
                f"{server.issuer}/oauth/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": "page",
                    "code": code,
                    "redirect_uri": back,
                    "code_verifier": "v" * 43,
                },
            ).json()
            # Who is signed in is so for a form as well.
            answer = posted(page, address, authorize, {**asked, "prompt": "none"})
            assert answer.get("code") and answer["state"] == "the-state", answer
            # And a form ends it: not the redirect alone.
            leaving = {
                "id_token_hint": tokens["id_token"],
                "post_logout_redirect_uri": back,
                "state": "gone",
            }
            assert posted(page, address, f"{server.issuer}/oauth/logout", leaving) == {
                "state": "gone"
            }
            page.goto(f"{authorize}?{urlencode({**asked, 'prompt': 'none'})}")
            page.wait_for_url(f"{back}?*")
            assert came(page).get("error") == "login_required", page.url


def onward(listener: socket.socket, to: str) -> AbstractContextManager[None]:
    """A client that goes on to another host, as what signs in for others does."""

    async def back(request: Request) -> Response:
        sent_to = await request.form() if request.method == "POST" else request.query_params
        return RedirectResponse(f"{to}/back?{urlencode(sent_to)}", 303)

    return serving(Starlette(routes=[Route("/cb", back, methods=["GET", "POST"])]), listener)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_client_goes_on_to_another_host(mode: str) -> None:
    """CSP3, 6.4.1: what a page allows its forms holds for every redirect behind them."""
    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        socket.create_server(("127.0.0.1", 0)) as second,
    ):
        address = f"http://localhost:{first.getsockname()[1]}/cb"
        end = f"http://localhost:{second.getsockname()[1]}"
        asked = {
            "client_id": "broker",
            "response_type": "code",
            "response_mode": mode,
            "redirect_uri": address,
            "scope": "openid",
            "code_challenge": challenge("v" * 43),
            "code_challenge_method": "S256",
        }
        client = OAuthClient(
            id="broker",
            redirect_uris=[address],
            post_logout_redirect_uris=[address],
        )
        with (
            onward(first, end),
            client_pages(second),
            running(client) as server,
            chromium() as browser,
        ):
            page = browser.new_context().new_page()
            page.goto(f"{server.issuer}/oauth/authorize?{urlencode(asked)}")
            page.fill("#name", NAME)
            page.fill("#password", GOOD)
            page.click("button:not(.quiet)")
            page.click("button[value=allow]")
            page.wait_for_url(f"{end}/back?*", timeout=10_000)
            assert came(page)["code"]
            # Agreed to: the form of the password leads there by itself.
            page.context.clear_cookies()
            page.goto(f"{server.issuer}/oauth/authorize?{urlencode(asked)}")
            page.fill("#name", NAME)
            page.fill("#password", GOOD)
            page.click("button:not(.quiet)")
            page.wait_for_url(f"{end}/back?*", timeout=10_000)
            assert came(page)["code"]
            leaving = {"client_id": "broker", "post_logout_redirect_uri": address, "state": "gone"}
            page.goto(f"{server.issuer}/oauth/logout?{urlencode(leaving)}")
            page.click("button:not(.quiet)")
            page.wait_for_url(f"{end}/back?state=gone", timeout=10_000)
