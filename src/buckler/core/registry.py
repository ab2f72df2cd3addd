"""Finds the rules. A rule is registered by being there: one module, one class.

Modules are found below a package, and in folders of a project's own (``[tool.buckler]
rules = ["security/rules"]``). These are imported into the scanner's process, outside of the box:
the command line hands them over only where ``--project-rules`` was given. Ids and names are unique, and an id that was given up is
never used again (docs/rules-policy.md).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from buckler.core.errors import RuleError, UsageError
from buckler.core.rule import Rule

RETIRED_IDS: frozenset[str] = frozenset()
"""Ids of rules that were taken out; a new rule must not take one of them."""


class Registry:
    """The rules of one run, in the order of their ids.

    Args:
        rules: One instance of each rule.

    Raises:
        RuleError: Two rules share an id or a name, or one uses a retired id.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_id: dict[str, Rule] = {}
        names: dict[str, str] = {}
        for rule in sorted(rules, key=lambda item: item.id):
            if rule.id in self._by_id or rule.id in RETIRED_IDS:
                raise RuleError(f"rule id {rule.id} is taken")
            if rule.name in names:
                raise RuleError(
                    f"rule name {rule.name} is used by {names[rule.name]} and {rule.id}"
                )
            self._by_id[rule.id] = rule
            names[rule.name] = rule.id
        self._names = names

    @classmethod
    def load(cls, package: str, folders: Iterable[Path] = (), *, only: str = "") -> Registry:
        """The rules below a package, and those in folders of a project.

        Args:
            package: Dotted name of the package whose sub-packages hold the rules.
            folders: Folders with further rule modules; every ``*.py`` in them is imported.
            only: Id or name of a rule of the package: no other one is imported if it is there.
        """
        modules = [*_package_modules(package, only), *_folder_modules(folders)]
        return cls(rule() for module in modules for rule in _rules_of(module))

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, key: str) -> bool:
        return key.upper() in self._by_id or key in self._names

    def __getitem__(self, key: str) -> Rule:
        """The rule of an id (in any case) or a name.

        Raises:
            UsageError: There is no such rule.
        """
        known = self._by_id.get(key.upper()) or self._by_id.get(self._names.get(key.lower(), ""))
        if known is None:
            raise UsageError(f"there is no rule {key!r}", hint="`buckler rules` lists them all")
        return known

    def select(self, select: Iterable[str], ignore: Iterable[str]) -> list[Rule]:
        """The rules that are asked for.

        Args:
            select: Ids, id prefixes (``INJ``) or names; empty means all.
            ignore: The same, taken away afterwards.

        Raises:
            UsageError: An entry matches no rule, or none is left: a scan without rules would
                find nothing and call it clean.
        """
        chosen = self._matching(select) if (select := tuple(select)) else set(self._by_id)
        left = chosen - self._matching(tuple(ignore))
        if not left:
            raise UsageError(
                "no rule is left: everything that select takes is ignored",
                hint="take something out of ignore; `buckler rules` lists all rules",
            )
        return [self._by_id[i] for i in sorted(left)]

    def _matching(self, patterns: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for pattern in patterns:
            hits = {i for i in self._by_id if i.startswith(pattern.upper())}
            if pattern.lower() in self._names:
                hits.add(self._names[pattern.lower()])
            if not hits:
                raise UsageError(
                    f"no rule matches {pattern!r}", hint="`buckler rules` lists them all"
                )
            found |= hits
        return found


def _package_modules(package: str, only: str = "") -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    found = [i for i in pkgutil.walk_packages(root.__path__, f"{package}.") if not i.ispkg]
    for info in [i for i in found if only and _declares(i, only)] or found:
        yield importlib.import_module(info.name)


def _declares(info: pkgutil.ModuleInfo, key: str) -> bool:
    """Whether the text of a module sets the id or the name of a rule to a word."""
    spec = info.module_finder.find_spec(info.name, None)
    path = Path(spec.origin) if spec is not None and spec.origin is not None else None
    if path is None or path.suffix != ".py" or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    return f'\n    id = "{key.upper()}"\n' in text or f'\n    name = "{key.lower()}"\n' in text


def _folder_modules(folders: Iterable[Path]) -> Iterator[ModuleType]:
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"the folder of rules {folder} does not exist")
        for path in sorted(folder.glob("*.py")):
            name = f"_buckler_rules_{abs(hash(path))}_{path.stem}"
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise RuleError(f"{path} cannot be imported as a rule")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            try:
                spec.loader.exec_module(module)
            except Exception as error:
                raise RuleError(
                    f"{path} cannot be imported as a rule: {type(error).__name__}: {error}",
                    hint="put it right, or leave --project-rules out",
                ) from error
            yield module


def _rules_of(module: ModuleType) -> list[type[Rule]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Rule)
        and value.__module__ == module.__name__
        and hasattr(value, "id")
    ]
