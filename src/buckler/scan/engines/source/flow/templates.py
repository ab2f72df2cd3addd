"""Jinja templates: which value a page shows, where it stands, and whether it is escaped there.

Threat: a page is as safe as the one place in it that puts out a value as it is (CWE-79).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import attribute
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.objects import Container, External, things
from buckler.scan.engines.source.flow.project import SourceModule
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Text,
    Value,
    bit,
    join,
    one_text,
    truth,
)
from buckler.scan.languages.jinja import closed

if TYPE_CHECKING:
    from collections.abc import Callable

    Find = Callable[[str], tuple[str, str] | None]

_OUTPUT = re.compile(r"\{\{-?(?P<value>.*?)-?\}\}|\{%-?(?P<statement>.*?)-?%\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_PATH = re.compile(r"^\(?\s*([A-Za-z_]\w*)((?:\.\w+|\[['\"]\w+['\"]\])*)")
_LISTED = re.compile(r"\(?\s*([A-Za-z_][\w.]*)")
_SET = re.compile(r"^\s*set\s+(\w+)\s*=\s*(.+)$", re.DOTALL)
_OTHER = re.compile(r"^\s*(?:include|extends|import)\s+['\"]([^'\"]+)['\"]")
_FILTER = re.compile(r"(?:\||^\s*filter\b)\s*([a-z_]\w*)")
_SAFE = re.compile(r"\|\s*safe\b")
_CLEAN = re.compile(
    r"\|\s*(?:\w*(?:sanit|clean|bleach|nh3|purif|strip_?tags|striptags)\w*|tojson|urlencode|int|float|length|count|round|e\b|escape|forceescape)"
)
_TAG = re.compile(r"<[a-zA-Z!][^<>]*>")
_WORD = re.compile(r"[A-Za-z_]\w*")
BEFORE = 400
MOST_INCLUDES = 4
MOST_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One place of a template that puts out a value.

    Attributes:
        line: 1-based.
        value: The expression.
        before: The text before it.
        escaped: Whether it is escaped as text there.
    """

    line: int
    value: str
    before: str
    escaped: bool
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Named:
    """A name that a template sets: to a value, or to each element of one (``@each``).

    Attributes:
        name: The same.
        value: The expression.
        words: Names in it.
        hidden: Names of the context that are not to be seen up to the end of the loop.
    """

    name: str
    value: str
    words: frozenset[str]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a loop: what its names hid is to be seen again."""


Piece = Shown | Named | Ended | str


class Templates:
    """Finds the templates of a project.

    Args:
        find: Gives path and text of a template by its name, or None.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._modules: dict[str, SourceModule] = {}
        self._read: dict[tuple[str, bool], tuple[str, str, list[Piece]] | None] = {}

    def render(
        self,
        frame: Frame,
        node: ast.AST,
        name: str,
        context: Container,
        *,
        escapes: bool,
        depth: int = 0,
        text: str | None = None,
    ) -> None:
        """Look at every value that a template shows, where input is in the context at all."""
        if frame.run.graph is not None:
            self._filters(frame, name, text)
        tainted = {str(key) for key, value in context.items.items() if taints_within(frame, value)}
        if context.rest is None and not tainted and "request" not in context.items:
            return
        if text is not None and _TAG.search(text):
            at = f"{frame.module.path}: {name}"
            self._read.setdefault((name, escapes), (at, text, list(_walk(closed(text), escapes))))
        self._render(frame, node, name, context, tainted, escapes, depth, set())

    def _render(
        self,
        frame: Frame,
        node: ast.AST,
        name: str,
        context: Container,
        tainted: set[str],
        escapes: bool,
        depth: int,
        seen: set[tuple[str, frozenset[str]]],
    ) -> None:
        read = self._pieces(name, escapes)
        key = (name, frozenset(tainted))
        if read is None or depth > MOST_INCLUDES or key in seen:
            return
        seen.add(key)
        path, text, pieces = read
        names: dict[str, Value] = {}
        outer: list[tuple[dict[str, Value], set[str]]] = []
        for piece in pieces:
            frame.run.spend()
            if frame.run.exhausted():
                return
            if isinstance(piece, str):
                self._render(frame, node, piece, context, tainted, escapes, depth + 1, seen)
            elif isinstance(piece, Named):
                known = None
                if context.rest is not None or not tainted.isdisjoint(piece.words):
                    known = _value(frame, node, context, names, piece.value)
                if piece.hidden:
                    outer.append((dict(names), tainted))
                    hiding = UNKNOWN if context.rest is None or known is None else known
                    names.update(dict.fromkeys(piece.hidden, hiding))
                    tainted = tainted - piece.hidden
                if known is not None:
                    names[piece.name] = known
                    tainted = tainted | {piece.name}
            elif isinstance(piece, Ended):
                if outer:
                    names, tainted = outer.pop()
            elif context.rest is not None or not tainted.isdisjoint(piece.words):
                value = _value(frame, node, context, names, piece.value)
                taints = taints_within(frame, value)
                if taints:
                    self._shown(frame, node, path, text, piece, Value(None, (), taints))

    def _filters(self, frame: Frame, name: str, text: str | None) -> None:
        """Tell of the filters of a template and of those that it is put together with."""
        graph = frame.run.graph
        waiting, seen = [(name, text)], {name}
        while waiting and graph is not None and len(seen) <= MOST_TOGETHER:
            one, written = waiting.pop()
            found = (frame.module.path, written) if written is not None else self._find(one)
            if found is None:
                continue
            for match in _OUTPUT.finditer(_COMMENT.sub(_blank, closed(found[1]))):
                inside = match.group("value") or match.group("statement") or ""
                module = SourceModule(found[0], lambda path: None)
                at = ast.Pass(lineno=found[1].count("\n", 0, match.start()) + 1, col_offset=0)
                for filter_ in _FILTER.findall(inside):
                    called = f"jinja2.filters.do_{filter_}"
                    graph.called(Frame(frame.run, module), at, called, Arguments())
                other = _OTHER.match(inside)
                if other is not None and other.group(1) not in seen:
                    seen.add(other.group(1))
                    waiting.append((other.group(1), None))

    def _pieces(self, name: str, escapes: bool) -> tuple[str, str, list[Piece]] | None:
        """Path, text and pieces of a template, read once; None where it is none or no page."""
        key = (name, escapes)
        if key not in self._read:
            found = self._find(name)
            self._read[key] = None
            if found is not None:
                path, text = found
                source = _COMMENT.sub(_blank, closed(text))
                pieces = list(_walk(source, escapes))
                # What has no tag and belongs to nothing that has is no page: a mail, a letter, a statement.
                page = _TAG.search(text) or any(isinstance(p, str) for p in pieces)
                if page and not path.endswith((".txt", ".md", ".eml")):
                    self._read[key] = (path, text, pieces)
        return self._read[key]

    def _shown(
        self, frame: Frame, node: ast.AST, path: str, text: str, shown: Shown, value: Value
    ) -> None:
        module = self._modules.get(path)
        if module is None:
            lines = text.splitlines()
            module = SourceModule(path, lambda path: (ast.Module([], []), lines))
            self._modules[path] = module
            frame.run.project.modules[path] = module
        inner = Frame(frame.run, module)
        inner.state = frame.state
        value = frame.stepped(value, node, "given to a template")
        if shown.escaped:
            value = value.mapped(lambda t: t.cleaned(bit("html"), "escape()"))
        if not shown.escaped and not _SAFE.search(shown.value):
            whole = Value(None, (), value.taints, "str")
            frame.run.hits.reached(frame, node, "web.unescaped", Arguments([whole]))
            return
        place = ast.Pass(lineno=shown.line, col_offset=0)
        whole = Value((Text((shown.before, value.taints)),), (), value.taints, "str")
        frame.run.hits.reached(inner, place, "web.template", Arguments([whole]))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _walk(source: str, escapes: bool) -> Iterator[Piece]:
    """The places that show a value, the names that are set, and the templates that are put in."""
    stack = [escapes]
    line, at = 1, 0
    for match in _OUTPUT.finditer(source):
        statement = match.group("statement")
        if statement is None:
            value = (match.group("value") or "").strip()
            if not _CLEAN.search(value):
                line, at = line + source.count("\n", at, match.start()), match.start()
                before = source[max(0, match.start() - BEFORE) : match.start()]
                escaped = stack[-1] and not _SAFE.search(value)
                yield Shown(line, value, _plain(before), escaped, _words(value))
            continue
        words = statement.split()
        if words[:1] == ["autoescape"] and len(words) > 1:
            stack.append(words[1].lower() == "true")
        elif words[:1] == ["endautoescape"] and len(stack) > 1:
            stack.pop()
        if words[:1] == ["for"]:
            yield _loop(words[1:])
        elif words[:1] == ["endfor"]:
            yield Ended()
        chosen = _SET.match(statement)
        if chosen is not None:
            yield Named(chosen.group(1), chosen.group(2), _words(chosen.group(2)))
        other = _OTHER.match(statement)
        if other is not None:
            yield other.group(1)


def _loop(words: list[str]) -> Named:
    """What a loop names; its last name stands for the elements, as in ``for key, value in given.items()``."""
    at = words.index("in") if "in" in words else len(words)
    named = _WORD.findall(" ".join(words[:at])) or [""]
    listed = _LISTED.match(" ".join(words[at + 1 :]))
    inner = listed.group(1) if listed is not None else ""
    return Named(named[-1], "@each " + inner, _words(inner), frozenset(named))


def _words(expression: str) -> frozenset[str]:
    return frozenset(_WORD.findall(expression))


def _plain(before: str) -> str:
    return _OUTPUT.sub(lambda m: "x" if m.group("statement") is None else "", before)


def _value(
    frame: Frame, node: ast.AST, context: Container, names: dict[str, Value], expression: str
) -> Value:
    """What an expression of a template shows, as far as it is a path of names, or several joined."""
    each = expression.startswith("@each ")
    pieces = re.split(r"~|\bor\b|\bif\b|\belse\b", expression.removeprefix("@each "))
    found = [_path(frame, node, context, names, piece.strip()) for piece in pieces]
    value = join([f for f in found if f is not None] or [UNKNOWN])
    if not each:
        return value
    listed, _ = elements(frame, value, node)
    return join(listed) if listed else UNKNOWN


def _path(
    frame: Frame, node: ast.AST, context: Container, names: dict[str, Value], piece: str
) -> Value | None:
    match = _PATH.match(piece)
    if match is None:
        return None
    root = match.group(1)
    value = names.get(root) or context.items.get(root) or context.rest
    if value is None:
        if root == "request":
            value = Value(None, (External("starlette.requests.Request", True),))
        else:
            return None
    for name in re.findall(r"\w+", match.group(2)):
        known = [t.items[name] for t in things(value, Container) if name in t.items]
        value = join(known) if known else attribute(frame, node, value, name)
    return value


def escapes_by_name(name: str, chosen: External | None = None) -> bool:
    """What ``select_autoescape()`` decides by the ending of a template's name."""
    endings: list[str] = ["html", "htm", "xml"]
    if chosen is not None:
        given = chosen.given[0] if chosen.given else chosen.named.get("enabled_extensions")
        for listed in things(given, Container) if given is not None else ():
            endings = [one_text(v) or "" for v in listed.all()]
        default = chosen.named.get("default") or chosen.named.get("default_for_string")
        if default is not None and truth(default) is True and "." not in name:
            return True
    return any(name.lower().endswith("." + ending.lower()) for ending in endings)


def environment_escapes(environment: Value, name: str) -> bool:
    """Whether an environment escapes what a template shows."""
    for thing in things(environment, External):
        chosen = thing.fields.get("autoescape") or thing.named.get("autoescape")
        if chosen is None:
            return bool(thing.name != "jinja2.Environment")
        if truth(chosen) is True:
            return True
        if truth(chosen) is False:
            return False
        chosen_by = [t for t in things(chosen, External) if t.name == "jinja2.select_autoescape"]
        return escapes_by_name(name, chosen_by[0] if chosen_by else None)
    return True


def environment_of(templates: External) -> Value:
    """The environment of Starlette's templates: the one that it was given, or its own."""
    known = templates.fields.get("env") or templates.named.get("env")
    if known is None:
        by_name = Value(None, (External("jinja2.select_autoescape", True),))
        known = Value(None, (External("jinja2.Environment", True, (), {"autoescape": by_name}),))
        templates.fields["env"] = known
    return known


def written_in(environment: Value, name: str) -> str | None:
    """The text of a template that a dictionary of the program holds (``DictLoader``)."""
    for thing in things(environment, External):
        for loader in things(thing.named.get("loader", UNKNOWN), External):
            if loader.name.endswith("DictLoader") and loader.given:
                for held in things(loader.given[0], Container):
                    found = held.items.get(name)
                    return one_text(found) if found is not None else None
    return None


def context_of(frame: Frame, given: Arguments, positions: tuple[int, ...]) -> Container:
    """The context of a rendering: dictionaries among the arguments, and what is given by name."""
    made = Container("dict", frame.run.path)
    for position in positions:
        value = given.given(position, "context")
        if value is not None:
            frame.run.update(frame, made, value)
    for name, value in given.named.items():
        made.items.setdefault(name, value)
    if given.more is not UNKNOWN:
        made.spread(given.more)
    return made


__all__ = ["Shown", "Templates", "context_of", "environment_escapes", "escapes_by_name", "one_text"]
