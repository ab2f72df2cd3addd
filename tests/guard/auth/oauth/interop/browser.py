"""A browser without script for tests: it follows redirects, keeps cookies, and fills in the server's pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.guard.auth.oauth.scene import NAME, action, hidden
from tests.guard.auth.shop import GOOD


class Browser:
    """One person at one browser.

    Cookies are kept whatever their attributes are: on loopback browsers take those that are ``Secure``, too.

    Args:
        name: Whom it signs in.
        stops: Beginnings of addresses that it does not open: a client's, that nobody listens on.
    """

    def __init__(self, name: str = NAME, *stops: str) -> None:
        self._name = name
        self._stops = stops
        self._cookies: dict[tuple[str, str], str] = {}
        self._http = httpx2.Client(follow_redirects=False, timeout=20)

    def close(self) -> None:
        self._http.close()

    def visit(self, url: str, method: str = "GET", data: Any = None) -> tuple[str, Any]:
        """Go to an address and on, through sign-in and agreement; where it ends, and what is there."""
        for _ in range(20):
            if url.startswith(self._stops):
                return url, None
            answer = self._send(method, url, data)
            method, data = "GET", None
            if answer.is_redirect:
                url = urljoin(url, answer.headers["location"])
                continue
            page = answer.text
            if 'type="password"' in page and answer.status_code == 200:
                data = {**hidden(page), "name": self._name, "password": GOOD}
            elif 'name="decision"' in page and answer.status_code == 200:
                wanted = "yes" if 'value="yes"' in page else "allow"
                data = {**hidden(page), "decision": wanted}
            else:
                return url, answer
            method, url = "POST", urljoin(url, action(page))
        raise AssertionError(f"no end of redirects at {url}")

    def open(self, url: str) -> Any:
        """What is at an address; nothing is followed or filled in."""
        return self._send("GET", url, None)

    def _send(self, method: str, url: str, data: Any) -> Any:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}"
        cookies = "; ".join(f"{k[1]}={v}" for k, v in self._cookies.items() if k[0] == host)
        headers = {"Cookie": cookies} if cookies else {}
        if method == "POST":
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        answer = self._http.request(method, url, data=data, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line or "01 Jan 1970" in line:
                self._cookies.pop((host, name.strip()), None)
            else:
                self._cookies[host, name.strip()] = value
        return answer
