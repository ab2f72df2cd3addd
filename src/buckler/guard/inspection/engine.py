"""Decides in one pass of RE2 whether any of many values looks like an attack, and which then.

Threat: a pattern that backtracks stops the event loop for as long as the caller likes (CWE-1333). RE2 reads
each byte once, whatever the pattern and the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from buckler.guard.inspection.normal import deep
from buckler.guard.inspection.sign import ENOUGH, Attack, Sign
from buckler.guard.inspection.source import Value
from buckler.guard.options import GuardError

MEMORY: Final = 16 * 1024 * 1024
"""Bytes for the states of one pass at most; they are made as texts need them, and dropped where it is full."""
SHORT: Final = 1_024
"""Bytes of a text that is matched in a single pass."""
FAMILIES: Final = (
    frozenset((Attack.SQL, Attack.NOSQL, Attack.XPATH, Attack.LDAP)),
    frozenset((Attack.XSS, Attack.XXE, Attack.LOOKUP, Attack.TEMPLATE)),
    frozenset((Attack.COMMAND, Attack.CRLF, Attack.TRAVERSAL, Attack.SSRF, Attack.SCANNER)),
)
MAX_JUDGED: Final = 1_000
"""Values of one part of a request that are judged one by one."""
LINES: Final = 4
"""Line feeds that make a text a document: a script, a page, a log, all of a mail."""
_WORD = re.compile(r"(?<![\w'\"<>/$.={])[^\W\d_]{2,}(?=[\s,.;:!?)]|$)")
_SHOWN = 2_000
_WARM = "\n".join(
    f"key{number}\nSome words, e.g. <b>it's 1%</b> + (a/b) & c=d" for number in range(9)
)
"""Matched once at the start: the first states cost more than all that follow."""
_OF_LANGUAGES: Final = frozenset(
    "select union all from where and or not null is in like order by group having limit insert into values"
    " update set delete drop table database alter exec declare distinct true false script alert cat ls id"
    " system entity public doctype between exists case when then else end".split()
)


class Patterns:
    """All patterns, one pass for each of :data:`FAMILIES`, or a single one for a short text.

    RE2 makes a state for each set of places where its patterns may be. With all patterns in one automaton
    a text can be made that needs a new state for nearly each byte, which costs six times as much as three
    passes do; a short one cannot.

    Args:
        signs: What is looked for.
        lines: Whether each line counts as a text of its own.
    """

    __slots__ = ("_all", "_families")

    def __init__(self, signs: Sequence[Sign], *, lines: bool) -> None:
        re2 = _re2()
        options = re2.Options()
        options.max_mem = MEMORY
        options.log_errors = False
        self._families: list[tuple[Any, list[int]]] = []
        for family in (None, *FAMILIES):
            patterns, numbers = re2.Set.SearchSet(options), []
            for number, sign in enumerate(signs):
                if family is None or sign.kind in family:
                    patterns.Add(f"(?m){sign.regex}" if lines else sign.regex)
                    numbers.append(number)
            patterns.Compile()
            self._families.append((patterns, numbers))
        self._all = self._families.pop(0)[0]

    def of(self, text: bytes) -> list[int]:
        """Numbers of those that a text matches."""
        if len(text) <= SHORT:
            return self._all.Match(text) or []
        return [
            numbers[index]
            for patterns, numbers in self._families
            for index in patterns.Match(text) or ()
        ]


class Engine:
    """Judges values by their signs.

    Args:
        signs: What is looked for.

    Raises:
        GuardError: RE2 is not installed.
    """

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._signs = tuple(signs)
        self._exact = Patterns(self._signs, lines=False)
        self._joined = Patterns(self._signs, lines=True)

    def suspects(self, joined: str) -> frozenset[Attack]:
        """Kinds that one of many values may be.

        Args:
            joined: The values, one line or more for each: what a value matches, its lines do, too.
        """
        found = self._matched(self._joined, joined)
        if not found:
            return frozenset()
        total: dict[Attack, int] = {}
        for index in found:
            sign = self._signs[index]
            total[sign.kind] = total.get(sign.kind, 0) + max(sign.weight, sign.prose or 0, 0)
        return frozenset(kind for kind, weight in total.items() if weight >= ENOUGH)

    def judge(self, value: Value) -> Mapping[Attack, int]:
        """What one value looks like, with the weight of each; empty for most."""
        text = value.text
        found = self._matched(self._exact, text)
        if not found:
            return {}
        prose = is_prose(text)
        total: dict[Attack, int] = {}
        for index in found:
            sign = self._signs[index]
            if (
                (sign.head and not value.head)
                or (sign.agent and not value.agent)
                or (sign.key and not value.key)
                or (sign.confirm is not None and not _confirmed(sign, text))
            ):
                continue
            total[sign.kind] = total.get(sign.kind, 0) + sign.weighs(prose=prose)
        return {kind: weight for kind, weight in total.items() if weight >= ENOUGH}

    def _matched(self, patterns: Patterns, text: str) -> set[int]:
        plain = text.lower()
        found = set(patterns.of(plain.encode("utf-8", "replace")))
        bare = deep(text)
        if bare != plain:
            found.update(patterns.of(bare.encode("utf-8", "replace")))
        return found


def is_prose(text: str) -> bool:
    """Whether a text is written for people: most of it words of no language of machines, or Markdown's code."""
    text = text[:_SHOWN]
    if "```" in text or text.count("\n") >= LINES:
        return True
    words = [word for word in _WORD.findall(text.lower()) if word not in _OF_LANGUAGES]
    return len(words) >= 5 and len(words) * 5 >= len(text.split()) * 2


@lru_cache(1)
def engine() -> Engine:
    """The one of this process, with all signs.

    Raises:
        GuardError: RE2 is not installed.
    """
    from buckler.guard.inspection.signs import SIGNS

    made = Engine(SIGNS)
    made.suspects(_WARM)
    made.suspects(_WARM * (SHORT // len(_WARM) + 1))
    return made


def _confirmed(sign: Sign, text: str) -> bool:
    return sign.confirm is not None and (
        sign.confirm(text[:_SHOWN].lower()) or sign.confirm(deep(text[:_SHOWN]))
    )


def _re2() -> Any:
    try:
        import re2  # type: ignore[import-untyped]
    except ImportError as error:
        raise GuardError(
            "Inspection needs google-re2", hint="pip install 'buckler[inspect]'"
        ) from error
    return re2
