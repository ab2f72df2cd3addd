"""Copies a shop with every word of its own renamed and its database driver swapped.

Functions, classes, variables, fields, modules, paths, parameters, headers, cookies, tables, columns,
templates and files get other names; comments and descriptions go. Names of the standard library, of
the frameworks, of HTTP and of OAuth 2 stay. Where a name is evidence of a weakness, it is replaced by
a synonym instead of a made-up word (``SYNONYMS`` in renaming_words): a password that is called
``zobalu`` cannot be known as one, by anybody.

The driver: aiosqlite goes. The copy has an adapter of its own, which runs the synchronous
sqlite3 in threads and looks like SQLAlchemy's asynchronous session to the rest of the copy.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

from tests.scan.renaming_code import rename_module, rename_text
from tests.scan.renaming_words import Words, collect

IGNORED = shutil.ignore_patterns("__pycache__", "*.db*", "uploads", "README.md", "expected.json")
ADAPTER = '''\
"""A session for coroutines over the driver of the standard library."""

import asyncio
from contextlib import asynccontextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session


class Link:
    def __init__(self, inner):
        self.inner = inner

    async def run_sync(self, work):
        return await asyncio.to_thread(work, self.inner)

    async def exec_driver_sql(self, text, values=()):
        return await asyncio.to_thread(self.inner.exec_driver_sql, text, values)


class AsyncSession:
    def __init__(self, inner):
        self.inner = inner

    async def __aenter__(self):
        return self

    async def __aexit__(self, *problem):
        await asyncio.to_thread(self.inner.close)

    def add(self, row):
        self.inner.add(row)

    async def execute(self, *given):
        return await asyncio.to_thread(self.inner.execute, *given)

    async def scalar(self, *given):
        return await asyncio.to_thread(self.inner.scalar, *given)

    async def scalars(self, *given):
        return await asyncio.to_thread(self.inner.scalars, *given)

    async def get(self, *given):
        return await asyncio.to_thread(self.inner.get, *given)

    async def delete(self, row):
        await asyncio.to_thread(self.inner.delete, row)

    async def commit(self):
        await asyncio.to_thread(self.inner.commit)

    async def connection(self):
        return Link(await asyncio.to_thread(self.inner.connection))


class Motor:
    def __init__(self, url):
        self.inner = create_engine(url)

    @asynccontextmanager
    async def begin(self):
        with self.inner.begin() as link:
            yield Link(link)

    async def dispose(self):
        await asyncio.to_thread(self.inner.dispose)


def create_async_engine(url):
    return Motor(url)


def async_sessionmaker(motor, **options):
    return lambda: AsyncSession(Session(motor.inner, **options))
'''


def rename(shop: Path, target: Path) -> Words:
    """Write the renamed copy of a shop.

    Args:
        shop: The shop.
        target: Folder for the copy; it must not exist.

    Returns:
        The table, to name things as in the original again.
    """
    files = sorted(shop.rglob("*.py"))
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    words = collect(shop, trees.values())
    giving = {name for tree in trees.values() for name in _give_library_objects(tree)}
    protocol_form = any("OAuth2PasswordRequestForm" in f.read_text("utf-8") for f in files)
    shutil.copytree(shop, target, ignore=IGNORED)
    driver = f"{words.new('app')}.adapter"
    for file in sorted(target.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        if file.is_file():
            original = trees.get(shop / file.relative_to(target))
            if original is not None:
                file.write_text(rename_module(original, words, giving, driver), encoding="utf-8")
            else:
                _rename_document(file, words, protocol_form)
        file.rename(file.with_name(_file_name(file, target, words)))
    (target / words.new("app") / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    return words


def back(text: str | None, words: Words) -> str | None:
    """An operation or a slot of the copy, as the original says it."""
    if text is None:
        return None
    return re.sub(r"[A-Za-z_]\w*", lambda m: words.old(m.group()), text)


def _file_name(file: Path, target: Path, words: Words) -> str:
    top = file.relative_to(target).parts[0]
    if file.name == "__init__.py" or (len(file.relative_to(target).parts) == 1 and file.is_file()):
        keep = file.suffix != ".py" or file.name == "__init__.py"
        return file.name if keep else f"{words.new(file.stem)}.py"
    if file.is_dir() or top in ("app", "media", "exports"):
        stem, dot, rest = file.name.partition(".")
        return rename_text(stem, words) + dot + rest
    return file.name


def _give_library_objects(tree: ast.Module) -> set[str]:
    """Functions that answer with a path, and classes that are a library's but for a little."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if isinstance(node.returns, ast.Name) and node.returns.id == "Path":
                found.add(node.name)
        elif isinstance(node, ast.ClassDef) and "FastAPI" in [ast.unparse(b) for b in node.bases]:
            found.add(node.name)
    return found


def _rename_document(file: Path, words: Words, protocol_form: bool) -> None:
    """Templates, the project file, the Dockerfile, the environment file."""
    text = file.read_text(encoding="utf-8")
    if file.name == "pyproject.toml":
        text = _project(text, words, protocol_form)
    elif file.suffix in (".html", ".j2") or file.parent.name == "mail":
        text = _template(text, words)
    elif file.name == "Dockerfile" or file.name.startswith(".env"):
        text = re.sub(r"\bSHOP_\w+", lambda m: words.new(m.group()), text)
        text = text.replace("sqlite+aiosqlite:", "sqlite:").replace("app.main:app", _main(words))
        text = text.replace("COPY app app", f"COPY {words.new('app')} {words.new('app')}")
    file.write_text(text, encoding="utf-8")


def _main(words: Words) -> str:
    return f"{words.new('app')}.{words.new('main')}:{words.new('app')}"


def _project(text: str, words: Words, protocol_form: bool) -> str:
    text = text.replace("app.main:app", _main(words))
    text = re.sub(
        r'"((?:GET|POST|PUT|PATCH|DELETE|WEBSOCKET) )(/[^"]*)"',
        lambda m: f'"{m.group(1)}{rename_text(m.group(2), words)}"',
        text,
    )
    text = re.sub(
        r'role = "(?!admin)(\w+)"', lambda m: f'role = "{rename_text(m.group(1), words)}"', text
    )
    if not protocol_form:
        text = re.sub(
            r"form = \{ (\w+) = (\"[^\"]*\"), (\w+) =",
            lambda m: f"form = {{ {words.new(m[1])} = {m[2]}, {words.new(m[3])} =",
            text,
        )
    return text


def _template(text: str, words: Words) -> str:
    tags = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
    text = tags.sub(lambda m: _tag(m.group(), words), text)
    text = re.sub(
        r'((?:href|action|src)=")([^"{]*)', lambda m: m[1] + rename_text(m[2], words), text
    )
    return re.sub(
        r'(<input[^>]*? name=")([^"]*)', lambda m: m.group(1) + rename_text(m.group(2), words), text
    )


def _tag(tag: str, words: Words) -> str:
    def replaced(matched: re.Match[str]) -> str:
        before = tag[: matched.start()].rstrip()
        return matched.group() if before.endswith("|") else rename_text(matched.group(), words)

    return re.sub(r"[A-Za-z_]\w*", replaced, tag)
