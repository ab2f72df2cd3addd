"""Whether nothing of a project can come to a function of a library, whatever road its values take.

An auditor believes that code is not in the execute path (CWE-1395), so the question is not which names lead there, but
whether there is any trace at all. A function of a library is had by its name, or by a module that holds it and a name
that is computed. So the name must stand nowhere, in no text either, and no module may be in a variable, be handed on or
be come to by what code computes. Where one of both is the case, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.scan.engines.packages.reach.files import Files, read
from buckler.scan.engines.packages.reach.own import Own
from buckler.scan.engines.packages.reach.uses import (
    BARE,
    CALLED,
    CONSTANT,
    LOOPED,
    Imported,
    Use,
    Uses,
)
from buckler.scan.engines.source.left_out import is_test

_SAID_OF_MODULES: Final = frozenset(("__version__", "__name__", "__doc__", "__file__", "__all__"))
_MOST_TARGETS: Final = 40
"""Of one name in one file."""
_NOTHING: Final[tuple[list[Imported], bool]] = ([], False)
_OF_TESTS: Final = frozenset(("conftest", "tests", "test", "testing"))
"""Words that every project with tests has in its texts."""
_WORD: Final = re.compile(r"\w+")
_PLAIN: Final = re.compile(r"[A-Z]?[a-z]+")


class Mentions:
    """Looks through the files of a project.

    Args:
        folder: Of the project.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Files | None = None
        self._uses: dict[str, Uses] = {}
        self._own = Own(())

    def places(
        self, symbols: Iterable[str], modules: Iterable[str]
    ) -> frozenset[tuple[str, int]] | None:
        """Where these symbols are called by name: (file, line).

        Args:
            symbols: Dotted names.
            modules: Of their package.

        Returns:
            None where one of them may be come to otherwise, or is called twice on a line.
        """
        files = self._read()
        if not files.whole or any(uses.reaches for uses in self._uses.values()):
            return None
        search = _Search(frozenset(symbols), tuple(modules), self._own, self._uses)
        if any(search.is_named_in(text, whole=False) for text in files.texts.values()):
            return None
        found = [(path, line) for path in self._uses for line in search.lines(path)]
        return frozenset(found) if search.clear and len(found) == len(set(found)) else None

    def _read(self) -> Files:
        if self._files is None:
            self._files = read(self._folder)
            if self._files.whole:
                self._own = Own(self._files.code)
                self._uses = _that_run(self._files)
        return self._files


def _that_run(files: Files) -> dict[str, Uses]:
    """The files without tests, but with those that something else names."""
    every = files.code
    run = {path: uses for path, uses in every.items() if not is_test(path)}
    if any(uses.loads for uses in run.values()):
        return every
    left = {path for path in every if path not in run}
    named = _started(left, files.texts.values())
    new = list(run.values())
    while new:
        words = {w for uses in new for w in _module_words(uses)}
        named |= {p for p in left if not words.isdisjoint(_parts(p))}
        new = [every[path] for path in sorted(named)]
        run.update((path, every[path]) for path in sorted(named))
        left -= named
        named = set()
    return run


def _started(left: set[str], texts: Iterable[str]) -> set[str]:
    """The tests whose name is a word of a text, with what is imported before them."""
    stems = {_stem(path) for path in left} - {"__init__", *_OF_TESTS}
    told: set[str] = set()
    for text in texts if stems else ():
        told.update(w for w in map(re.Match.group, _WORD.finditer(text)) if w in stems)
    named = {path for path in left if _stem(path) in told}
    above = {f"{folder}/__init__.py" for path in named for folder in PurePosixPath(path).parents}
    return named | (left & above)


def _module_words(uses: Uses) -> Iterator[str]:
    for one in uses.imports:
        yield from one.origin.split(".")
        yield one.name
    for text in uses.texts:
        if len(text) < 300:
            yield from re.findall(r"\w+", text)


def _parts(path: str) -> set[str]:
    """Words that name a file of tests: its own name, and the folders that make it one."""
    *folders, _ = path.split("/")
    return {_stem(path), *(f for f in folders if is_test(f"{f}/x.py"))} - {"__init__"}


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


Bound = dict[str, tuple[list[Imported], bool]]


class _Search:
    """Looks for the traces of some symbols of one package.

    Attributes:
        clear: Whether none was found that hides what is called.
    """

    def __init__(
        self,
        symbols: frozenset[str],
        modules: tuple[str, ...],
        own: Own,
        uses: dict[str, Uses],
    ) -> None:
        self.clear = True
        self._symbols = symbols
        self._modules = modules
        self._own = own
        self._uses = uses
        self._words = frozenset(s.rpartition(".")[2] for s in symbols)
        self._rare = frozenset(w for w in self._words if not _PLAIN.fullmatch(w))
        holders = [part for s in symbols for part in s.split(".")[:-1]]
        self._has_classes = any(part[:1].isupper() for part in holders)
        every = [(u, i) for u in uses.values() for i in u.imports]
        self._names = {i.alias for _, i in every if self._is_packages(i)} - {"", "*"}
        self._systems = {"sys"} | {i.alias for _, i in every if i.full == "sys" or i.name == "sys"}
        self._tries = any(self._tries_unknown(one) for one in uses.values())
        self._sets = any(uses.sets for uses in uses.values())
        self._text = self._pattern()

    def _pattern(self) -> re.Pattern[str]:
        tops = "|".join(re.escape(m) for m in self._modules)
        plain = "|".join(map(re.escape, sorted(self._words)))
        tried = [
            rf"\w[.:](?:{plain})(?!\w)",
            rf"\bfrom\s+(?:{tops})(?:\.\w+)*\s+import\b",
            rf"\bimport\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*(?:{tops})(?!\w)",
            rf"\b(?:__import__|import_module)\s*\(\s*\\*[\"'](?:{tops})(?!\w)",
            rf"<%namespace\b[^>]{{0,200}}\bmodule\s*=\s*[\"'](?:{tops})(?!\w)",
        ]
        if self._rare:
            rare = "|".join(map(re.escape, sorted(self._rare)))
            tried.append(rf"(?<!\w)(?:{rare})(?!\w)")
        return re.compile("|".join(tried), re.MULTILINE)

    def is_named_in(self, text: str, *, whole: bool) -> bool:
        """Whether a text names a symbol, or holds code that imports the package.

        Args:
            text: Of a file, or a constant.
            whole: Whether it names one, too, where it is nothing but the last part of one.
        """
        return (whole and text.strip() in self._words) or self._text.search(text) is not None

    def lines(self, path: str) -> Iterator[int]:
        """The lines on which a file calls a symbol by its name; :attr:`clear` is False where something hides."""
        uses = self._uses[path]
        stars = any(i.name == "*" and not self._is_foreign(i) for i in uses.imports)
        inside = stars or any(not self._is_foreign(i) for i in uses.imports)
        self._stop(uses.spaces and inside)
        self._stop(not self._rare.isdisjoint(uses.words))
        self._stop(any(self.is_named_in(text, whole=True) for text in uses.texts))
        self._stop(any(self._hides(one) for one in uses.imports))
        bound = self._bound(uses)
        for use in uses.names:
            targets, foreign = bound.get(use.root, _NOTHING)
            self._stop(self._is_system(use) or len(targets) > _MOST_TARGETS)
            if not self.clear:
                return
            if foreign:
                continue
            ours = [i for i in targets if self._is_packages(i)]
            if not ours:
                self._stop(self._leads_on(path, use, targets, stars=stars))
            if [one for one in ours if self._calls(use, one)]:
                self._stop(self._sets and not self._is_plain(use, uses, bound))
                yield use.line

    def _bound(self, uses: Uses) -> Bound:
        """What each name may stand for, and whether that is nothing but other libraries."""
        by_alias: dict[str, list[Imported]] = {}
        for one in dict.fromkeys(uses.imports):
            if one.alias and one.name != "*":
                by_alias.setdefault(one.alias, []).append(one)
        for name, over in uses.looped.items():
            looped = [i for other in over if other != name for i in by_alias.get(other, ())]
            by_alias[name] = [*by_alias.get(name, ()), *looped]
        return {
            name: (targets, name not in uses.made and all(map(self._is_foreign, targets)))
            for name, targets in by_alias.items()
        }

    def _is_plain(self, use: Use, uses: Uses, bound: Bound) -> bool:
        """Whether a call says itself what it is given, but for the first: what it reads.

        Values that a project sets by computed names, or in variables of modules, cannot be followed to their end.
        """
        for place, written in use.given:
            root = written.partition(".")[0]
            targets = bound.get(root, _NOTHING)[0]
            named = targets and root not in uses.made and all(map(self._is_packages, targets))
            if place != "0" and written != CONSTANT and not named:
                return False
        return True

    def _stop(self, found: object) -> None:
        self.clear = self.clear and not found

    def _is_packages(self, one: Imported) -> bool:
        full = one.full if one.alias else one.origin
        tops = (full, one.origin) if not one.level else ()
        return any(
            f"{t}.".startswith(f"{m}.") or m.startswith(f"{t}.")
            for t in tops
            for m in self._modules
        )

    def _is_foreign(self, one: Imported) -> bool:
        """Whether it is of a library that has nothing to do with the package."""
        return not one.level and not self._is_packages(one) and not self._own.may_be(one.origin)

    def _tries_unknown(self, uses: Uses) -> bool:
        """Whether a file asks something by a computed name that may be a module, or a class of the package."""
        foreign = {i.alias for i in uses.imports if self._is_foreign(i)}
        foreign -= {i.alias for i in uses.imports if not self._is_foreign(i)} | uses.made
        return bool(uses.tried - foreign)

    def _hides(self, one: Imported) -> bool:
        """Whether an import takes in what is not named after."""
        if self._is_packages(one):
            full = f"{one.origin}.{one.name}"
            strange = one.name in self._words and (
                full not in self._symbols or one.name in self._rare
            )
            return not one.alias or one.name == "*" or strange
        if self._is_foreign(one):
            return False
        return not one.alias or one.name in self._words | self._names

    def _is_system(self, use: Use) -> bool:
        """Whether it may be ``sys.modules``, whatever ``sys`` is called."""
        chain = (use.root, *use.attrs)
        return any(
            b == "modules" and a in self._systems for a, b in zip(chain, chain[1:], strict=False)
        )

    def _leads_on(self, path: str, use: Use, targets: Sequence[Imported], *, stars: bool) -> bool:
        """Whether a name that is not the package's may lead to it."""
        chain = (use.root, *use.attrs)
        if not self._words.isdisjoint(chain):
            return True
        if not self._names.isdisjoint(use.attrs):
            return True
        if stars and not targets and use.root in self._names:
            return True
        for one in targets:
            if self._own.is_module(path, one, use.attrs) and use.how == BARE:
                return True
            if any(a.startswith("__") and a not in _SAID_OF_MODULES for a in use.attrs[:1]):
                return self._own.is_module(path, one, ())
        return False

    def _calls(self, use: Use, one: Imported) -> bool:
        """Whether it is a call of a symbol; what hides one stops."""
        full = ".".join((one.full, *use.attrs))
        if use.how == CALLED and full in self._symbols:
            return True
        parts = full.split(".")
        last = parts[-1]
        self._stop(not self._words.isdisjoint(parts))
        self._stop(any(p.startswith("__") and p not in _SAID_OF_MODULES for p in parts))
        self._stop(self._has_classes and self._tries)
        if use.how in (BARE, LOOPED) and last not in _SAID_OF_MODULES:
            is_class = last[:1].isupper() and not self._has_classes
            holds = any(s.startswith(f"{full}.") for s in self._symbols)
            is_module = holds or (not use.attrs and not one.name)
            self._stop(is_module or (not is_class and self._tries))
        return False
