"""Signs of lines that are put into a head of HTTP or of a mail (CWE-93, CWE-113)."""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.CRLF)
_NAMES = (
    r"(?:set-cookie|location|content-(?:type|length|disposition)|transfer-encoding|x-[a-z-]+|refresh|link"
    r"|access-control-[a-z-]+|b?cc|host|reply-to)"
)
_BREAK = r"(?:%(?:25)*0[ad]|%(?:25)*e5%(?:25)*98%(?:25)*8[ad]|[\x{560a}\x{560d}])"

SIGNS: Final = (
    _sign(4, rf"[\r\n]+~{_NAMES}~:", head=True, prose=3),
    _sign(4, r"[\r\n]{2}~(?:<[a-z!]|http/1)", head=True),
    _sign(4, rf"{_BREAK}(?:\s|%(?:25)*20)*{_NAMES}~(?::|%3a)"),
    _sign(4, r"(?:%(?:25)*0d%(?:25)*0a){2}"),
    _sign(4, r"\S~[\r\n]+~set-cookie~:~[\w-]+=", prose=2),
    _sign(4, r"\S~[\r\n]+~(?:location~:~https?:|content-length~:~\d+|http/1\.[01] \d)", prose=1),
    # A head that is shown as a whole.
    _sign(-2, r"^~(?:(?:get|post|put|delete|patch|head|options) /|http/[12])"),
)
