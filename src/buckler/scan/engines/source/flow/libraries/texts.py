"""Patterns, addresses, words, markup and codes of authenticity."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import clean_after, shown_by_start
from buckler.scan.engines.source.flow.conditions import boolean
from buckler.scan.engines.source.flow.frames import Frame, clearing
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.libraries.kinds import Handler
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
)
from buckler.scan.engines.source.flow.values import (
    Value,
    bit,
    constant,
    hole,
    join,
    joined_taints,
    obj,
    one_text,
    texts_of,
)


def _markup(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    text = Value(value.alts, (), value.taints)
    return Value(text.alts, (External("markupsafe.Markup", True),), text.taints)


def _pattern(method: str) -> Handler:
    def handler(frame: Frame, node: ast.AST, given: Arguments) -> Value:
        pattern = one_text(given.at(0, "pattern"))
        return fitted(frame, method, pattern, given.at(1, "string"))

    return handler


def fitted(frame: Frame, method: str, pattern: str | None, value: Value) -> Value:
    """A match of a pattern, or None; a match shows which characters the text has."""
    match = External(
        "re.Match", True, (value,), {} if pattern is None else {"pattern": constant(pattern)}
    )
    if pattern is None or not value.taints:
        return Value(None, (match,), (), "", ({}, {}))
    kinds = clean_after(pattern, method == "fullmatch")
    if method == "match" and not pattern.startswith("^"):
        kinds = clean_after("^" + pattern, whole=False)
    fitting, lacking = 0, 0
    if method != "search" or pattern.startswith("^"):
        fitting, lacking = shown_by_start(pattern)
    kinds |= fitting
    true = clearing(value, kinds) if kinds else {}
    return Value(None, (match,), (), "", (true, clearing(value, lacking) if lacking else {}))


def _sub(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return substituted(
        one_text(given.at(0, "pattern")), given.at(1, "repl"), given.at(2, "string"), node
    )


def substituted(pattern: str | None, new: Value, value: Value, node: ast.AST) -> Value:
    """A text with what a pattern fits replaced: clean where the pattern fits all that does harm."""
    from buckler.scan.engines.source.flow.charsets import kept_after

    kinds = kept_after(pattern) if pattern is not None and one_text(new) is not None else 0
    made = hole(joined_taints(derived(value, "replaced", id(node)), new.taints), "str")
    return made.mapped(lambda t: t.cleaned(kinds, "" if kinds else f"re.sub({pattern!r}, …)"))


def _url(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    if not value.taints:
        return obj(External("urllib.parse.Result", True, (value,)))
    return Value(None, (External("urllib.parse.Result", True, (value,)),), value.taints)


def _url_join(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """``urljoin(base, x)``: an address of its own in ``x`` replaces the base; without a slash it has none."""
    base, last = given.at(0, "base"), given.at(1, "url")
    relative = bit("slash")
    kinds = bit("ssrf", "redirect")
    inner = last.mapped(lambda t: t.cleaned(kinds) if t.clean & relative else t)
    taints = joined_taints(base.taints, inner.taints)
    return frame.stepped(hole(taints, "str"), node, "urljoin()") if taints else Value(kind="str")


def _quoted(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0, "string")
    safe = one_text(given.at(1, "safe")) if given.given(1, "safe") is not None else "/"
    kinds = bit("header", "log", "redirect_part", "html", "shell", "nosql", "csv")
    if safe is not None and "/" not in safe:
        kinds |= bit("path", "slash")
    return value.mapped(lambda t: t.cleaned(kinds, "quote()"))


def _words(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """``shlex.split``: what the input brings may be several words."""
    return split_words(frame, given.at(0))


def split_words(frame: Frame, value: Value) -> Value:
    """A command line in words: those before the first input are known."""
    made = Container("list", frame.run.path)
    texts = texts_of(value)
    heads = [t[0].split(" ")[:-1] for t in texts if t and isinstance(t[0], str) and " " in t[0]]
    if heads and len(heads) == len(texts) and all(h and h[0] for h in heads):
        words = heads[0] if len(heads) == 1 else [h[0] for h in heads]
        first = [constant(w) for w in words if w]
        made.refill(first if len(heads) == 1 else [join(first)])
    taints = joined_taints(*(t for text in texts_of(value) for t in text if not isinstance(t, str)))
    made.rest = hole(derived(hole(taints), "part", "words"), "str")
    return obj(made)


def _mac(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """A message's code of authenticity: whoever compares it has shown who wrote the message."""
    taints = derived(given.at(1, "msg"), "mac", "mac")
    return Value(None, (External("hmac.HMAC", True, (given.at(1, "msg"),)),), hole(taints).taints)


def _same_digest(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    from buckler.scan.engines.source.flow.conditions import authentic

    return boolean(authentic(given.at(0), given.at(1)), {})


TEXT_FUNCTIONS: dict[str, Handler] = {
    "re.escape": lambda f, n, g: g.at(0).mapped(lambda t: t.cleaned(bit("regex"))),
    "builtins.str.maketrans": lambda f, n, g: obj(External("str.table", True, tuple(g.positional))),
    "markupsafe.Markup": _markup,
    "hmac.new": _mac,
    "hmac.HMAC": _mac,
    "hmac.compare_digest": _same_digest,
    "secrets.compare_digest": _same_digest,
    "shlex.split": _words,
    "re.match": _pattern("match"),
    "re.fullmatch": _pattern("fullmatch"),
    "re.search": _pattern("search"),
    "re.sub": _sub,
    "urllib.parse.urlparse": _url,
    "urllib.parse.urlsplit": _url,
    "urllib.parse.urljoin": _url_join,
    "urllib.parse.quote": _quoted,
    "urllib.parse.quote_plus": _quoted,
}
