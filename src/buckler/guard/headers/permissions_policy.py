"""Permissions-Policy: which devices and features a page may ask for (W3C; CWE-693)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from buckler.guard.options import GuardError, Weakness, texts

DENIED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture"),
    *("encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial"),
    *("storage-access", "usb", "xr-spatial-tracking"),
)
"""Features that no site gets unless it says so; those of the standard's registry that ask a device."""
PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
_EXAMPLE = "write PermissionsPolicy({'camera': ['self', 'https://meet.shop.example']})"
_FEATURE = re.compile(r"[a-z][a-z0-9-]*")
_ORIGIN = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9.-]+(?::\d+)?")


@dataclass(frozen=True, slots=True)
class PermissionsPolicy:
    """Attributes:
        allowed: By feature, who may use it: ``self``, ``*`` or origins; an empty tuple is nobody.
            What is not named here but in :data:`DENIED` is nobody's.

    Raises:
        GuardError: A feature or an origin is none.
    """

    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    header = b"permissions-policy"

    def __post_init__(self) -> None:
        if not isinstance(self.allowed, Mapping):
            raise GuardError(
                f"Permissions-Policy takes features and who may use them, not {self.allowed!r}",
                hint=_EXAMPLE,
            )
        fixed = {}
        for feature, who in self.allowed.items():
            if not isinstance(feature, str) or not _FEATURE.fullmatch(feature):
                raise GuardError(f"Permissions-Policy: {feature!r} is no feature", hint=_EXAMPLE)
            fixed[feature] = texts(who, f"Permissions-Policy: {feature}", "self")
            for one in fixed[feature]:
                if one not in ("self", "*") and not _ORIGIN.fullmatch(one):
                    raise GuardError(
                        f"Permissions-Policy: {one!r} is not self, * or an origin", hint=_EXAMPLE
                    )
        object.__setattr__(self, "allowed", fixed)

    def with_passkeys(self) -> PermissionsPolicy:
        """The same, with passkeys for the site itself, unless it says who may use them (WebAuthn Level 3, 5.9)."""
        return PermissionsPolicy({**dict.fromkeys(PASSKEYS, ("self",)), **self.allowed})

    def weaknesses(self) -> Iterator[Weakness]:
        """What it gives to whoever is framed, of what is nobody's by default."""
        given = sorted(f for f, who in self.allowed.items() if "*" in who and f in DENIED)
        if given:
            yield (
                "permissions_policy_any",
                f"Permissions-Policy gives {', '.join(given)} to any frame; name the origins",
            )

    def value(self) -> str:
        """The header's value.

        Without the blanks that a list may have (RFC 9651, 3.2): h11 checks them one by one for every answer.
        """
        chosen = {**dict.fromkeys(DENIED, ()), **self.allowed}
        return ",".join(f"{feature}={_list(tuple(who))}" for feature, who in chosen.items())


def _list(who: tuple[str, ...]) -> str:
    if who == ("*",):
        return "*"
    return "({})".format(" ".join(one if one in ("self", "*") else f'"{one}"' for one in who))
