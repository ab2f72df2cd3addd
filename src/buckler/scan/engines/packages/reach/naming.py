"""Reads off a tree what a file names, without recursion: how deep it nests is for its author to choose."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from buckler.scan.engines.packages.reach.uses import (
    ASKED,
    BARE,
    CALLED,
    CONSTANT,
    LOOPED,
    Imported,
    Use,
    Uses,
)

_RUN: Final = frozenset(("exec", "eval", "__import__", "__builtins__", "__loader__"))
_REACHES: Final = frozenset(
    (
        *("import_module", "resolve_name", "run_module", "run_path", "spec_from_file_location"),
        *("module_from_spec", "exec_module", "load_module", "find_module", "SourceFileLoader"),
        *("LazyLoader", "getmodule", "import_string", "import_from_string", "import_attr"),
        *("locate", "symbol_by_name", "import_object", "load_object", "builtins"),
        *("ImportString", "PyObject", "get_objects", "get_referrers", "get_referents"),
        *("f_globals", "f_locals", "f_builtins", "__globals__", "__builtins__"),
        *("__subclasses__", "__self__", "FunctionType", "pythonapi", "load_entry_point"),
        *("__closure__", "cell_contents", "__import__", "get_type_hints", "namedAny"),
        *("namedModule", "namedObject", "runctx", "runeval", "run_cell", "run_code"),
    )
)
"""Names by which one comes to modules, or to functions of modules, that nothing names."""
_LOOKS: Final = frozenset(
    ("attrgetter", "methodcaller", "__getattribute__", "getmembers", "getattr_static", "get_field")
)
_IMPORTS: Final = frozenset(("import_module", "__import__"))
_WATCHED: Final = frozenset(("sys", "importlib", "inspect", "gc", "pkgutil", "types"))
_SYSTEMS: Final = frozenset(("sys", "importlib"))
_CLOSED: Final = frozenset(
    (
        *("builtins", "__builtin__", "runpy", "imp", "zipimport", "pydoc", "code", "codeop"),
        *("marshal", "importlib.machinery", "_frozen_importlib"),
    )
)
_TIMED: Final = frozenset(("timeit.timeit", "timeit.repeat", "timeit.main", "timeit.Timer"))
_PROFILED: Final = frozenset(
    f"{module}.{name}"
    for module in ("cProfile", "profile", "pdb", "bdb", "trace")
    for name in ("run", "runcall", "runeval", "main", "Trace")
)
_PROFILES: Final = frozenset(name.partition(".")[0] for name in _PROFILED)
_SETS: Final = frozenset(
    (
        *("setattr", "delattr", "globals", "locals", "vars", "update", "setdefault"),
        *("__dict__", "__setattr__", "__delattr__", "__setitem__", "setitem", "__code__"),
        *("__defaults__", "__kwdefaults__", "patch", "monkeypatch"),
    )
)
"""Names by which values are put where no assignment stands."""
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES: Final = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *_COMPREHENSIONS,
)


class _Reader:
    """Walks one tree."""

    def __init__(self, tree: ast.Module) -> None:
        self.uses = Uses()
        self._waiting: list[tuple[ast.AST, frozenset[str], str]] = [(tree, frozenset(), BARE)]

    def read(self) -> Uses:
        """All of it."""
        while self._waiting:
            self._one(*self._waiting.pop())
        return self.uses

    def _later(
        self, nodes: Iterable[ast.AST | None], local: frozenset[str], how: str = BARE
    ) -> None:
        self._waiting += [(node, local, how) for node in nodes if node is not None]

    def _one(self, node: ast.AST, local: frozenset[str], how: str) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._imported(node)
        elif isinstance(node, ast.Name | ast.Attribute) or _constant_attribute(node) is not None:
            self._chain(node, local, how)
        elif isinstance(node, ast.Call):
            self._call(node, local, how)
        elif isinstance(node, ast.Constant):
            self._constant(node)
        elif isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):
                self._later([node.value], local, ASKED)
        elif isinstance(node, ast.BoolOp):
            self._later(node.values, local, how)
        elif isinstance(node, ast.UnaryOp):
            self._later([node.operand], local, ASKED if isinstance(node.op, ast.Not) else BARE)
        elif isinstance(node, ast.Compare):
            asked = all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
            self._later([node.left, *node.comparators], local, ASKED if asked else BARE)
        else:
            self._other(node, local)

    def _other(self, node: ast.AST, local: frozenset[str]) -> None:
        self.uses.words.update(_words(node))
        self.uses.sets = self.uses.sets or isinstance(node, ast.Global | ast.Nonlocal)
        if (looped := _looped(node)) is not None:
            name, over = looped
            self.uses.looped.setdefault(name, set()).update(o.id for o in over)
            self._later(over, local, LOOPED)
        test = getattr(node, "test", None)
        gone = (test, getattr(node, "iter", None) if looped is not None else None)
        children = [child for child in ast.iter_child_nodes(node) if child not in gone]
        if isinstance(node, ast.ClassDef):
            # A module that is an attribute of a class is had by whoever has an object of it.
            imports = (n for n in _inside(node) if isinstance(n, ast.Import | ast.ImportFrom))
            self.uses.reaches = self.uses.reaches or any(True for _ in imports)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            generic = getattr(node, "type_params", ())
            self._later([*node.decorator_list, node.args, node.returns, *generic], local)
            self._later(node.body, _within(node, local))
            return
        if isinstance(node, _COMPREHENSIONS) and _looped(node.generators[0]) is None:
            self._later([node.generators[0].iter], local)  # that one is read outside
        if isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            local = _within(node, local)
        self._later(children, local)
        self._later([test], local, ASKED)

    def _chain(
        self,
        node: ast.AST,
        local: frozenset[str],
        how: str,
        given: tuple[tuple[str, str], ...] = (),
    ) -> None:
        attrs: list[str] = []
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            word = node.id if isinstance(node, ast.Name) else node.attr
            self.uses.words.add(word)
            if isinstance(node, ast.Attribute):
                self._later([node.value], local)
            elif word not in local:
                self.uses.made.add(word)
            return
        while True:
            constant = _constant_attribute(node)
            if isinstance(node, ast.Attribute):
                attrs.append(node.attr)
                node = node.value
            elif constant is not None and isinstance(node, ast.Call):
                attrs.append(constant)
                self._later(node.args[2:], local)
                node = node.args[0]
            else:
                break
        attrs.reverse()
        root = node.id if isinstance(node, ast.Name) else ""
        if not root:
            self._later([node], local)
        if root in local:
            self.uses.words.add(root)
            root = ""
        if root in _RUN or not _REACHES.isdisjoint((root, *attrs)):
            self.uses.reaches = True
        self.uses.sets = self.uses.sets or not _SETS.isdisjoint((root, *attrs))
        if root in ("globals", "locals"):
            self.uses.spaces = True
        if root == "getattr" or not _LOOKS.isdisjoint((root, *attrs)):
            self.uses.tried.add("")
        if "__dict__" in attrs:
            self.uses.tried.add(root)
        if root or attrs:
            self.uses.names.append(Use(root, tuple(attrs), line, how, given))

    def _call(self, node: ast.Call, local: frozenset[str], how: str) -> None:
        name = _last(node.func)
        plain = isinstance(node.func, ast.Name)
        self.uses.words.update(keyword.arg for keyword in node.keywords if keyword.arg)
        self._later([*node.args, *(keyword.value for keyword in node.keywords)], local)
        first = node.args[0] if node.args else None
        if name in _IMPORTS and (how == ASKED or _is_named(first)):
            if how != ASKED and isinstance(first, ast.Constant):
                self.uses.imports.append(Imported(str(first.value), "", ""))
            self.uses.loads = self.uses.loads or not _is_named(first)
            return  # what is imported is named, or nothing is done with it
        if plain and name == "getattr" and first is not None:
            self.uses.tried.add(_root(first, local))
            return
        if name == "getmembers" and first is not None:
            self.uses.tried.add(_root(first, local))
            return
        if name in ("attrgetter", "methodcaller") and _are_texts(node.args[:1]):
            return
        if plain and name == "vars":
            self.uses.sets = True
            self.uses.spaces = self.uses.spaces or first is None
            self.uses.tried.update([_root(first, local)] if first is not None else [])
            return
        func = node.func
        if isinstance(func, ast.Name | ast.Attribute) or _constant_attribute(func) is not None:
            self._chain(func, local, CALLED, tuple(_given(node, local)))
        else:
            self._later([func], local, CALLED)

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.uses.texts.append(node.value)
        elif isinstance(node.value, bytes):
            self.uses.texts.append(node.value.decode("latin-1"))

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            made = [Imported(a.name, "", a.asname or a.name.partition(".")[0]) for a in node.names]
        else:
            origin, level = node.module or "", node.level
            made = [Imported(origin, a.name, a.asname or a.name, level) for a in node.names]
        for one in made:
            whole = one.origin in _CLOSED or (one.full in _CLOSED and not one.level)
            hidden = one.name in _REACHES and one.alias != one.name
            if one.name in _LOOKS and one.alias != one.name:
                self.uses.tried.add("")
            named = (one.origin, one.name) == ("sys", "modules")
            star = one.name == "*" and one.origin.partition(".")[0] in _WATCHED
            self.uses.reaches = self.uses.reaches or whole or hidden or named or star
        self.uses.imports += made


def uses_of(tree: ast.Module) -> Uses:
    """What a file names."""
    made = _Reader(tree).read()
    watched = {i.alias for i in made.imports if i.full in _WATCHED or i.name in _SYSTEMS}
    for use in made.names:
        taken = use.how in (BARE, LOOPED)
        handed = taken and (use.attrs or (use.root,))[-1] in _SYSTEMS
        if use.root in watched:
            handed = handed or (taken and not use.attrs) or use.attrs[:1] == ("__dict__",)
        made.reaches = made.reaches or handed
    _look_for_runs(made)
    return made


def _look_for_runs(made: Uses) -> None:
    """Texts that are run to be timed or profiled, and formats that read attributes."""
    full = {i.alias: i.full for i in made.imports if i.alias and not i.level}
    profiles = any(name.partition(".")[0] in _PROFILES for name in full.values())
    for use in made.names:
        name = ".".join((full.get(use.root, ""), *use.attrs))
        if name in _TIMED:
            settled = use.how == CALLED and all(written == CONSTANT for _, written in use.given)
            made.reaches = made.reaches or not settled
        of_object = profiles and use.root not in full and use.attrs[-1:] in (("run",), ("runcall",))
        taken = use.how in (BARE, LOOPED) and name in {"timeit", *_PROFILES}
        made.reaches = made.reaches or name in _PROFILED or of_object or taken
        if name == "string.Formatter":
            made.tried.add("")


def _given(node: ast.Call, local: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The arguments of a call as they are written."""
    for position, argument in enumerate(node.args):
        yield "*" if isinstance(argument, ast.Starred) else str(position), _written(argument, local)
    for keyword in node.keywords:
        yield keyword.arg or "*", _written(keyword.value, local)


def _written(node: ast.expr, local: frozenset[str]) -> str:
    if isinstance(node, ast.Constant | ast.Lambda):
        return CONSTANT
    attrs: list[str] = []
    while isinstance(node, ast.Attribute):
        attrs.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id in local:
        return ""
    return ".".join((node.id, *reversed(attrs)))


def _constant_attribute(node: ast.AST) -> str | None:
    """The name in ``getattr(x, "name")``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    if node.func.id != "getattr" or not 2 <= len(node.args) <= 3 or node.keywords:
        return None
    name = node.args[1]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return name.value
    return None


def _is_named(node: ast.expr | None) -> bool:
    """Whether an import names its module, absolute, and that leads nowhere else."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return not node.value.startswith(".") and node.value not in _WATCHED | _CLOSED


def _are_texts(nodes: Iterable[ast.expr]) -> bool:
    return all(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in nodes)


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _root(node: ast.AST, local: frozenset[str]) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) and node.id not in local else ""


def _within(node: ast.AST, local: frozenset[str]) -> frozenset[str]:
    """The names that belong to a function, lambda or comprehension; those that it imports are taken for the file's."""
    names: set[str] = set()
    kept: set[str] = set()
    for at in _inside(node):
        if isinstance(at, ast.arg):
            names.add(at.arg)
        elif isinstance(at, ast.Name) and isinstance(at.ctx, ast.Store):
            names.add(at.id)
        elif (looped := _looped(at)) is not None:
            kept.add(looped[0])
        elif isinstance(at, ast.Import | ast.ImportFrom):
            kept.update(a.asname or a.name.partition(".")[0] for a in at.names)
        elif isinstance(at, ast.Global | ast.Nonlocal):
            kept.update(at.names)
    return (local - kept) | (names - kept)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to a function, class or comprehension, without that of those within it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        at = waiting.pop()
        yield at
        if not isinstance(at, _SCOPES):
            waiting += ast.iter_child_nodes(at)


def _looped(node: ast.AST) -> tuple[str, list[ast.Name]] | None:
    """The name of a loop over names, and those."""
    if not isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        return None
    if not isinstance(node.target, ast.Name) or not isinstance(node.iter, ast.Tuple | ast.List):
        return None
    names = [item for item in node.iter.elts if isinstance(item, ast.Name)]
    return (node.target.id, names) if len(names) == len(node.iter.elts) else None


def _words(node: ast.AST) -> Iterator[str]:
    """Words of a node that are no names, attributes or texts."""
    for name in ("name", "arg", "rest"):
        value = getattr(node, name, None)
        if isinstance(value, str):
            yield value
    for name in ("names", "kwd_attrs"):
        for value in getattr(node, name, ()):
            if isinstance(value, str):
                yield value
