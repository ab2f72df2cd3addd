"""Names and passwords of accounts that an application brings along, from what it hashed while it started."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from buckler.core.settings import ADMIN
from buckler.scan.engines.attack.accounts import NAME, PASSWORD
from buckler.scan.engines.attack.entrances import HIGH, RIGHTS
from buckler.scan.model.application import Brought

MOST_NAMES = 6
_WORD = re.compile(r"[\w.@+-]{1,80}", re.ASCII)
_HASH = re.compile(r"\$[\w-]+\$|^[0-9a-f]{32,}$|^[A-Za-z0-9+/]{40,}={0,2}$")
_TRUTH = ("True", "False")
_FLAGS = ("True", "1", "False", "0")
_ROLE = re.compile(
    r"(super_?)?(admin(istrator)?|user|root|owner|staff|manager|moderator|editor|viewer|reader|agent|member|customer|guest|"
    r"operator|support|clerk|employee|author)s?",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"group|team|depart|\bdept|plan|kind|type|categor|position|title|clearance|access|grade|^can_|^may_|subscription",
    re.IGNORECASE,
)
"""Names of what tells kinds of accounts apart, and may come with rights."""
_CHIEF = re.compile(r"admin|root|superuser|boss|chief", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credential:
    """Somebody who may be able to sign in.

    Attributes:
        names: What the name may be, the likeliest first.
        password: That goes with it.
        role: ``admin``, or what else the application calls it; ``user`` where nothing says.
        rights: What says how much it may do: accounts of a kind have the same.
        said: All that stood around it.
    """

    names: tuple[str, ...]
    password: str = field(repr=False)
    role: str
    rights: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def credentials(brought: Iterable[Brought]) -> list[Credential]:
    """What may sign in, in the order in which it was hashed, each once."""
    found: dict[tuple[tuple[str, ...], str], Credential] = {}
    for one in brought:
        for password in _passwords(one):
            made = _credential(one, password)
            if made.names:
                found.setdefault((made.names, password), made)
    return _graded(list(_told_apart(list(found.values()))))


def _told_apart(found: list[Credential]) -> Iterator[Credential]:
    """The same without names that stand around several accounts: the name of a hash, of a tenant."""
    owners: dict[str, set[str]] = {}
    for one in found:
        for name in one.names:
            owners.setdefault(name, set()).add(one.names[0])
    for one in found:
        own = tuple(name for name in one.names if len(owners[name]) == 1)
        yield replace(one, names=own or one.names[:1])


def _graded(found: list[Credential]) -> list[Credential]:
    """The same; where roles are numbers, the highest of several is an administrator's, and the others are told apart by rights."""
    grades = sorted({int(one.role) for one in found if one.role.isdecimal()})
    top = str(grades[-1]) if len(grades) > 1 else ""
    return [
        replace(one, role=ADMIN if one.role == top else "user") if one.role.isdecimal() else one
        for one in found
    ]


def _passwords(one: Brought) -> Iterator[str]:
    """The text, or what was to be hashed where the text has a salt in it or is a digest."""
    named = [text for name, text in one.around if PASSWORD.search(name) and not _HASH.search(text)]
    within = [text for text in named if text != one.password and text in one.password]
    if not _HASH.search(one.password):
        yield one.password
    yield from dict.fromkeys(within or ([] if one.password in named else named))


def _credential(one: Brought, password: str) -> Credential:
    rest = [
        (name, text)
        for name, text in one.around
        if text not in (password, one.password, *_TRUTH) and not PASSWORD.search(name)
    ]
    telling = [text for name, text in rest if NAME.search(name)]
    mails = [text for _, text in rest if "@" in text]
    others = [
        text
        for name, text in rest
        if not RIGHTS.search(name) and not _ROLE.fullmatch(text) and not text.isdecimal()
    ]
    names = [text for text in (*telling, *mails, *others) if _is_name(text)]
    rights = tuple(dict.fromkeys((k, v) for k, v in one.around if _tells(k) or v in _TRUTH))
    role = _role(one, names)
    return Credential(tuple(dict.fromkeys(names))[:MOST_NAMES], password, role, rights, one.around)


def _tells(name: str) -> bool:
    return bool(RIGHTS.search(name) or _KIND.search(name))


def is_chief(rights: Iterable[tuple[str, str]]) -> bool:
    """Whether what an application says of somebody's rights is said of an administrator."""
    return any(
        (HIGH.search(name) and value in _FLAGS[:2]) or _CHIEF.search(value)
        for name, value in rights
    )


def _is_name(text: str) -> bool:
    return len(text) > 1 and bool(_WORD.fullmatch(text)) and not _HASH.search(text)


def _role(one: Brought, names: list[str]) -> str:
    flags = [v for k, v in one.around if HIGH.search(k) and v in _FLAGS]
    said = [v for k, v in one.around if RIGHTS.search(k) and v not in _TRUTH]
    said += [v for k, v in one.around if not RIGHTS.search(k) and _ROLE.fullmatch(v)]
    if _FLAGS[0] in flags or _FLAGS[1] in flags or any(_CHIEF.search(text) for text in said[:1]):
        return ADMIN
    if said and not flags and _WORD.fullmatch(said[0]):
        return said[0].lower()
    return ADMIN if not flags and names and _CHIEF.search(names[0]) else "user"
