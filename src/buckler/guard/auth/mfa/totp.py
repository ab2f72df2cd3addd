"""One-time passwords by time, as authenticator apps make them (RFC 4226, RFC 6238).

Threat: a code that is seen and used again within its half minute (CWE-294), guessed (CWE-307), or made by whoever
reads the database (CWE-522; ASVS 5.0 V6.5.1, V6.5.5). SHA-1, six digits and thirty seconds are what every app takes,
whatever else the address says; in HMAC no collision of SHA-1 helps (RFC 6194, 3.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from urllib.parse import quote

from buckler.guard.options import GuardError

BITS: Final = 160
"""Of a secret: as long as the hash (RFC 4226, 4, R6)."""
DIGITS: Final = 6
PERIOD: Final = 30
WINDOW: Final = 1
"""Steps to either side that count: clocks differ, and people type slowly (RFC 6238, 5.2)."""
LONGEST_LABEL: Final = 120
"""Characters of a name in the address, escaped: more than apps show, and a code that is drawn in milliseconds."""
_CODE: Final = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpSetup:
    """What an authenticator app needs; shown to the owner alone, once.

    Attributes:
        secret: In base32, for typing.
        uri: ``otpauth://totp/...``.
        qr: The same as an image: an ``<svg>`` element without style and references.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr: str = field(repr=False)


def hotp(secret: bytes, counter: int, digits: int = DIGITS) -> str:
    """A one-time password (RFC 4226, 5.3).

    Args:
        secret: That both sides know.
        counter: Of time steps, 0 or more.
        digits: Of the outcome.
    """
    found = hmac.digest(secret, counter.to_bytes(8, "big"), hashlib.sha1)
    offset = found[-1] & 0x0F
    number = int.from_bytes(found[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: float) -> int:
    """The time step of a time (RFC 6238, 4.2)."""
    return int(now // PERIOD)


def code_of(text: str) -> str | None:
    """What was typed as a code, ``123 456`` included; None where it is none."""
    found = text.replace(" ", "")
    return found if _CODE.fullmatch(found) else None


def matching(secret: bytes, code: str, now: float) -> list[int]:
    """The time steps that a code is for, earliest first; all are compared whatever matches.

    Args:
        secret: That both sides know.
        code: Six digits.
        now: Seconds since 1970.
    """
    step = step_at(now)
    steps = [one for one in range(step - WINDOW, step + WINDOW + 1) if one >= 0]
    found = [hmac.compare_digest(hotp(secret, one), code) for one in steps]
    return [one for one, same in zip(steps, found, strict=True) if same]


def new_secret() -> bytes:
    """A secret for one authenticator."""
    return secrets.token_bytes(BITS // 8)


def setup_of(secret: bytes, issuer: str, account: str) -> TotpSetup:
    """A secret as an authenticator app takes it.

    Args:
        secret: That both sides know.
        issuer: What the application calls itself.
        account: Name of the account.
    """
    text = base64.b32encode(secret).decode("ascii").rstrip("=")
    shown = _label(issuer)
    uri = f"otpauth://totp/{shown}:{_label(account)}?secret={text}&issuer={shown}"
    return TotpSetup(secret=text, uri=uri, qr=svg(uri))


def _label(text: str) -> str:
    """Part of the address: no character of it ends the part, nor separates issuer and account."""
    found = ""
    for character in text.strip():
        if not character.isprintable():
            continue
        escaped = quote(character, safe="")
        if len(found) + len(escaped) > LONGEST_LABEL:
            break
        found += escaped
    return found or "account"


def svg(text: str) -> str:
    """A QR code, black on white, with the quiet zone that readers need (ISO/IEC 18004).

    Raises:
        GuardError: segno is not installed.
    """
    try:
        import segno
    except ModuleNotFoundError as error:
        raise GuardError("QR codes need segno", hint="pip install 'buckler[mfa]'") from error
    out = BytesIO()
    segno.make_qr(text, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        nl=False,
        scale=4,
        border=4,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
        title="QR code for an authenticator app",
    )
    return out.getvalue().decode("utf-8")
