"""The headers of every answer, as one value: what each says, and who wins where the application speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from buckler.guard.headers.cache_control import CacheControl
from buckler.guard.headers.content_security_policy import ContentSecurityPolicy
from buckler.guard.headers.content_type_options import ContentTypeOptions
from buckler.guard.headers.cookies import Cookies
from buckler.guard.headers.cross_origin import EmbedderPolicy, OpenerPolicy, ResourcePolicy
from buckler.guard.headers.frame_options import FrameOptions
from buckler.guard.headers.permissions_policy import PermissionsPolicy
from buckler.guard.headers.referrer_policy import ReferrerPolicy
from buckler.guard.headers.strict_transport_security import StrictTransportSecurity
from buckler.guard.options import GuardError, Weakness, flag, header_value, instance, texts

TELLING: Final = frozenset(
    (
        *("x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-runtime"),
        *("x-generator", "x-drupal-cache", "x-backend-server", "x-server", "server"),
        *("x-sourcemap", "sourcemap", "x-debug-token", "x-debug-token-link"),
    )
)
"""Names that tell an attacker what runs behind; taken out of every answer (CWE-200, ASVS V13.4.6)."""

_PARTS: Final = (
    ("strict_transport_security", StrictTransportSecurity),
    ("frame_options", FrameOptions),
    ("content_type_options", ContentTypeOptions),
    ("referrer_policy", ReferrerPolicy),
    ("permissions_policy", PermissionsPolicy),
    ("opener_policy", OpenerPolicy),
    ("embedder_policy", EmbedderPolicy),
    ("resource_policy", ResourcePolicy),
    ("cache_control", CacheControl),
    ("cookies", Cookies),
)


class Header(Protocol):
    """One header that is the same in every answer."""

    @property
    def header(self) -> bytes:
        """Its name, in lower case."""

    def value(self) -> str:
        """What it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """What the answers of a route say. None leaves a header out.

    The defaults are those of an interface that serves no pages; ``presets.py`` has the others.

    Attributes:
        content_security_policy: One policy, or several of which each holds (CSP3, 8.1).
        strict_transport_security: Over https alone.
        removed: Names that are taken out, in lower case.
        extra: More headers, by name.
        enforce: Whether guard's value replaces one that the application sets itself.

    Raises:
        GuardError: A value is wrong.
    """

    content_security_policy: ContentSecurityPolicy | tuple[ContentSecurityPolicy, ...] | None = (
        field(default_factory=ContentSecurityPolicy)
    )
    strict_transport_security: StrictTransportSecurity | None = field(
        default_factory=StrictTransportSecurity
    )
    frame_options: FrameOptions | None = field(default_factory=FrameOptions)
    content_type_options: ContentTypeOptions | None = field(default_factory=ContentTypeOptions)
    referrer_policy: ReferrerPolicy | None = field(default_factory=ReferrerPolicy)
    permissions_policy: PermissionsPolicy | None = field(default_factory=PermissionsPolicy)
    opener_policy: OpenerPolicy | None = field(default_factory=OpenerPolicy)
    embedder_policy: EmbedderPolicy | None = None
    resource_policy: ResourcePolicy | None = field(default_factory=ResourcePolicy)
    cache_control: CacheControl | None = field(default_factory=CacheControl)
    cookies: Cookies | None = field(default_factory=Cookies)
    removed: frozenset[str] = TELLING
    extra: Mapping[str, str] = field(default_factory=dict)
    enforce: bool = False

    def __post_init__(self) -> None:
        for name, kind in _PARTS:
            instance(getattr(self, name), name, kind)
        removed = texts(self.removed, "removed", "x-powered-by")
        object.__setattr__(self, "removed", frozenset(name.lower() for name in removed))
        if not isinstance(self.extra, Mapping):
            raise GuardError(
                f"extra takes names and values, not {self.extra!r}",
                hint="write extra={'X-Robots-Tag': 'noindex'}",
            )
        for name, value in self.extra.items():
            header_value(value, str(name))
            header_value(name, "a header's name")
        flag(self.enforce, "enforce")
        given = self.content_security_policy
        if isinstance(given, list):
            object.__setattr__(self, "content_security_policy", tuple(given))
        for policy in given if isinstance(given, tuple | list) else (given,):
            instance(
                policy, "content_security_policy", ContentSecurityPolicy, optional=policy is given
            )

    @property
    def policies(self) -> tuple[ContentSecurityPolicy, ...]:
        """The content security policies, none or more."""
        found = self.content_security_policy
        if found is None:
            return ()
        return (found,) if isinstance(found, ContentSecurityPolicy) else tuple(found)

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than the defaults."""
        from buckler.guard.headers.weaknesses import found

        return found(self, TELLING)

    def for_somebody(self) -> HeaderPolicy:
        """The same for a route whose answers are always for somebody: none of them is kept."""
        if self.cache_control is None:
            return self
        return replace(self, cache_control=replace(self.cache_control, when="always"))

    def fixed(self) -> Iterator[tuple[bytes, bytes]]:
        """Name and value of what is the same in every answer, over http or https."""
        parts: tuple[Header | None, ...] = (
            self.frame_options,
            self.content_type_options,
            self.referrer_policy,
            self.permissions_policy,
            self.opener_policy,
            self.embedder_policy,
            self.resource_policy,
        )
        for part in parts:
            if part is not None:
                yield part.header, part.value().encode("ascii")
        for name, value in self.extra.items():
            yield name.lower().encode("ascii"), value.encode("ascii")


SILENT: Final = HeaderPolicy(
    content_security_policy=None,
    strict_transport_security=None,
    frame_options=None,
    content_type_options=None,
    referrer_policy=None,
    permissions_policy=None,
    opener_policy=None,
    resource_policy=None,
    cache_control=None,
    cookies=None,
    removed=frozenset(),
)
"""Says nothing and leaves what the application says."""
