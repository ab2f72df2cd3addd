"""More of the same attack: a repair that stops one payload and not its neighbours is none.

The rule sends all of its payloads and these besides: other quotes, cases, blanks and encodings around
the canary, each with a canary of its own, judged by the rule as ever.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from urllib.parse import quote

from buckler.core.rule import Rule
from buckler.scan.engines.interface import Attacks, Canary, Mint, Payload, Slot

VARIANTS = 20
Change = Callable[[str], str]
_CHANGES: tuple[tuple[str, Change], ...] = (
    ("upper case", str.upper),
    ("blanks as tabs", lambda text: text.replace(" ", "\t")),
    ("blanks as comments", lambda text: text.replace(" ", "/**/")),
    ("the other quotes", lambda text: text.translate({39: '"', 34: "'"})),
    ("quotes doubled", lambda text: text.replace("'", "''").replace('"', '""')),
    ("quotes behind a backslash", lambda text: text.replace("'", "\\'").replace('"', '\\"')),
    ("percent-encoded", lambda text: quote(text, safe="")),
    ("percent-encoded twice", lambda text: quote(quote(text, safe=""), safe="")),
    ("full-width letters", lambda text: "".join(_wide(letter) for letter in text)),
    ("separators the other way", lambda text: text.translate({47: "\\", 92: "/"})),
    ("separators doubled", lambda text: text.replace("/", "//")),
    ("on a new line", lambda text: f"\n{text}"),
    ("behind a blank", lambda text: f" {text}"),
    ("behind a number", lambda text: f"0{text}"),
    ("with a tail", lambda text: f"{text} -- "),
    ("behind a letter", lambda text: f"x{text}"),
)


@dataclass(slots=True)
class Sent:
    """How many payloads a rule sent, by slot.

    Attributes:
        whole: By slot key: numbers of payloads of the attacks that were sent to their end.
    """

    whole: dict[str, list[int]] = field(default_factory=dict)

    def amount(self, slot: str) -> int:
        """Payloads that each attack on a slot of that key sent at least; 0 where none ended."""
        return min(self.whole.get(slot, ()), default=0)


def widened(rule: Rule, slots: Iterable[str]) -> tuple[Rule, Sent]:
    """A rule that sends variants too into slots of some keys, and what it will have sent.

    Args:
        rule: It has ``attack``; other rules come back as they are.
        slots: Keys such as ``query:q``.
    """
    sent = Sent()
    wanted = frozenset(slots)
    if not isinstance(rule, Attacks):
        return rule, sent
    made = copy.copy(rule)
    attack, likes = rule.attack, getattr(rule, "likes", None)

    def more(slot: Slot, mint: Mint) -> Iterator[Payload]:
        if slot.key not in wanted:
            yield from attack(slot, mint)
            return
        amount = 0
        for payload in _with_variants(list(attack(slot, mint)), mint):
            yield payload
            amount += 1
        if amount:
            sent.whole.setdefault(slot.key, []).append(amount)

    def wants(slot: Slot) -> bool:
        return slot.key in wanted or bool(likes is not None and likes(slot))

    made.attack = more  # type: ignore[method-assign]
    made.likes = wants  # type: ignore[attr-defined]
    return made, sent


def _with_variants(payloads: list[Payload], mint: Mint) -> Iterator[Payload]:
    yield from payloads
    yield from islice(_variants(payloads, mint), VARIANTS if payloads else 0)


def _variants(payloads: list[Payload], mint: Mint) -> Iterator[Payload]:
    """Changed payloads, no two alike; where changes make none, the same ones once more."""
    known = {_pattern(payload) for payload in payloads}
    for name, change in _CHANGES:
        for payload in payloads:
            if isinstance(payload.value, str):
                made = _changed(payload, change, name, mint())
                if _pattern(made) not in known:
                    known.add(_pattern(made))
                    yield made
    while payloads:
        for payload in payloads:
            yield _changed(payload, lambda text: text, "once more", mint())


def _changed(payload: Payload, change: Change, name: str, canary: Canary) -> Payload:
    """The payload with another canary and the text around it changed."""
    if isinstance(payload.value, bytes):
        value: str | bytes = payload.value.replace(
            payload.canary.text.encode(), canary.text.encode()
        )
    else:
        parts: list[str] = [payload.value]
        for old, _ in _words(payload.canary, canary):
            parts = [p for part in parts for p in _split(part, old)]
        new = dict(_words(payload.canary, canary))
        value = "".join(new[part] if part in new else change(part) for part in parts)
    return replace(payload, value=value, canary=canary, note=f"{payload.note}, {name}")


def _words(old: Canary, new: Canary) -> list[tuple[str, str]]:
    """What names a canary, longest first: a host holds the word itself."""
    pairs = {
        (old.plant, new.plant),
        (old.host, new.host),
        (old.address, new.address),
        (old.text, new.text),
    }
    return sorted((pair for pair in pairs if pair[0]), key=lambda pair: -len(pair[0]))


def _split(text: str, word: str) -> list[str]:
    """The text cut at each occurrence of a word, the word kept as a part."""
    parts = text.split(word)
    made = [parts[0]]
    for part in parts[1:]:
        made += [word, part]
    return made


def _pattern(payload: Payload) -> str:
    """The payload without what is its own."""
    text = payload.value if isinstance(payload.value, str) else repr(payload.value)
    for word, _ in _words(payload.canary, payload.canary):
        text = text.replace(word, "*")
    return text


def _wide(letter: str) -> str:
    """The full-width form that NFKC makes the letter of."""
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" and not letter.isalnum() else letter
