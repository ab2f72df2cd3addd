"""Three policies to start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from buckler.guard.headers.cache_control import CacheControl
from buckler.guard.headers.content_security_policy import NONCE, ContentSecurityPolicy
from buckler.guard.headers.cookies import Cookies
from buckler.guard.headers.cross_origin import EmbedderPolicy
from buckler.guard.headers.frame_options import FrameOptions
from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.headers.referrer_policy import ReferrerPolicy
from buckler.guard.limits.websocket import WebSocketLimits
from buckler.guard.policy import Policy

Preset = Literal["api", "site", "strict"]


def api() -> Policy:
    """An interface without pages: nothing is loaded, framed or kept."""
    return Policy()


def site() -> Policy:
    """Pages of one's own: scripts and styles from this site, or inline with the nonce of the request."""
    policy = ContentSecurityPolicy(
        default_src=("'self'",),
        script_src=("'self'", NONCE),
        style_src=("'self'", NONCE),
        img_src=("'self'", "data:"),
        object_src=("'none'",),
        form_action=("'self'",),
        frame_ancestors=("'self'",),
        base_uri=("'none'",),
    )
    headers = HeaderPolicy(
        content_security_policy=policy,
        frame_options=FrameOptions("SAMEORIGIN"),
        referrer_policy=ReferrerPolicy(("strict-origin-when-cross-origin",)),
    )
    return Policy(headers=headers)


def strict() -> Policy:
    """An interface behind https alone, with smaller bounds; guard's headers win over the application's."""
    headers = HeaderPolicy(
        embedder_policy=EmbedderPolicy(),
        cache_control=CacheControl(when="always"),
        cookies=Cookies(same_site="Strict"),
        enforce=True,
    )
    return Policy(
        headers=headers,
        https="require",
        websocket=WebSocketLimits(
            message="16 KiB",
            rate="120/minute",
            connections=200,
            connections_per_address=20,
        ),
        header_count=60,
        header_size="16 KiB",
        address="4 KiB",
        query_keys=50,
        body="256 KB",
        upload="2 MB",
        json_depth=16,
        json_keys=2000,
        parts=50,
        files=5,
        rate="120/minute",
        sign_in_rate="5/minute",
        timeout=10.0,
        concurrency=200,
    )


PRESETS: Mapping[str, Callable[[], Policy]] = {"api": api, "site": site, "strict": strict}
