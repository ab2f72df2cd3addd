"""Clients that cannot be made to call inside.

``SafeTransport`` and ``safe_client`` here are those for httpx2; those for httpx are in
:mod:`buckler.guard.egress.for_httpx`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from buckler.guard.egress.errors import (
    AddressRefused,
    EgressRefused,
    EncodingRefused,
    RedirectRefused,
    TooLarge,
    TooSlow,
    UrlRefused,
)
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from buckler.guard.egress.for_httpx2 import (
        AsyncSafeTransport,
        SafeTransport,
        async_safe_client,
        safe_client,
    )

_CLIENTS = ("AsyncSafeTransport", "SafeTransport", "async_safe_client", "safe_client")
__all__ = [
    "AddressRefused",
    "AsyncSafeTransport",
    "EgressPolicy",
    "EgressRefused",
    "EncodingRefused",
    "RedirectRefused",
    "SafeTransport",
    "TooLarge",
    "TooSlow",
    "UrlRefused",
    "async_safe_client",
    "safe_client",
]


def __getattr__(name: str) -> Any:
    if name not in _CLIENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = import_module(f"{__name__}.for_httpx2")
    except ModuleNotFoundError as error:
        raise GuardError(
            f"{name} needs httpx2",
            hint="pip install 'buckler[http]'; for httpx: buckler.guard.egress.for_httpx",
        ) from error
    return getattr(found, name)
