"""What a content security policy does not stop though it stands there (CSP3; CWE-79, CWE-693).

Judged is what browsers read. What they ignore is no weakness: ``'unsafe-inline'`` beside a nonce or a hash,
hosts and schemes beside ``'strict-dynamic'``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from buckler.guard.options import Weakness

Directives = Mapping[str, tuple[str, ...]]
_WIDE: Final = re.compile(
    r"(?:https?|wss?|data|filesystem):|(?:[a-z][a-z0-9+.-]*://)?\*(?::(?:\d+|\*))?(?:/.*)?",
    re.IGNORECASE,
)
_ANSWERED: Final = re.compile(r"'(?:nonce|sha256|sha384|sha512)-.+'")
"""A nonce or a hash."""


def weaknesses(policies: Sequence[Directives]) -> Iterator[Weakness]:
    """What gets past all of the policies of an answer: each of them holds (CSP3, 8.1).

    Args:
        policies: That stop something; those that only report are left out.
    """
    judged = [dict(_judged(policy)) for policy in policies]
    for reason, sentence in judged[0].items() if judged else ():
        if all(reason in one for one in judged):
            yield reason, f"Content-Security-Policy: {sentence}"


def _judged(policy: Directives) -> Iterator[Weakness]:
    if "allow-scripts" not in policy.get("sandbox", ("allow-scripts",)):
        return  # no script runs, and what is in the page has an origin of its own
    yield from _scripts(policy)
    objects = _sources(policy, "object-src")
    if objects is None or _wide(objects):
        yield "csp_object_src", "plugins come from anywhere; object_src=(\"'none'\",)"
    if "base-uri" not in policy:
        yield (
            "csp_base_uri",
            "a base element may send the page's own scripts and forms elsewhere, and default-src does "
            "not cover it; base_uri=(\"'none'\",)",
        )
    ancestors = policy.get("frame-ancestors")
    if ancestors is None:
        yield (
            "csp_frame_ancestors",
            "who may frame the page is not said, and default-src does not cover it; "
            "frame_ancestors=(\"'none'\",)",
        )
    elif _wide(ancestors):
        yield "csp_frame_ancestors", f"{_wide(ancestors)} may frame the page; name who may"


def _scripts(policy: Directives) -> Iterator[Weakness]:
    elements = _sources(policy, "script-src-elem", "script-src")
    attributes = _sources(policy, "script-src-attr", "script-src")
    evaluated = _sources(policy, "script-src")
    if elements is None:
        yield "csp_scripts", "scripts come from anywhere; script_src, or default_src"
    for sources in (elements or (), attributes or ()):
        if _has(sources, "'unsafe-inline'") and not _answered(sources):
            yield (
                "csp_unsafe_inline",
                "'unsafe-inline' lets a script run that somebody put into the page; NONCE, or hashes",
            )
            break
    if _has(evaluated or (), "'unsafe-eval'"):
        yield "csp_unsafe_eval", "'unsafe-eval' makes code of text; do without eval and Function"
    wide = _wide(elements or ())
    if wide and not _has(elements or (), "'strict-dynamic'"):
        yield "csp_script_sources", f"scripts come from {wide}; name the hosts, or NONCE"


def _sources(policy: Directives, *names: str) -> tuple[str, ...] | None:
    """The list that holds: of the first directive that is there, ``default-src`` at last."""
    return next((policy[name] for name in (*names, "default-src") if name in policy), None)


def _has(sources: Sequence[str], keyword: str) -> bool:
    return any(source.lower() == keyword for source in sources)


def _answered(sources: Sequence[str]) -> bool:
    """Whether browsers ignore ``'unsafe-inline'`` there (CSP3, 6.7.3.2)."""
    return _has(sources, "'strict-dynamic'") or any(map(_ANSWERED.fullmatch, sources))


def _wide(sources: Sequence[str]) -> str:
    """Those that stand for anybody, as text."""
    return ", ".join(source for source in sources if _WIDE.fullmatch(source))
