"""Everything that is asked of one provider.

Threat: a code that is redeemed where it was not issued, an answer for somebody else (OpenID Connect Core, 5.3.2: the
subject of the claims is that of the ID token), a bound token that is used as a bearer's (RFC 9449, 7.1).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from buckler.guard.audit.events import Listener
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.oauth.client.authentication import credentials
from buckler.guard.auth.oauth.client.discovery import Discovery
from buckler.guard.auth.oauth.client.dpop_proof import NONCE, Proofs
from buckler.guard.auth.oauth.client.errors import ProviderError, SignInError
from buckler.guard.auth.oauth.client.fetch import Answer, Fetcher
from buckler.guard.auth.oauth.client.flow import Flow
from buckler.guard.auth.oauth.client.id_token import Expected, judge, signed, subject_of
from buckler.guard.auth.oauth.client.identity import Claimed
from buckler.guard.auth.oauth.client.metadata import Metadata
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.auth.oauth.client.token_response import Tokens, error_of, read_tokens
from buckler.guard.auth.oauth.pkce import challenge_of

if TYPE_CHECKING:
    from buckler.guard.auth.jwt.key import SigningKey

ID_TOKEN: Final = frozenset(("jwt", ""))
LONGEST: Final = 4_096
"""Characters of a code, or of a reference to a pushed request."""
log: Final = logging.getLogger("buckler.guard")


class Connection:
    """Calls to one provider.

    Args:
        provider: Which.
        fetcher: Calls.
        redirect_uri: Where it sends browsers back to.
        keys: For tokens that are bound to a key, newest first.
        events: Told of what goes wrong with its keys.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        provider: Provider,
        fetcher: Fetcher,
        *,
        redirect_uri: str,
        keys: Sequence[SigningKey],
        events: Listener,
        clock: Callable[[], float],
    ) -> None:
        self.provider = provider
        self.redirect_uri = redirect_uri
        self.proofs = Proofs(keys)
        self._fetcher = fetcher
        self._clock = clock
        self._discovery = Discovery(provider, fetcher, events=events, clock=clock)

    async def metadata(self) -> Metadata:
        """What the provider says of itself.

        Raises:
            ProviderError: It cannot be reached, or says what cannot be taken.
        """
        return await self._discovery.metadata()

    async def authorize(self, flow: Flow, state: str) -> str:
        """Where a browser is sent.

        Raises:
            ProviderError: The provider cannot be reached, or refused the pushed request.
        """
        metadata = await self.metadata()
        fields = self._request(flow, state)
        pushed = self.provider.pushed
        wanted = bool(metadata.pushed_endpoint) if pushed is None else pushed
        if wanted or metadata.requires_pushed:
            fields = await self._push(metadata, fields)
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{mark}{urlencode(fields)}"

    async def redeem(self, flow: Flow, code: str) -> tuple[Tokens, Claimed]:
        """Who a code was issued for, and the tokens that it gives.

        Raises:
            ProviderError: The provider cannot be reached, or gave none.
            SignInError: What it says does not count.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": flow.verifier,
        }
        tokens = await self._tokens(form)
        if self.provider.api is not None:
            return tokens, await self.provider.api.claimed(self._fetcher, tokens.access_token)
        expected = Expected(
            now=self._clock(),
            nonce=flow.nonce,
            access_token=tokens.access_token,
            started=flow.started,
            max_age=flow.max_age,
        )
        claimed = await self.identify(tokens, expected)
        return tokens, await self._completed(claimed, tokens.access_token)

    async def identify(self, tokens: Tokens, expected: Expected) -> Claimed:
        """Who an ID token says that somebody is.

        Raises:
            ProviderError: The provider has no keys, or gave no ID token.
            SignInError: The token does not count.
        """
        if not tokens.id_token:
            raise SignInError("missing", "the provider gave no ID token")
        values, algorithm = await self.verified(tokens.id_token, ID_TOKEN)
        return judge(values, algorithm, self.provider, expected)

    async def verified(self, token: str, types: frozenset[str]) -> tuple[Mapping[str, Any], str]:
        """The claims of a token whose signature is the provider's, and its algorithm.

        Raises:
            ProviderError: The provider has no keys.
            SignInError: It is not.
        """
        allowed = self._discovery.allowed(await self.metadata())
        try:
            return await signed(token, await self._discovery.keys(), allowed, types)
        except TokenError as error:
            raise SignInError(f"token_{error.reason}", error.message) from error

    async def refresh(self, refresh_token: str, jkt: str) -> Tokens:
        """New tokens.

        Args:
            refresh_token: That is used.
            jkt: Thumbprint of the key that it may be bound to; empty for none.

        Raises:
            ProviderError: The provider cannot be reached, or gave none.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self._tokens(form, jkt)

    async def revoke(self, token: str) -> None:
        """Let a token count no more at the provider, if it takes that; what fails is written down alone."""
        try:
            metadata = await self.metadata()
            if metadata.revocation_endpoint:
                form, headers = credentials(self.provider, metadata, self._clock())
                sent = {"token": token, **form}
                await self._fetcher.post(metadata.revocation_endpoint, sent, headers)
        except ProviderError as error:
            log.warning("a token was not revoked at %s: %s", self.provider.name, error.reason)

    def _request(self, flow: Flow, state: str) -> dict[str, str]:
        provider = self.provider
        fields = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": state,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
            **provider.parameters,
        }
        if provider.is_openid:
            fields["nonce"] = flow.nonce
        if provider.response_mode == "form_post":
            fields["response_mode"] = "form_post"
        if flow.max_age is not None:
            fields["max_age"] = str(int(flow.max_age))
        prompt = "login" if flow.purpose == "step_up" else provider.prompt
        if prompt:
            fields["prompt"] = prompt
        if provider.acr:
            fields["acr_values"] = " ".join(provider.acr)
        if provider.dpop:
            fields["dpop_jkt"] = self.proofs.newest
        return fields

    async def _push(self, metadata: Metadata, fields: dict[str, str]) -> dict[str, str]:
        """Give the provider the request itself (RFC 9126); the browser carries a reference alone."""
        if not metadata.pushed_endpoint:
            raise ProviderError("metadata", "the provider takes no pushed requests")
        form, headers = credentials(self.provider, metadata, self._clock())
        answer = await self._posted(metadata.pushed_endpoint, {**fields, **form}, headers, "")
        if answer.status_code >= 500:
            raise ProviderError("unreachable", f"the provider answered {answer.status_code}")
        found = answer.json()
        if answer.status_code not in (200, 201):
            error = error_of(found.get("error"))
            raise ProviderError("refused", "the provider refused the request", error)
        reference = found.get("request_uri")
        if not isinstance(reference, str) or not 0 < len(reference) <= LONGEST:
            raise ProviderError("answer", "the provider gave no reference to the request")
        return {"client_id": self.provider.client_id, "request_uri": reference}

    async def _tokens(self, form: Mapping[str, str], jkt: str = "") -> Tokens:
        metadata = await self.metadata()
        proved, headers = credentials(self.provider, metadata, self._clock())
        url = metadata.token_endpoint
        answer = await self._posted(url, {**form, **proved}, headers, jkt)
        return read_tokens(answer, dpop=self.provider.dpop)

    async def _posted(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str], jkt: str
    ) -> Answer:
        """Post, with a proof where tokens are bound; once more where the provider gives a nonce for it."""
        if not self.provider.dpop:
            return await self._fetcher.post(url, form, headers)

        async def ask() -> Answer:
            # A client assertion counts once, and a first request that lacked a nonce has not used it up.
            proof = self.proofs.proof("POST", url, now=self._clock(), jkt=jkt)
            return await self._fetcher.post(url, form, {**headers, "dpop": proof})

        answer = await ask()
        if self.proofs.learn(url, answer.headers.get(NONCE)) and answer.status_code in (400, 401):
            if answer.json().get("error") == "use_dpop_nonce":
                form = {**form, **self._anew(await self.metadata(), form)}
                answer = await ask()
                self.proofs.learn(url, answer.headers.get(NONCE))
        return answer

    def _anew(self, metadata: Metadata, form: Mapping[str, str]) -> Mapping[str, str]:
        if "client_assertion" not in form:
            return {}
        return credentials(self.provider, metadata, self._clock())[0]

    async def _completed(self, claimed: Claimed, access_token: str) -> Claimed:
        """With the address that the provider tells of its user, where the ID token has none."""
        if claimed.email or "email" not in self.provider.scopes:
            return claimed
        url = (await self.metadata()).userinfo_endpoint
        if not url:
            return claimed
        answer = await self._userinfo(url, access_token)
        if answer.status_code != 200:
            raise ProviderError("userinfo", f"the provider answered {answer.status_code}")
        found = answer.json()
        if subject_of(found) != claimed.subject:
            raise SignInError("userinfo", "the claims are about somebody else than the ID token")
        return claimed.with_email(found)

    async def _userinfo(self, url: str, access_token: str) -> Answer:
        async def ask() -> Answer:
            return await self._fetcher.get(url, headers=self.bearing("GET", url, access_token))

        answer = await ask()
        if self.provider.dpop and self.proofs.learn(url, answer.headers.get(NONCE)):
            if answer.status_code == 401:
                answer = await ask()
        return answer

    def bearing(self, method: str, url: str, access_token: str, jkt: str = "") -> dict[str, str]:
        """The headers of a request that shows an access token."""
        if not self.provider.dpop:
            return {"accept": "application/json", "authorization": f"Bearer {access_token}"}
        proof = self.proofs.proof(
            method, url, now=self._clock(), jkt=jkt, access_token=access_token
        )
        return {
            "accept": "application/json",
            "authorization": f"DPoP {access_token}",
            "dpop": proof,
        }
