"""An address on the public internet, as far as its text tells (CWE-918; ASVS 5.0 V1.3.6).

**This is half of the answer.** A name may have any address, and another one a moment later: which host is
called is decided when the connection is made, by :class:`buckler.guard.egress.SafeTransport`. This type keeps out what
is wrong by its form, so that the caller is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic_core import Url, ValidationError

from buckler.guard.egress.errors import EgressRefused
from buckler.guard.egress.hosts import read_host
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError
from buckler.guard.validate.characters import unwanted
from buckler.guard.validate.marker import Marker, refusal

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]+)")
_PORTS: Final = (80, 443)


class Link(Marker):
    """Bounds of a public address: ``Annotated[str, Link(schemes=("https",))]``.

    The text that is taken is the one of the WHATWG URL parser: host in ASCII, path encoded. Hosts that are
    addresses have to be public and in their usual form; names of the own network are refused.

    Args:
        schemes: ``https`` and ``http``, or one of them.
        ports: Of the host.
        max_length: Characters.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = ("_policy",)

    def __init__(
        self,
        *,
        schemes: Collection[str] = ("https", "http"),
        ports: Collection[int] = _PORTS,
        max_length: int = 2000,
    ) -> None:
        super().__init__(1, max_length)
        if isinstance(schemes, str):
            raise GuardError(f"schemes is a list: [{schemes!r}]")
        self._policy = EgressPolicy(schemes=schemes, ports=ports)

    def check(self, text: str) -> str:
        """The address in its usual form."""
        wrong = unwanted(text) or ("holds a space" if re.search(r"\s", text) else "")
        if wrong or "\\" in text:
            raise refusal("public_url", wrong or "holds a backslash")
        form = _FORM.match(text)
        if form is None:
            raise refusal("public_url", "is no absolute address with a host")
        if "@" in form[1]:
            raise refusal("public_url", "carries a user or password")
        try:
            # As it is written first, so that an unusual form is not tidied up before it is seen.
            read_host(urlsplit(text).hostname or "")
            url = Url(text)
            self._policy.check(url.scheme, url.host or "", url.port)
        except EgressRefused as error:
            raise refusal("public_url", error.message) from error
        except (ValidationError, ValueError) as error:
            raise refusal("public_url", "is no address") from error
        found = str(url)
        if len(found) > self.max_length * 3:
            raise refusal("too_long", "is too long")
        return found

    def shown(self) -> dict[str, Any]:
        """Its schemes."""
        schemes = "|".join(sorted(self._policy.schemes))
        return {"format": "uri", "pattern": f"^(?:{schemes})://[^/?#@]+"}


PublicUrl = Annotated[str, Link()]
"""http or https on ports 80 and 443, up to 2000 characters."""
