"""Ready clients of httpx and httpx2 over their transports, with the policy's times.

Threat: a client whose options lead around the transport, or which trusts the proxies of the environment (CWE-441).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.egress.settings import client_settings
from buckler.guard.egress.transports import Asynchronous, Blocking

Client = TypeVar("Client")
Made = TypeVar("Made", covariant=True)


class MakesClient(Protocol[Made]):
    """How ``safe_client`` and ``async_safe_client`` are called."""

    def __call__(
        self,
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
        **options: Any,
    ) -> Made:
        """A client over the policy's transport."""


def client_maker(
    client: Callable[..., Client],
    transport: Callable[..., Blocking[Any, Any] | Asynchronous[Any, Any]],
) -> MakesClient[Client]:
    """``safe_client`` of one kind.

    Args:
        client: The library's class.
        transport: What its clients are made over.
    """

    def safe_client(
        policy: EgressPolicy | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connections: int = 100,
        **options: Any,
    ) -> Client:
        """A client over a safe transport with the policy's times; redirects are followed.

        Args:
            policy: What may be called; else every public address on ports 80 and 443.
            ssl_context: For a private CA.
            connections: At once.
            options: Of the library's client, but for those that would go around the policy.

        Raises:
            GuardError: An option is none, or would go around the policy.
        """
        made = transport(policy, ssl_context=ssl_context, connections=connections)
        return client(transport=made, **client_settings(made.policy, options))

    return safe_client
