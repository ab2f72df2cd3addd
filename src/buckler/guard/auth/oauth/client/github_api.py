"""Who somebody is at GitHub, which has no OpenID for sign-in: by its interface.

Threat: an address that is not the account's, or that nobody verified (CWE-290): the primary one of ``/user/emails`` counts,
if GitHub says that it is verified; the one of ``/user`` is what its owner likes to show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.oauth.client.errors import ProviderError, SignInError
from buckler.guard.auth.oauth.client.fetch import Fetcher
from buckler.guard.auth.oauth.client.identity import Claimed

VERSION: Final = "2022-11-28"


@dataclass(frozen=True, slots=True)
class GitHubApi:
    """GitHub's interface.

    Attributes:
        base: Its address.
        issuer: Of the identities.
    """

    base: str
    issuer: str

    async def claimed(self, fetcher: Fetcher, access_token: str) -> Claimed:
        """Who an access token was given for.

        Raises:
            ProviderError: GitHub cannot be reached, or answers what cannot be taken.
            SignInError: It does not say who.
        """
        user = await self._get(fetcher, "/user", access_token)
        number = user.get("id") if isinstance(user, dict) else None
        if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
            raise SignInError("subject", "GitHub does not say who somebody is")
        claimed = Claimed(issuer=self.issuer, subject=str(number))
        listed = await self._get(fetcher, "/user/emails", access_token)
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and one.get("primary") is True:
                verified = one.get("verified") is True
                return claimed.with_email({"email": one.get("email"), "email_verified": verified})
        return claimed

    async def _get(self, fetcher: Fetcher, path: str, access_token: str) -> Any:
        headers = {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {access_token}",
            "x-github-api-version": VERSION,
            "user-agent": "buckler",
        }
        answer = await fetcher.get(self.base + path, headers=headers)
        if answer.status_code in (401, 403, 404) and path == "/user/emails":
            return []  # without the scope user:email
        if answer.status_code != 200:
            raise ProviderError("userinfo", f"GitHub answered {answer.status_code}")
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise ProviderError("answer", "GitHub's answer is no JSON") from error
