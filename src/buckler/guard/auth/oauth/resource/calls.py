"""Calls an issuer: through egress, bounded in size and time, no redirect followed.

Threat: metadata that leads the application inside (CWE-918), a redirect that takes a token or a secret along
(CWE-522), an answer without an end (CWE-400).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.oauth.resource.access_token import unavailable
from buckler.guard.auth.oauth.resource.addresses import TIMEOUT, policy_for
from buckler.guard.egress.authorities import Authorities
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, instance

MAX_BYTES: Final = 64 * 1024
_FORM: Final = "application/x-www-form-urlencoded"


class Calls:
    """Gets and posts.

    Args:
        client: Of httpx2 or httpx, where the application has one; else one of egress for each call.
        egress: What may be called, for an issuer inside; else public addresses over https.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_authorities", "_client", "_egress")

    def __init__(self, client: Any = None, egress: EgressPolicy | None = None) -> None:
        if client is not None and not callable(getattr(client, "request", None)):
            raise GuardError(
                "client has no request(...)", hint="leave it out, or client=httpx2.AsyncClient()"
            )
        instance(egress, "egress", EgressPolicy)
        self._authorities = Authorities()
        self._client = client
        self._egress = egress

    async def get(self, url: str) -> tuple[int, Mapping[str, Any]]:
        """Status and object of an answer; of another one than 200 an empty one.

        Raises:
            OAuthError: 503: there is no answer, or none that can be taken.
        """
        return await self._ask("GET", url, {}, None)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, Any]]:
        """The same of a form that is sent.

        Raises:
            OAuthError: As of :meth:`get`.
        """
        sent = {**headers, "content-type": _FORM}
        return await self._ask("POST", url, sent, urlencode(form).encode("ascii"))

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> tuple[int, Mapping[str, Any]]:
        import anyio

        options = {"headers": {"accept": "application/json", **headers}, "content": content}
        try:
            with anyio.fail_after(TIMEOUT):
                answer = await self._sent(method, url, options)
            if answer.status_code != 200:
                return answer.status_code, {}
            if len(answer.content) > MAX_BYTES:
                raise ValueError("too large")
            return 200, json_object.read(answer.content)
        except Exception as error:  # clients differ in what they raise; whoever asked is told 503
            raise unavailable(
                "unreachable", f"the issuer gives no answer: {type(error).__name__}"
            ) from error

    async def _sent(self, method: str, url: str, options: dict[str, Any]) -> Any:
        options["follow_redirects"] = False
        if self._client is not None:
            return await self._client.request(method, url, **options)
        from buckler.guard.egress import async_safe_client

        policy = self._egress or policy_for(url, MAX_BYTES)
        trusted = await self._authorities.context()
        async with async_safe_client(policy, ssl_context=trusted, connections=1) as client:
            return await client.request(method, url, **options)
