"""Which words a shop defines, and the words that stand for them in its renamed copy.

A word is one part of a name: ``order_id`` has two. Each gets another, always the same one, so that
names which belong together (``order``, ``OrderOut``, ``/orders/{order_id}``) still do, in every case
style. Most get a made-up word. What names a thing of the trade of security gets a synonym, because
there a name is evidence, for people as for rules: nothing else says that a text is a password, that a
path is the sign-in, or that a field is a right.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SYNONYMS = {
    "account": "profile",
    "accounts": "profiles",
    "admin": "administrator",
    "backoffice": "administration",
    "config": "diagnostics",
    "continue": "forward",
    "forgot": "recover",
    "health": "healthz",
    "id": "ref",
    "internal": "management",
    "limit": "top",
    "me": "self",
    "only": "guard",
    "password": "passphrase",
    "read": "decode",
    "require": "ensure",
    "reset": "recovery",
    "session": "sess",
    "settings": "config",
    "sign": "log",
    "signature": "sig",
    "signup": "register",
    "to": "goto",
    "token": "bearer",
    "url": "uri",
    "user": "member",
    "username": "handle",
    "users": "members",
    "verify": "validate",
}
"""Words that say something about security, and what else the trade calls them."""

KEPT = frozenset(
    {"api", "auth", "code", "email", "hash", "key", "pin", "role", "secret", "sha", "x"}
)
"""Words of the trade without a synonym, and the ``X`` that own headers begin with.

``role`` is a field that a request adds on its own: nothing shows its name, so it must be guessed.
"""

PROTOCOL = frozenset({"access_token", "token_type", "grant_type", "scopes"})
"""Names that OAuth 2 gives."""

LIBRARY = frozenset(
    {"self", "cls", "model_config", "build_middleware_stack", "characters", "add", "clear"}
)
"""Names that a base class of a library gives, or that Python's own collections have, too."""

_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_PATH_WORD = re.compile(r"[A-Za-z_]\w*(?:-[A-Za-z_]\w*)*")
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "websocket", "mount"})


@dataclass(frozen=True, slots=True)
class Words:
    """The table of one shop.

    Attributes:
        names: Every whole name that the shop defines; these are looked for in texts.
        methods: Methods of its classes.
        fields: Fields and attributes of its classes.
        table: Old word, new word; all in lower case.
    """

    names: frozenset[str]
    methods: frozenset[str]
    fields: frozenset[str]
    table: dict[str, str]

    def new(self, name: str) -> str:
        """A name in the copy; its case style stays."""
        return name if name in LIBRARY | PROTOCOL else _each_part(name, self.table)

    def old(self, name: str) -> str:
        """What a name of the copy is called in the original."""
        back = {new: old for old, new in self.table.items()}
        return name if name in PROTOCOL else _each_part(name, back)


def _each_part(name: str, table: dict[str, str]) -> str:
    def replaced(matched: re.Match[str]) -> str:
        part = matched.group()
        new = table.get(part.lower(), part.lower())
        if part.isupper() and (len(part) > 1 or name.isupper()):
            return new.upper()
        return new.capitalize() if part[0].isupper() else new

    return _PART.sub(replaced, name)


def parts(name: str) -> list[str]:
    """The words of a name, in lower case."""
    return [part.lower() for part in _PART.findall(name)]


def collect(folder: Path, trees: Iterable[ast.Module]) -> Words:
    """The table of a shop: its Python, its paths, its files."""
    names: set[str] = set()
    methods: set[str] = set()
    fields: set[str] = set()
    for tree in trees:
        names.update(_defined(tree), _interface(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    fields.update(_stored(item))
                    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                        methods.add(item.name)
            if _is_own_attribute(node):
                fields.add(node.attr)
    for file in folder.rglob("*"):
        inside = file.relative_to(folder)
        if inside.parts[0] in ("app", "media", "exports") or file.suffix == ".py":
            names.update(_PATH_WORD.findall(inside.as_posix().rsplit(".", 1)[0]))
    names -= {"html", "py", "__init__", "_"} | LIBRARY | PROTOCOL
    return Words(
        names=frozenset(n for n in names | fields | methods if not _is_special(n)),
        methods=frozenset(n for n in methods if not _is_special(n)),
        fields=frozenset(n for n in fields if not _is_special(n)),
        table=_table(names | fields | methods),
    )


def _is_special(name: str) -> bool:
    return name.startswith("__") or name in LIBRARY | PROTOCOL or (len(name) == 1 and name != "q")


def _table(names: Iterable[str]) -> dict[str, str]:
    words = sorted({word for name in names for word in parts(name)} - KEPT)
    made = _made_up(set(words))
    table = {word: SYNONYMS.get(word) or next(made) for word in words}
    if len(set(table.values())) != len(table):
        raise ValueError("two words of the shop would become one")
    return table


def _made_up(taken: set[str]) -> Iterator[str]:
    chance = random.Random(20)
    used = set(taken)
    while True:
        word = "".join(chance.choice("bdfgklmprtvz") + chance.choice("aeiou") for _ in range(3))
        if word not in used:
            used.add(word)
            yield word


def _stored(node: ast.AST) -> Iterator[str]:
    """Names that one statement gives a value to."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (t.id for t in targets if isinstance(t, ast.Name))


def _is_own_attribute(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _defined(tree: ast.Module) -> Iterator[str]:
    """Every name that a module binds, but for what it imports from libraries."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
                if name.startswith("x_"):
                    yield name.replace("_", "-").title()
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.ExceptHandler(name=str() as name):
                yield name
            case ast.Assign(targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=name)):
                yield str(name)


def _interface(tree: ast.Module) -> Iterator[str]:
    """Words of the paths of a module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        texts = [k.value for k in node.keywords if k.arg in ("prefix", "tokenUrl")]
        texts += node.args[:1] if called in _ROUTES else []
        for text in texts:
            if isinstance(text, ast.Constant) and str(text.value).startswith("/"):
                without = re.sub(r":\w+\}", "}", str(text.value))
                yield from _PATH_WORD.findall(without.removesuffix(".csv"))
