"""Where passwords go in, and one that is taken there: for rules that follow a password to its store."""

from __future__ import annotations

import re

from buckler.scan.engines.interface import Mint, Payload

PASSWORD_SLOT = re.compile(r"pass(word|wd|phrase|code)?$|^pwd|(^|_)pin$", re.IGNORECASE)


def strong(mint: Mint, note: str) -> Payload:
    """A secret with a canary in it that most policies take: long, of all kinds of characters.

    Args:
        mint: Makes the canary.
        note: What it is sent as, for people.
    """
    canary = mint()
    return Payload(f"{canary}-Aa1!xQ", canary, note, raw=True)
