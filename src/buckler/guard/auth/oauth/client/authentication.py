"""How the application shows a provider who it is (RFC 6749, 2.3; OpenID Connect Core, 9; RFC 7523, 2.2).

Threat: a secret in an address (CWE-598), an assertion that counts at another provider (its audience is the issuer,
draft-ietf-oauth-rfc7523bis) or twice (RFC 7523, 3: ``jti``, and an end that is near).
"""

from __future__ import annotations

import base64
from urllib.parse import quote

from buckler.guard.auth.oauth.client.errors import ProviderError
from buckler.guard.auth.oauth.client.metadata import Metadata
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.auth.oauth.client_assertion import ASSERTION_TYPE, make_assertion


def credentials(
    provider: Provider, metadata: Metadata, now: float
) -> tuple[dict[str, str], dict[str, str]]:
    """What a request to the provider says of who sends it.

    Args:
        provider: Whom it goes to.
        metadata: Of that.
        now: Seconds since 1970.

    Returns:
        Fields of the form, and headers.

    Raises:
        ProviderError: The provider takes no way that the application has (``authentication``).
    """
    way = _way(provider, metadata)
    if way == "none":
        return {"client_id": provider.client_id}, {}
    if way == "private_key_jwt" and provider.key is not None:
        to = metadata.issuer if provider.assertion_audience == "issuer" else metadata.token_endpoint
        assertion = make_assertion(provider.client_id, to, provider.key, now)
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return {"client_id": provider.client_id, **form}, {}
    secret = provider.client_secret
    text = secret(now) if callable(secret) else str(secret)
    if way == "client_secret_post":
        return {"client_id": provider.client_id, "client_secret": text}, {}
    # Blanks as %20: some servers decode the form of RFC 6749, 2.3.1, without its plus signs.
    pair = f"{quote(provider.client_id, safe='')}:{quote(text, safe='')}".encode("ascii")
    return {}, {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _way(provider: Provider, metadata: Metadata) -> str:
    if provider.authentication is not None:
        return provider.authentication
    if provider.key is not None:
        return "private_key_jwt"
    if provider.client_secret is None:
        return "none"
    taken = metadata.authentication
    for way in ("client_secret_basic", "client_secret_post"):
        if way in taken:
            return way
    raise ProviderError("authentication", "the provider takes no client secret")
