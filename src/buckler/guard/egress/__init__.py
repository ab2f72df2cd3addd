"""Clients that cannot be made to call inside.

``SafeTransport`` and ``safe_client`` here are those for httpx2; those for httpx are in
:mod:`buckler.guard.egress.for_httpx`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.lazy import lazy
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.egress.errors import AddressRefused as AddressRefused
    from buckler.guard.egress.errors import EgressRefused as EgressRefused
    from buckler.guard.egress.errors import EncodingRefused as EncodingRefused
    from buckler.guard.egress.errors import RedirectRefused as RedirectRefused
    from buckler.guard.egress.errors import TooLarge as TooLarge
    from buckler.guard.egress.errors import TooSlow as TooSlow
    from buckler.guard.egress.errors import UrlRefused as UrlRefused
    from buckler.guard.egress.for_httpx2 import AsyncSafeTransport as AsyncSafeTransport
    from buckler.guard.egress.for_httpx2 import SafeTransport as SafeTransport
    from buckler.guard.egress.for_httpx2 import async_safe_client as async_safe_client
    from buckler.guard.egress.for_httpx2 import safe_client as safe_client
    from buckler.guard.egress.policy import EgressPolicy as EgressPolicy
else:
    _found, __all__ = lazy(
        __name__,
        {
            "errors": (
                "AddressRefused",
                "EgressRefused",
                "EncodingRefused",
                "RedirectRefused",
                "TooLarge",
                "TooSlow",
                "UrlRefused",
            ),
            "for_httpx2": (
                "AsyncSafeTransport",
                "SafeTransport",
                "async_safe_client",
                "safe_client",
            ),
            "policy": ("EgressPolicy",),
        },
    )

    def __getattr__(name: str) -> object:
        try:
            return _found(name)
        except ModuleNotFoundError as error:
            raise GuardError(
                f"{name} needs httpx2",
                hint="pip install 'buckler[http]'; for httpx: buckler.guard.egress.for_httpx",
            ) from error
