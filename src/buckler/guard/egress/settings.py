"""Options of pools and clients that go with a policy.

Certificates are always checked (CWE-295; ASVS 5.0 V12.3.2), proxies of the environment never used (CWE-441).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, count

AROUND: Final = frozenset(
    {"cert", "limits", "mounts", "proxy", "transport", "trust_env", "verify", "http2", "http1"}
)
"""Options of a client that would go around the transport, or that it would not see."""


def pool_settings(ssl_context: ssl.SSLContext | None, connections: int) -> dict[str, Any]:
    """What a pool is made with.

    Raises:
        GuardError: The context does not check certificates and names.
    """
    chosen = ssl_context or ssl.create_default_context()
    if chosen.verify_mode is not ssl.CERT_REQUIRED or not chosen.check_hostname:
        raise GuardError(
            "ssl_context does not check certificates",
            hint="for a private CA: ssl.create_default_context(cafile='ca.pem')",
        )
    return {
        "ssl_context": chosen,
        "max_connections": count(connections, "connections"),
        "max_keepalive_connections": 20,
        "keepalive_expiry": 5.0,
    }


def client_settings(policy: EgressPolicy, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a client is made with.

    Raises:
        GuardError: An option would go around the policy.
    """
    around = sorted(AROUND & options.keys())
    if around:
        raise GuardError(
            f"{', '.join(around)} would go around the policy",
            hint="a client of your own with transport=SafeTransport(policy) takes every option",
        )
    return {
        "follow_redirects": True,
        "max_redirects": policy.max_redirects,
        "timeout": policy.timeout,
        **options,
        "trust_env": False,
    }
