"""Sends a report to a watch service: ``buckler scan --push URL``. The token comes by a variable, never as an argument."""

from __future__ import annotations

import json
import os
import sys
from urllib.parse import urlsplit

from buckler.core.errors import UsageError

TOKEN = "BUCKLER_WATCH_TOKEN"  # noqa: S105 - the name of a variable
SECONDS = 120.0


def check(url: str) -> str:
    """The token for an address to push to, both looked at before a scan that takes minutes.

    Raises:
        UsageError: One of them is missing or wrong, or what it takes is not installed.
    """
    try:
        import httpx2  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError("--push needs httpx2", hint="pip install 'buckler[http]'") from error
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise UsageError(
            "--push: the address must be https", hint="--push https://watch.example/api/targets/ID"
        )
    if not parts.path.startswith("/api/targets/"):
        raise UsageError(
            "--push: name the target", hint="--push https://watch.example/api/targets/ID"
        )
    token = os.environ.get(TOKEN, "")
    if not token:
        raise UsageError(f"--push needs a token in {TOKEN}", hint="one with the scope watch:scan")
    return token


def push(url: str, token: str, report: str) -> None:
    """Send a report.

    Args:
        url: Of the target.
        token: With the scope ``watch:scan``.
        report: As JSON.

    Raises:
        UsageError: It was not taken; why is told.
    """
    import httpx2

    address = url.rstrip("/") + "/reports"
    headers = {"X-API-Key": token, "Content-Type": "application/json"}
    try:
        answer = httpx2.post(address, content=report.encode(), headers=headers, timeout=SECONDS)
    except httpx2.HTTPError as error:
        raise UsageError(f"the report was not pushed: {error or type(error).__name__}") from error
    if answer.status_code != 201:
        raise UsageError(
            f"the report was not pushed: {answer.status_code} {_why(answer.text)}".strip()
        )
    told = json.loads(answer.text)
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(told["changes"].items()))
    sys.stderr.write(f"pushed: {told['note'] or listed or 'nothing changed'}\n")


def _why(text: str) -> str:
    try:
        return str(json.loads(text).get("title", ""))[:300]
    except (ValueError, AttributeError):
        return ""
