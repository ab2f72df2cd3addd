"""Splits a shell command into the words that the program would get, where a shell does nothing else."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.quotes import quoted
from buckler.scan.python.index import last
from buckler.scan.rules.injection._fixes.pieces import Letter, Value, pieces_of
from buckler.scan.rules.injection._fixes.programs import VALUE, may_end, starts_others

_SHELL = frozenset("|&;<>()$`*?[]{}~#!\n=%^")
Word = list[Letter | Value]


def argument_list(draft: Draft, node: ast.expr) -> list[str] | None:
    """The command as sources of its arguments; None where a shell is needed for it.

    Values are one argument each, whatever they hold. ``--`` goes before the first argument that
    begins with one, so that none is taken for an option (CWE-88).
    """
    try:
        pieces = pieces_of(draft, node)
    except UnreadableText:
        return None
    words = _words(pieces.parts)
    if not words or any(isinstance(part, Value) for part in words[0]):
        return None
    if not any(isinstance(part, Value) for word in words for part in word):
        return None
    if any(isinstance(p, Value) and _holds_words(draft, p) for word in words for p in word):
        return None
    shown = ["".join(_text(word)) for word in words]
    if starts_others(shown):
        return None
    made = [_source(draft, node, word) for word in words]
    first = next((n for n, word in enumerate(shown) if word.startswith(VALUE)), None)
    if first is not None and "--" in shown[:first]:
        ended = shown.index("--")
        return made if may_end([*shown[:ended], *shown[first:]], ended) else None
    if first is not None:
        if not may_end(shown, first):
            return None
        made.insert(first, draft.quote("--"))
    return made


def _holds_words(draft: Draft, value: Value) -> bool:
    """Whether a value is a piece of a command by itself, which a shell would split into words."""
    named = [
        v
        for (_, name), found in draft.index.bindings.items()
        if name == value.source
        for v in found
    ]
    return any(
        isinstance(v, ast.JoinedStr | ast.BinOp)
        or (isinstance(v, ast.Constant) and " " in str(v.value))
        or (isinstance(v, ast.Call) and last(v.func) in ("join", "format"))
        for v in named
    )


def _text(word: Word) -> list[str]:
    return [part.text if isinstance(part, Letter) else VALUE for part in word]


def _words(parts: list[Letter | Value]) -> list[Word] | None:
    """The words, quotes taken away; None where the shell has something to do."""
    words: list[Word] = []
    word: Word | None = None
    quote = ""
    for part in parts:
        if isinstance(part, Value):
            if not part.plain:
                return None
            word = [*(word or []), part]
        elif quote:
            if part.text == quote:
                quote = ""
            elif quote == '"' and part.text in "$`\\":
                return None
            else:
                word = [*(word or []), part]
        elif part.text in "'\"":
            quote, word = part.text, word or []
        elif part.text in " \t":
            if word is not None:
                words.append(word)
            word = None
        elif part.text == "\\" or (part.text in _SHELL and not _is_option(part, word)):
            return None
        else:
            word = [*(word or []), part]
    if quote:
        return None
    return [*words, word] if word is not None else words


def _is_option(part: Letter, word: Word | None) -> bool:
    """``--name=value``: an equals sign that sets no variable."""
    return part.text == "=" and bool(word) and _text(word or [])[:1] == ["-"]


def _source(draft: Draft, node: ast.expr, word: Word) -> str:
    values = [part for part in word if isinstance(part, Value)]
    if not values:
        return draft.quote("".join(_text(word)))
    if len(word) == 1:
        inner = _unquoted(draft, values[0].source)
        return inner if _is_text(draft, node, inner) else f"str({inner})"
    quote = draft.usual_quote
    sources = [_unquoted(draft, value.source) for value in values]
    if any(quote in source for source in sources):
        quote = "'" if quote == '"' else '"'
    text = ""
    for part in word:
        if isinstance(part, Value):
            text += f"{{{sources.pop(0)}}}"
        else:
            text += quoted(part.text, quote)[1:-1].replace("{", "{{").replace("}", "}}")
    return f"f{quote}{text}{quote}"


def _unquoted(draft: Draft, source: str) -> str:
    """A value without ``shlex.quote``: no shell takes the quotes away any more."""
    tree = ast.parse(source.strip(), mode="eval").body
    if isinstance(tree, ast.Call) and len(tree.args) == 1:
        known = draft.index.imports.get(ast.unparse(tree.func).partition(".")[0])
        if known is not None and known.dotted in ("shlex", "shlex.quote"):
            return ast.get_source_segment(source.strip(), tree.args[0]) or source
    return source


def _is_text(draft: Draft, node: ast.expr, source: str) -> bool:
    function = draft.index.function_of(node)
    arguments = ast.walk(function.args) if function is not None else ()
    return any(
        isinstance(item, ast.arg)
        and item.arg == source
        and isinstance(item.annotation, ast.Name)
        and item.annotation.id == "str"
        for item in arguments
    )
