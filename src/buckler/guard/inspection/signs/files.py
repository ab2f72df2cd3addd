"""Signs of paths that leave their folder (CWE-22) or name what is not the caller's (CWE-73)."""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_sign = partial(Sign, Attack.TRAVERSAL)
_UP = r"\.{2,};?[/\\]+"
_TARGET = (
    r"(?:etc[/\\]+(?:passwd|shadow|group|hosts|sudoers|issue|ssh|crontab)|proc[/\\]+(?:self|\d+|version|net)"
    r"|windows[/\\]+(?:win\.ini|system32|system\.ini)|winnt[/\\]|boot\.ini|win\.ini|\.ssh[/\\]|id_rsa|\.git[/\\]"
    r"|\.env\b|wp-config\.php|web\.config|\.htaccess|\.aws[/\\]|database\.yml|\.svn[/\\]|var[/\\]+log[/\\]|root[/\\])"
)
_DOT = r"(?:\.|%(?:25)*2e|%(?:25)*u002e|%(?:25)*c0%(?:25)*ae)"
_SLASH = r"(?:%(?:25)*2f|%(?:25)*5c|%(?:25)*c0%(?:25)*af|%(?:25)*c1%(?:25)*9c|%(?:25)*u221[56])"

SIGNS: Final = (
    _sign(4, rf"^[^\s'\"(),<>]*{_UP}(?:[\w.-]+[/\\]+)?{_UP}(?:[\w.-]+[/\\]+)?{_UP}", prose=1),
    _sign(4, rf"{_UP}[^\s'\"<>]*{_TARGET}", prose=2),
    _sign(
        4,
        rf"^~(?:[/\\]+|[a-z]:[/\\]+){_TARGET}[^\s'\"<>,]*$",
        prose=0,
        confirm=lambda value: ".git" not in value and "var" not in value[:8],
    ),
    _sign(4, r"^~etc[/\\]+(?:passwd|shadow)\b[^\s]*$", prose=0),
    _sign(4, rf"{_DOT}{_DOT}{_SLASH}", prose=2),
    _sign(4, r"%(?:25)*2e(?:%(?:25)*2e|\.)|%(?:25)*c0%(?:25)*ae", prose=2),
    _sign(4, r"\.\.;[/\\]|\.\.\.[/\\]\.[/\\]\.\.|\.{4}[/\\]{2}", prose=2),
    _sign(4, r"\.[a-z]{2,4}(?:\x00|%(?:25)*00)|(?:\x00|%(?:25)*00)\.[a-z]{2,4}$", prose=1),
    _sign(4, r"^~(?:phar|zip|expect|zlib|glob|compress\.zlib|php)://", prose=2),
    _sign(4, r"\bphp://(?:filter|input|memory|temp|fd)\b", prose=2),
)
