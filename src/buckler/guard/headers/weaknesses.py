"""Which headers are weaker than the defaults: each part judges itself, this file what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from buckler.guard.headers import csp_weaknesses
from buckler.guard.headers.content_security_policy import parse
from buckler.guard.options import Weakness

if TYPE_CHECKING:
    from buckler.guard.headers.policy import HeaderPolicy

_CSP: Final = "content-security-policy"
_MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "strict_transport_security": (
        "strict-transport-security",
        "browsers are not told to stay with https, so the first request of each visit can be read",
    ),
    "content_type_options": (
        "x-content-type-options",
        "browsers may take an answer for a script, whatever its type says",
    ),
    "referrer_policy": (
        "referrer-policy",
        "what other sites learn of the addresses here is up to the browser",
    ),
    "permissions_policy": (
        "permissions-policy",
        "scripts here may ask for camera, place and payment",
    ),
    "opener_policy": (
        "cross-origin-opener-policy",
        "a page that opens this one keeps a handle on it",
    ),
    "resource_policy": (
        "cross-origin-resource-policy",
        "pages of any site may embed the answers",
    ),
    "cache_control": ("cache-control", "caches may keep what belongs to one person"),
    "cookies": ("", "cookies are sent without the Secure, HttpOnly and SameSite that they lack"),
}
"""By field: the header that does the same as one of ``extra``, and what is lost without it."""


class Judging(Protocol):
    """A part that knows what of itself is weak."""

    def weaknesses(self) -> Iterator[Weakness]:
        """A word and a sentence for each weaker choice."""


def found(policy: HeaderPolicy, telling: frozenset[str]) -> Iterator[Weakness]:
    """A word and a sentence for each weaker choice.

    Args:
        policy: Of an application or a route.
        telling: Names that are taken out by default.
    """
    extra = {name.lower(): value for name, value in policy.extra.items()}
    yield from _content_security_policy(policy, extra)
    for name, (header, sentence) in _MISSING.items():
        if getattr(policy, name) is None and header not in extra:
            yield f"{name}_off", f"{name}=None: {sentence}; leave the default"
    parts: tuple[Judging | None, ...] = (
        policy.strict_transport_security,
        policy.referrer_policy,
        policy.permissions_policy,
        policy.opener_policy,
        policy.embedder_policy,
        policy.resource_policy,
        policy.cache_control,
        policy.cookies,
    )
    for part in parts:
        if part is not None:
            yield from part.weaknesses()
    kept = sorted(telling - policy.removed)
    if kept:
        yield (
            "telling_headers",
            f"answers may name what runs behind ({', '.join(kept[:3])}); leave them in removed",
        )


def _content_security_policy(policy: HeaderPolicy, extra: Mapping[str, str]) -> Iterator[Weakness]:
    policies = [parse(one.value("nonce")) for one in policy.policies if not one.report_only]
    policies += [parse(text) for text in extra.get(_CSP, "").split(",") if text.strip()]
    framed = policy.frame_options is None and "x-frame-options" not in extra
    framed = framed and not any("frame-ancestors" in one for one in policies)
    if framed:
        yield (
            "frame_options_off",
            "pages of any site may frame this one, neither X-Frame-Options nor frame-ancestors is "
            "there; leave the defaults",
        )
    if policies:
        for weakness in csp_weaknesses.weaknesses(policies):
            if not framed or weakness[0] != "csp_frame_ancestors":
                yield weakness
    elif policy.policies:
        yield (
            "csp_report_only",
            "every content security policy only reports and stops nothing; add one that holds",
        )
    else:
        yield (
            "content_security_policy_off",
            "no content security policy: a script that somebody put into a page runs; leave the default",
        )
