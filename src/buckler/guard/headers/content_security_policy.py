"""Content-Security-Policy: what a page may load and run (CSP level 3; CWE-79, CWE-1021, ASVS V3.4.3)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from buckler.guard.options import GuardError, flag, texts

NONCE: Final = "'nonce'"
"""Stands for the nonce of the request at hand in a list of sources."""
_KEYWORDS = frozenset(
    (
        *("'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'"),
        *("'unsafe-hashes'", "'report-sample'", "'wasm-unsafe-eval'", "'inline-speculation-rules'"),
        *("'trusted-types-eval'", "'report-sha256'", "'report-sha384'", "'report-sha512'"),
    )
)
_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_=-]+'")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::(?:\d+|\*))?(?:/[^\s;,']*)?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z0-9#=_/@.%-]+|\*|'allow-duplicates'|'none'|'script'")
_PLACE = re.compile(r"[^\s;,\x00-\x20\x7f-\U0010ffff]*")
_SINGLE = ("report_only", "upgrade_insecure_requests", "report_uri", "report_to")
"""Fields that hold no list."""
_SOURCES = frozenset(
    (
        *("default_src", "script_src", "script_src_elem", "script_src_attr", "style_src"),
        *("style_src_elem", "style_src_attr", "img_src", "font_src", "connect_src", "media_src"),
        *("object_src", "frame_src", "child_src", "worker_src", "manifest_src", "form_action"),
        *("frame_ancestors", "base_uri", "fenced_frame_src"),
    )
)
DIRECTIVES: Final = frozenset(
    (
        *(name.replace("_", "-") for name in _SOURCES),
        *("require-trusted-types-for", "trusted-types", "sandbox", "upgrade-insecure-requests"),
    )
)
"""What a policy may say, as it is written there."""


def script_hash(text: str) -> str:
    """The source expression that allows one inline script or style.

    Args:
        text: What stands between the tags, to the letter.
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSecurityPolicy:
    """A policy; each field is a directive, in Python's spelling.

    Sources are keywords with their quotes (``"'self'"``), hosts, schemes, hashes
    (:func:`script_hash`) and :data:`NONCE`. An empty tuple leaves the directive out.

    Attributes:
        report_only: Reports and stops nothing.
        upgrade_insecure_requests: Fetches ``http:`` by ``https:``.
        sandbox: None leaves it out, an empty tuple allows nothing.
        report_to: Name of the endpoint in ``Reporting-Endpoints``.

    Raises:
        GuardError: A source is none, or stands where it is without effect.
    """

    default_src: tuple[str, ...] = ("'none'",)
    script_src: tuple[str, ...] = ()
    script_src_elem: tuple[str, ...] = ()
    script_src_attr: tuple[str, ...] = ()
    style_src: tuple[str, ...] = ()
    style_src_elem: tuple[str, ...] = ()
    style_src_attr: tuple[str, ...] = ()
    img_src: tuple[str, ...] = ()
    font_src: tuple[str, ...] = ()
    connect_src: tuple[str, ...] = ()
    media_src: tuple[str, ...] = ()
    object_src: tuple[str, ...] = ()
    frame_src: tuple[str, ...] = ()
    child_src: tuple[str, ...] = ()
    worker_src: tuple[str, ...] = ()
    manifest_src: tuple[str, ...] = ()
    fenced_frame_src: tuple[str, ...] = ()
    form_action: tuple[str, ...] = ("'none'",)
    frame_ancestors: tuple[str, ...] = ("'none'",)
    base_uri: tuple[str, ...] = ("'none'",)
    require_trusted_types_for: tuple[str, ...] = ()
    trusted_types: tuple[str, ...] = ()
    sandbox: tuple[str, ...] | None = None
    upgrade_insecure_requests: bool = False
    report_uri: str = ""
    report_to: str = ""
    report_only: bool = field(default=False)

    def __post_init__(self) -> None:
        for name in ("report_only", "upgrade_insecure_requests"):
            flag(getattr(self, name), name)
        for name in ("report_uri", "report_to"):
            value = getattr(self, name)
            if not isinstance(value, str) or not _PLACE.fullmatch(value):
                raise GuardError(
                    f"{name}: {value!r} cannot stand in a policy",
                    hint="report_uri='/csp-reports', report_to='csp'",
                )
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _SINGLE or (item.name == "sandbox" and value is None):
                continue
            # Fixed: a generator would be empty from the second answer on.
            values = texts(value, item.name, "'self'" if item.name in _SOURCES else "allow-scripts")
            object.__setattr__(self, item.name, values)
            self._check(item.name, values)
        if self.report_only and self.sandbox is not None:
            raise GuardError(
                "sandbox is without effect in a policy that only reports", hint="leave one out"
            )

    def _check(self, name: str, values: tuple[str, ...]) -> None:
        if "'none'" in values and len(values) > 1:
            raise GuardError(f"{name}: 'none' stands alone", hint="leave it out, or the others")
        for value in values:
            if name in _SOURCES:
                known = value in _KEYWORDS or value == NONCE or _HASH.fullmatch(value)
                if not (known or _SCHEME.fullmatch(value) or _HOST.fullmatch(value)):
                    raise GuardError(
                        f"{name}: {value!r} is no source",
                        hint="keywords have quotes: \"'self'\"; hosts have none",
                    )
            elif not _TOKEN.fullmatch(value):
                raise GuardError(
                    f"{name}: {value!r} cannot stand in a policy", hint="one word for each text"
                )

    @property
    def header(self) -> bytes:
        """Name of the header, in lower case."""
        suffix = b"-report-only" if self.report_only else b""
        return b"content-security-policy" + suffix

    @property
    def has_nonce(self) -> bool:
        """Whether a source is :data:`NONCE`."""
        return any(NONCE in getattr(self, name) for name in _SOURCES)

    def value(self, nonce: str = "") -> str:
        """The header's value.

        Args:
            nonce: In base 64; where it is empty, :data:`NONCE` is left out.
        """
        parts = []
        for item in fields(self):
            value = getattr(self, item.name)
            name = item.name.replace("_", "-")
            if item.name == "report_only" or value is None or (value == () and name != "sandbox"):
                continue
            if isinstance(value, bool):
                parts += [name] if value else []
            elif isinstance(value, str):
                parts += [f"{name} {value}"] if value else []
            else:
                parts.append(" ".join((name, *_filled(value, nonce))))
        return "; ".join(parts)


def _filled(sources: Iterable[str], nonce: str) -> tuple[str, ...]:
    put = {NONCE: f"'nonce-{nonce}'" if nonce else ""}
    filled = tuple(filter(None, (put.get(source, source) for source in sources)))
    return filled or ("'none'",)


def parse(text: str) -> Mapping[str, tuple[str, ...]]:
    """The directives of a policy as browsers read it: the first of a name counts (CSP3, 2.2.1)."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), tuple(words[1:]))
    return found
