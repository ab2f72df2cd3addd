"""Calls providers: through egress, bounded in size and time, no redirect followed.

Threat: a provider, or its metadata, that leads the application inside (CWE-918), an answer without an end (CWE-400),
a redirect that takes a client's secret along (CWE-522).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.oauth.client.errors import ProviderError
from buckler.guard.egress.errors import EgressRefused
from buckler.guard.egress.policy import EgressPolicy

MAX_BYTES: Final = 512 * 1024
TIMEOUT: Final = 10.0
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered.

    Attributes:
        status_code: Of HTTP.
        headers: By name.
        content: The body.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Mapping[str, Any]:
        """The body as an object.

        Raises:
            ProviderError: It is none (``answer``).
        """
        try:
            return json_object.read(self.content)
        except (ValueError, RecursionError) as error:
            raise ProviderError("answer", "the provider's answer is no JSON object") from error


class Fetcher:
    """Gets and posts.

    Args:
        policy: Which addresses may be called.
        ssl_context: For a provider with a private CA.
    """

    def __init__(self, policy: EgressPolicy, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._given = ssl_context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given or ssl.create_default_context()

    async def get(self, url: str, *, headers: Any = None) -> Answer:
        """Get an address.

        Raises:
            ProviderError: It cannot be reached, or may not be (``unreachable``).
        """
        return await self._ask("GET", url, dict(headers or {}), None)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post a form.

        Raises:
            ProviderError: As of :meth:`get`.
        """
        sent = {"accept": "application/json", **(headers or {}), "content-type": FORM}
        return await self._ask("POST", url, sent, urlencode(form).encode("ascii"))

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> Answer:
        import httpx2

        from buckler.guard.egress import async_safe_client

        client = async_safe_client(
            self._policy, ssl_context=self._context, connections=1, follow_redirects=False
        )
        try:
            async with client:
                answer = await client.request(method, url, headers=headers, content=content)
        except (httpx2.HTTPError, EgressRefused, OSError) as error:
            raise ProviderError(
                "unreachable", f"the provider cannot be reached: {type(error).__name__}"
            ) from error
        return Answer(answer.status_code, answer.headers, answer.content)
