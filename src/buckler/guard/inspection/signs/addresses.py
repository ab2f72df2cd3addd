"""Signs of addresses that a server should not ask for somebody else (CWE-918)."""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.SSRF)
_START = r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/\s@]*@)?"
_PORTS = r"(?:22|25|2375|2376|2379|3306|5432|5984|6379|6443|8500|9200|10250|11211|27017)"

SIGNS: Final = (
    # Where clouds keep what a machine may do.
    _sign(
        4,
        rf"{_START}\[?(?:::ffff:)?(?:169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|192\.0\.0\.192"
        r"|169\.254\.43518|169\.16689662|a9fe:a9fe|fd00:ec2::254|0xa9\.?(?:0x)?fe|2852039166"
        r"|0*251\.0*376\.0*251\.0*376|metadata\.(?:google\.internal|goog|azure)|kubernetes\.default)",
        prose=2,
    ),
    _sign(4, r"^~(?:gopher|dict|tftp|netdoc|ldaps?)://\S"),
    _sign(4, r"^~file:/+\S"),
    _sign(4, r"^~(?:jar:(?:https?|file):|unix:/)"),
    # This machine, at a port that serves no page, or written so that nobody knows it.
    _sign(
        4,
        rf"^~https?://(?:[^/\s@]*@)?(?:127\.[\d.]+|localhost|0\.0\.0\.0|\[::1?\]|\[::ffff:7f00:1\]):{_PORTS}(?:/|$)",
    ),
    _sign(
        4,
        r"^~https?://(?:[^/\s@]*@)?(?:0x7f[0-9a-f]{6}|0x7f\.|2130706433|127\.1(?:[:/]|$)|0*177\.0*\d+|017700000001)",
    ),
)
