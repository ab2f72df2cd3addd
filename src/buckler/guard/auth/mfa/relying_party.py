"""For which site passkeys count: taken from the configured address, never from a request.

Threat: a passkey that a site of somebody else can ask for, or a server that believes whatever ``Host`` and ``Origin``
say (CWE-346, CWE-350). A browser binds a passkey to the relying party's id, which is the host's name, and says from
which origin it was used (WebAuthn Level 3, 5.1.3 and 13.4.9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from buckler.guard.options import GuardError

HINT: Final = (
    "write AuthPolicy(base_url='https://shop.example'), or base_url='http://localhost:8000' "
    "in development"
)
_NAME: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]*"
)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """The site.

    Attributes:
        id: Host name that passkeys are bound to.
        origin: Scheme, host and port from which they are used.
        name: What the site calls itself.
    """

    id: str
    origin: str
    name: str

    @classmethod
    def of(cls, base_url: str, name: str) -> RelyingParty:
        """The site of an address.

        Args:
            base_url: ``https://shop.example``; plain http for localhost alone.
            name: What the site calls itself.

        Raises:
            GuardError: There is no address, or browsers know no passkeys there: an IP address, plain http.
        """
        if not isinstance(base_url, str) or not base_url:
            raise GuardError("passkeys need the address of the site, base_url", hint=HINT)
        try:
            parts = urlsplit(base_url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise GuardError(f"base_url: {base_url!r} is no address", hint=HINT) from error
        if not base_url.isascii() or not _NAME.fullmatch(host) or "@" in parts.netloc:
            raise GuardError(
                f"base_url: passkeys are bound to the name of a host, not {host!r}",
                hint=f"{HINT}; names in other scripts as xn--...",
            )
        local = host == "localhost" or host.endswith(".localhost")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise GuardError("base_url: browsers offer passkeys over https alone", hint=HINT)
        shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
        return cls(id=host, origin=f"{parts.scheme}://{host}{shown}", name=name or host)
