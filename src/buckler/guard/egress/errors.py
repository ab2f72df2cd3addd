"""What is raised when an outgoing request is refused.

No message tells more than the caller said: not the address that a name has, nor whether something listens
there, so that an answer built from it is no port scanner (CWE-209, CWE-918). The full story is the event.
"""

from __future__ import annotations

from buckler.core.errors import BucklerError


class EgressRefused(BucklerError):
    """An outgoing request is not made, or what comes back is not taken.

    Attributes:
        reason: A stable word, also the event's: ``private``, ``port``, ``form``, ...
    """

    code = "egress.refused"

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class UrlRefused(EgressRefused):
    """Its scheme, port or form is not allowed, or it carries credentials."""

    code = "egress.url"


class AddressRefused(EgressRefused):
    """The host is not on the list, has no address, or one that is not for the public."""

    code = "egress.address"


class RedirectRefused(EgressRefused):
    """A redirect is one too many, or leads from https to http."""

    code = "egress.redirect"


class TooLarge(EgressRefused):
    """The answer has more bytes than the policy allows, before or after decompression (CWE-409)."""

    code = "egress.size"


class TooSlow(EgressRefused):
    """The whole of it, redirects included, took longer than the policy allows (CWE-400)."""

    code = "egress.time"


class EncodingRefused(EgressRefused):
    """The answer is compressed in a way that was not asked for, or is damaged."""

    code = "egress.encoding"
