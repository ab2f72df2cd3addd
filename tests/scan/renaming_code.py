"""Renames what a shop's Python says, and nothing that belongs to a library.

Whether an attribute is the shop's own is read off what it hangs on: ``answer.status`` is a library's
where ``answer`` came out of ``urlopen``, and the shop's where it is a row.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterator

from tests.scan.renaming_words import PROTOCOL, Words

_TOKEN = re.compile(r"(?<!%)[A-Za-z_]\w*(?:-[A-Za-z_]\w*)*")
_NOT_OURS = re.compile(r"^(text|image|application|http|https|lifespan|websocket)[/.]")
_KEPT_ARGUMENTS = frozenset(
    {"filter", "mode", "samesite", "media_type", "encoding", "extra", "ways", "schemes", "docs"}
)
_SPREAD = frozenset({"render", "add_task", "format"})
_TRANSPARENT = frozenset({"AsyncSession", "async_sessionmaker", "select"})
_BAGS = frozenset({"cookies", "session"})
_FOREIGN = frozenset({"identity"})
LONG = 100
DRIVER = "sqlalchemy.ext.asyncio"
STORES = "SqlStores"
"""A library's own way to the database, which needs the driver that the shop's goes without."""
PREFIX = "SHOP_"
ADMIN = "admin"
"""The one role that Buckler's settings know by name; as a value it stays."""


def _asynchronous(url: ast.expr) -> ast.expr:
    """The address with the driver that it had."""
    changed = ast.Attribute(url, "replace", ast.Load())
    return ast.Call(changed, [ast.Constant("sqlite:"), ast.Constant("sqlite+aiosqlite:")], [])


def rename_text(text: str, words: Words) -> str:
    """A text of the shop: paths, statements, keys, names of files."""
    if _NOT_OURS.match(text):
        return text

    def replaced(matched: re.Match[str]) -> str:
        token = matched.group()
        before = text[: matched.start()]
        convertor = token == "path" and before.endswith(":") and "{" in before.rsplit("/", 1)[-1]
        if convertor or token in PROTOCOL:
            return token
        if token in words.names or token.startswith(PREFIX):
            return words.new(token)
        return token

    return _TOKEN.sub(replaced, text)


class Renamer(ast.NodeTransformer):
    """Renames one module.

    Args:
        words: The table.
        tree: The module.
        libraries: Names of functions of the shop that give an object of a library.
        driver: Module that takes the place of SQLAlchemy's asyncio extension.
    """

    def __init__(self, words: Words, tree: ast.Module, libraries: set[str], driver: str) -> None:
        self._words = words
        self._driver = driver
        self._giving = libraries
        self._texts = True
        self._imported: set[str] = set()
        self._modules: set[str] = set()
        self._foreign: list[set[str]] = [set()]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._imported.update((a.asname or a.name).split(".")[0] for a in node.names)
            elif isinstance(node, ast.ImportFrom) and not _is_ours(node):
                self._imported.update(a.asname or a.name for a in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module in ("app", "app.routers"):
                self._modules.update(a.name for a in node.names)
        self._note(tree.body)

    # What belongs to a library

    def _is_library(self, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name):
                known = any(name in names for names in self._foreign)
                return (known or name in self._imported) and name not in _TRANSPARENT
            case ast.Call(func=ast.Name(id=name)) if name in self._giving:
                return True
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                return self._is_library(inner)
            case ast.Call(func=inner):
                return self._is_library(inner)
            case ast.BinOp(left=inner):
                return self._is_library(inner)
        return False

    def _note(self, body: list[ast.stmt]) -> None:
        """Variables that hold objects of libraries."""
        for node in (inner for item in body for inner in ast.walk(item)):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    pass
                case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
                    pass
                case ast.For(target=ast.Name(id=name), iter=value):
                    pass
                case _:
                    continue
            if self._is_library(value):
                self._foreign[-1].add(name)

    def _annotated(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self._imported and name not in _TRANSPARENT
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *_])):
                return self._annotated(first)
        return False

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self._foreign.append({a.arg for a in every if self._annotated(a.annotation)})
        self._note(node.body)
        node.name = self._words.new(node.name) if not node.name.startswith("__") else node.name
        self._describe(node)
        self.generic_visit(node)
        self._foreign.pop()
        return node

    visit_FunctionDef = _visit_function  # noqa: N815
    visit_AsyncFunctionDef = _visit_function  # noqa: N815

    @staticmethod
    def _describe(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant("Described elsewhere."))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._words.new(node.name)
        self._describe(node)
        return self.generic_visit(node)

    # Names

    def visit_arg(self, node: ast.arg) -> ast.AST:
        keep = node.arg == "user_agent"
        node.arg = node.arg if keep else self._words.new(node.arg)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        special = node.id.startswith("__") or node.id == "user_agent"
        builtin = hasattr(builtins, node.id) and node.id not in self._words.names
        if not (special or builtin or node.id in self._imported):
            node.id = self._words.new(node.id)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self._words.new(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self._words.new(name) for name in node.names]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if _is_ours(node):
            node.module = ".".join(self._words.new(part) for part in (node.module or "").split("."))
            for alias in node.names:
                alias.name = self._words.new(alias.name)
        elif node.module == DRIVER:
            node.module = self._driver
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.target, ast.Name) and node.target.id in PROTOCOL:
            return node  # its value is the protocol's, too, and its type says which
        return self.generic_visit(node)

    # What hangs on something

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if self._is_own(node):
            node.attr = self._words.new(node.attr)
        return self.generic_visit(node)

    def _is_own(self, node: ast.Attribute, called: bool = False) -> bool:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return True
        mine = isinstance(node.value, ast.Name) and node.value.id == "self"
        if called and not mine:
            return node.attr in self._words.methods
        known = self._words.fields | self._words.methods
        own = node.attr in known or node.attr == "router"
        return own and not self._is_library(node.value)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        bag = any(isinstance(n, ast.Attribute) and n.attr in _BAGS for n in ast.walk(node.func))
        library = self._is_library(node) or _called(node.func) in self._imported
        process = library and ast.unparse(node.func).startswith("subprocess")
        path = bool(node.args) and ast.unparse(node.args[0])[1:2] in ("/", "'")
        lookup = name == "get" and library and not bag and not path
        renamed = not library or name in _SPREAD
        if isinstance(node.func, ast.Attribute):
            renamed = name in _SPREAD or self._is_own(node.func, called=True)
            own = self._is_own(node.func, called=True)
            node.func.value = self.visit(node.func.value)
            node.func.attr = self._words.new(name) if own else name
        else:
            node.func = self.visit(node.func)
        self._texts = not (lookup or process)
        node.args = [self.visit(argument) for argument in node.args]
        self._texts = True
        for keyword in node.keywords:
            plain = isinstance(keyword.value, ast.Constant | ast.List)
            fixed = plain and keyword.arg in _KEPT_ARGUMENTS
            if not fixed:
                keyword.value = self.visit(keyword.value)
            if renamed and keyword.arg:
                keyword.arg = self._words.new(keyword.arg)
        if _called(node.func) == STORES:
            node.args[0] = _asynchronous(node.args[0])
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        foreign = isinstance(node.slice, ast.Constant) and (
            self._is_library(node.value) or _root(node) in _FOREIGN
        )
        node.value = self.visit(node.value)
        if not foreign:
            node.slice = self.visit(node.slice)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self._texts and isinstance(node.value, str) and node.value != ADMIN:
            node.value = rename_text(node.value, self._words)
            node.value = node.value.replace("sqlite+aiosqlite:", "sqlite:")
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)
        return node


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_ours(node: ast.ImportFrom) -> bool:
    return (node.module or "").split(".")[0] == "app"


def rename_module(tree: ast.Module, words: Words, libraries: set[str], driver: str) -> str:
    """The source of a module of the copy: other names, no comments, no descriptions."""
    renamer = Renamer(words, tree, libraries, driver)
    if ast.get_docstring(tree) is not None:
        tree.body[0] = ast.Expr(ast.Constant("Described elsewhere."))
    return _laid_out(ast.unparse(ast.fix_missing_locations(renamer.visit(tree))) + "\n")


def _laid_out(source: str) -> str:
    """One argument a line where a statement is long: findings at one line are one finding."""
    lines = source.splitlines(keepends=True)
    for number, column in sorted(_long_commas(source, lines), reverse=True):
        line = lines[number - 1].encode()
        lines[number - 1] = (line[:column] + b"\n" + line[column:]).decode()
    return "".join(lines)


def _long_commas(source: str, lines: list[str]) -> Iterator[tuple[int, int]]:
    depth, in_text = 0, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        in_text += {"FSTRING_START": 1, "FSTRING_END": -1}.get(kind, 0)
        if kind != "OP" or in_text:
            continue
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.string, 0)
        row, column = token.end
        line = lines[row - 1]
        if token.string == "," and depth == 1 and len(line) > LONG and row == token.start[0]:
            yield row, len(line[:column].encode())
