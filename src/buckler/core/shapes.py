"""What secrets look like that no name gives away: one table for whatever masks or judges texts.

Threat: a credential that stands in a log, a report or an answer under a harmless name (CWE-200, CWE-532;
ASVS 5.0 V16.2.5). A shape is an issuer's documented prefix, a standard's form (RFC 7519, RFC 7468,
RFC 7617, ISO/IEC 7812-1), or the place in a URL where a password stands (RFC 3986, 3.2.1).

Every pattern is linear in the text: it begins with a word of its own, and what follows is bounded or
consumed. The words are looked for first, which costs a hundredth of a search by pattern.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "password_hash", "private_key", "cloud_key", "token", "authorization", "url_password"
]


def _always(found: re.Match[str]) -> bool:
    del found
    return True


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of secrets.

    Attributes:
        kind: A stable word: what the secret is.
        words: One of them is in every text that holds such a secret.
        pattern: Its group ``secret``, where there is one, is the secret; else all of it.
        sure: Looks at a match once more.
    """

    kind: Kind
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    sure: Callable[[re.Match[str]], bool] = _always

    def found(self, text: str) -> Iterator[str]:
        """The secrets of this form in a text."""
        group = "secret" if "secret" in self.pattern.groupindex else 0
        return (m.group(group) for m in self.pattern.finditer(text) if self.sure(m))

    def steps(self, text: str) -> Iterator[str | None]:
        """The same of a long text, with None wherever the search may be interrupted."""
        group = "secret" if "secret" in self.pattern.groupindex else 0
        for match in _windows(self.pattern, text):
            if match is None:
                yield None
            elif self.sure(match):
                yield match.group(group)

    def masked(self, text: str, mask: Callable[[str], str]) -> str:
        """The text with every secret of this form replaced."""
        return self.pattern.sub(lambda match: self._mask(match, mask), text)

    def _mask(self, match: re.Match[str], mask: Callable[[str], str]) -> str:
        if not self.sure(match):
            return match.group()
        group = "secret" if "secret" in self.pattern.groupindex else 0
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        whole = match.group()
        return whole[:start] + mask(whole[start:end]) + whole[end:]


def _windows(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str] | None]:
    """Matches of a pattern, one window after the other, with None between them.

    What touches the end of a window is looked at once more with all of the text that follows; what is
    longer than the part that two windows share, and begins before it, may be missed.
    """
    at = 0
    while at + WINDOW < len(text):
        end = at + WINDOW
        following = end - SHARED
        for number, match in enumerate(pattern.finditer(text, at, end)):
            if match.end() > end - 4:
                following = min(following, match.start())
                again = pattern.match(text, match.start())
                if again is not None:
                    yield again
                    following = again.end()
                break
            yield match
            if number % 64 == 63:
                yield None
            following = max(following, match.end())
        at = max(following, at + 1)
        yield None
    yield from pattern.finditer(text, at)


def _shape(
    kind: Kind, words: str, pattern: str, sure: Callable[[re.Match[str]], bool] = _always
) -> Shape:
    return Shape(kind, tuple(words.split()), re.compile(pattern), sure)


def _issued(words: str, pattern: str) -> Shape:
    """A key with its issuer's prefix, not in the middle of a word."""
    return _shape("cloud_key", words, rf"(?<![A-Za-z0-9])(?:{pattern})")


def _is_basic(match: re.Match[str]) -> bool:
    """Whether it is a name and a password (RFC 7617, 2), and not a word after "basic"."""
    text = match.group("secret").rstrip("=")
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in plain and plain.isprintable()


_KEY = r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
SHAPES: Final = (
    _shape(
        "private_key",
        "-----BEGIN",
        # Without its end, as where a text was cut, whatever may be of a key is.
        rf"{_KEY}(?:[^-]*+(?:-(?!----)[^-]*+)*+-----END [A-Z0-9 ]{{0,32}}-----|[\sA-Za-z0-9+/=\\:,]*+)",
    ),
    _shape("private_key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50,}"),
    _shape(
        "password_hash",
        "$",
        r"\$(?:argon2(?:id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]{0,16}|[156y7]|apr1|bcrypt-sha256)\$[^\s\"'<>]{20,}"
        r"|\b(?:scrypt|pbkdf2)[:_][\w:]{1,64}\$[^\s\"'<>]{16,}",
    ),
    _shape(
        "token",
        "eyJ",
        r"(?<![A-Za-z0-9-])(?:[A-Za-z0-9]{1,16}_)?"
        r"(?P<secret>eyJ[A-Za-z0-9_-]{6,}+\.[A-Za-z0-9_-]*+\.[A-Za-z0-9_-]*+(?:\.[A-Za-z0-9_-]++){0,2})",
    ),
    _shape(
        "authorization",
        "earer EARER DPoP",
        r"\b(?:[Bb]earer|BEARER|DPoP)\s{1,4}(?P<secret>(?=[A-Za-z._~+/-]{0,256}[0-9])[\w.~+/-]{12,}+=*)",
    ),
    _shape(
        "authorization",
        "asic BASIC",
        r"\b(?:[Bb]asic|BASIC)\s{1,4}(?P<secret>[A-Za-z0-9+/]{6,}+={0,2})",
        _is_basic,
    ),
    _shape(
        "url_password",
        "://",
        # Up to the last @ before the path: a password may hold one that nobody escaped.
        r"://[^\s/:@\"'<>?#]{0,256}:(?P<secret>[^\s/\"'<>]{1,512})@",
    ),
    _shape("url_password", "://", r"://(?P<secret>(?=[A-Za-z_-]{0,64}[0-9])[\w-]{20,256})@"),
    _issued("AKIA ASIA ABIA ACCA", r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _issued("ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    _issued("github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _issued("gl", r"gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|oas|soat)-[\w-]{20,}"),
    _issued("_live_ _test_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _issued("whsec_", r"whsec_[A-Za-z0-9+/]{24,}={0,2}"),
    _issued("xox xapp-", r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    _issued("hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/[\w/]{20,}"),
    _issued("AIza", r"AIza[\w-]{35}"),
    _issued("ya29.", r"ya29\.[\w-]{20,}"),
    _issued("GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    _issued("sk-", r"sk-(?:(?:ant|proj|svcacct|admin|or)-[\w-]{20,}|[A-Za-z0-9]{40,})"),
    _issued("hf_", r"hf_[A-Za-z0-9]{30,}"),
    _issued("npm_", r"npm_[A-Za-z0-9]{36,}"),
    _issued("pypi-", r"pypi-AgE[\w-]{40,}"),
    _issued("SG.", r"SG\.[\w-]{16,64}\.[\w-]{16,128}"),
    _issued("dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _issued("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _issued("sq0", r"sq0(?:atp|csp|idp)-[\w-]{22,}"),
    _issued(":AA", r"[0-9]{8,10}:AA[\w-]{33}"),
    _issued("hvs. hvb.", r"hv[sb]\.[\w-]{24,}"),
    _issued("dapi", r"dapi[0-9a-f]{32}"),
    _issued("dckr_", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    _issued("glsa_ glc_", r"(?:glsa|glc)_[A-Za-z0-9+/=_]{32,}"),
    _issued("ATATT3", r"ATATT3[\w=-]{40,}"),
    _issued("lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    _issued("AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
)
"""In the order in which they are masked: what may hold another comes first."""
WINDOW: Final = 32_768
"""Characters that are searched without an interruption."""
SHARED: Final = 8_192
_BY_WORD: Final = tuple((word, index) for index, one in enumerate(SHAPES) for word in one.words)


def likely(text: str) -> list[Shape]:
    """The shapes whose word is in a text: for most texts none, told in two microseconds."""
    found = {index for word, index in _BY_WORD if word in text}
    return [SHAPES[index] for index in sorted(found)]


# The first digit leads, so that the search skips to digits; what stands before it is looked at then.
_CARD = re.compile(
    r"[0-9](?<![A-Za-z0-9_.-][0-9])(?:[ -]?[0-9]){13,18}(?![A-Za-z0-9_-]|\.[0-9])", re.ASCII
)
_GROUPED = re.compile(
    r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5}"
)
_ISSUERS: Final = {
    14: re.compile(r"30[0-5]|3[689]"),
    15: re.compile(r"3[47]"),
    16: re.compile(
        r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|35(?:2[89]|[3-8])|60(?:11)|64[4-9]|6[25]"
        r"|50(?:18|20|38)|5893|6304|67(?:59|6[1-3])"
    ),
    17: re.compile("62"),
    18: re.compile("62"),
    19: re.compile(r"62|4|6304|67(?:59|6[1-3])"),
}
"""Beginnings of the issuers' numbers by length; many other numbers have as many digits."""
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""A digit twice, its own digits added (ISO/IEC 7812-1, annex B)."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is a payment card's number.

    Attributes:
        start: Where it begins in its text.
        end: Where it ends.
        grouped: Whether its digits stand in the groups of a card.
    """

    start: int
    end: int
    grouped: bool


def cards(text: str) -> Iterator[Card]:
    """Numbers of payment cards: an issuer's beginning, its length, the check digit (ISO/IEC 7812-1).

    One number in ten has a right check digit: who judges what bears no telling name asks for groups, too.
    """
    return (card for card in card_steps(text) if card is not None)


def card_steps(text: str) -> Iterator[Card | None]:
    """The same of a long text, with None wherever the search may be interrupted."""
    for match in _windows(_CARD, text):
        if match is None:
            yield None
            continue
        number = match.group()
        groups = _GROUPED.match(number)
        # After a number that is whole, the digits of something else may follow.
        first = number.replace("-", " ").partition(" ")[0]
        tries = (number, first) if groups is None else (number, groups.group(), number[:19])
        for tried in dict.fromkeys(tries):
            if _is_card(tried):
                yield Card(
                    match.start(), match.start() + len(tried), bool(_GROUPED.fullmatch(tried))
                )
                break


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    issuer = _ISSUERS.get(len(digits))
    if issuer is None or not issuer.match(digits) or digits == digits[0] * len(digits):
        return False
    last_first = digits.encode()[::-1]
    total = sum(last_first[::2]) + sum(last_first[1::2].translate(_DOUBLED))
    return (total - len(digits) * ord("0")) % 10 == 0
