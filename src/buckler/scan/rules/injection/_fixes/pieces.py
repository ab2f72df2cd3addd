"""A text that is put together in source, taken apart: the letters of its literals and the values between.

It reads f-strings, ``+``, ``%`` and ``format`` as they are written, since Python before 3.12 does not tell
where in an f-string a value stands. Each letter keeps its place in the file, so that a fixer can change
one and leave the rest as it was typed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft

_OPENING = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_ESCAPE = re.compile(
    r"\\(?:\r\n|N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)", re.DOTALL
)
_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?(?P<spec>[#0\- +]*[0-9.*]*)(?P<kind>[a-zA-Z%])")
_FIELD = re.compile(r"\{(?P<key>[^{}!:]*)(?P<conversion>![rsa])?(?P<spec>:[^{}]*)?\}")


@dataclass(frozen=True, slots=True)
class Token:
    """One literal: where it begins and ends, with and without its quotes."""

    start: int
    body: int
    body_end: int
    end: int
    prefix: str
    quote: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One character of the text, where it is written, and in which literal."""

    text: str
    start: int
    end: int
    token: Token


@dataclass(frozen=True, slots=True)
class Value:
    """A value between the letters.

    Attributes:
        source: The expression as it is written.
        start: First character of what stands for it; the literals around it may be cut there.
        end: Behind the last one.
        plain: Whether it stands as it is: no conversion, no format.
        key: How ``%`` or ``format`` refer to it; None in f-strings and sums.
        closes: The quote that ends the literal before, where the value is not inside of one.
    """

    source: str
    start: int
    end: int
    plain: bool = True
    key: str | None = None
    closes: str = ""


@dataclass(slots=True)
class Pieces:
    """A text in its order.

    Attributes:
        parts: Letters and values.
        tokens: The literals.
        how: ``f``, ``+``, ``%`` or ``format``.
        arguments: The values given to ``%`` or ``format``, by key.
        operation: Start and end of what makes the text out of its literals: ``% (…)``, ``.format(…)``.
    """

    how: str
    parts: list[Letter | Value] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    arguments: dict[str, ast.expr] = field(default_factory=dict)
    operation: tuple[int, int] = (0, 0)

    @property
    def values(self) -> list[Value]:
        """The values alone."""
        return [part for part in self.parts if isinstance(part, Value)]


def pieces_of(draft: Draft, node: ast.expr) -> Pieces:
    """An expression taken apart.

    Raises:
        UnreadableText: It is not one of literals and values.
    """
    end = draft.source.span(node)[1]
    match node:
        case ast.BinOp(op=ast.Mod(), left=left) if _is_literal(left):
            made = Pieces("%", operation=(draft.source.span(left)[1], end))
            _percent_arguments(node.right, made)
            _literals(draft, left, made)
        case ast.Call(func=ast.Attribute(value=inner, attr="format")) if _is_literal(inner):
            made = Pieces("format", operation=(draft.source.span(inner)[1], end))
            _format_arguments(node, made)
            _literals(draft, inner, made)
        case ast.BinOp(op=ast.Add()):
            made = Pieces("+")
            _sum(draft, node, made)
        case ast.JoinedStr() | ast.Constant(value=str()):
            made = Pieces("f")
            _literals(draft, node, made)
        case _:
            raise UnreadableText
    made.parts = [_with_source(draft, made, part) for part in made.parts]
    if made.operation != (0, 0):  # the parenthesis around the literals stays with them
        opened = _closing_parentheses(draft, made.operation[0], made.operation[1])
        made.operation = (opened, end)
    return made


def nodes_of(node: ast.expr, pieces: Pieces) -> list[ast.expr]:
    """The values of a text as nodes, in the order of its pieces.

    Raises:
        UnreadableText: They cannot be told apart.
    """
    if pieces.how in ("%", "format"):
        return [pieces.arguments[str(value.key)] for value in pieces.values]
    found = list(_in_terms(node))
    if len(found) != len(pieces.values):
        raise UnreadableText
    return found


def _in_terms(node: ast.expr) -> Iterator[ast.expr]:
    for term in _terms(node):
        if isinstance(term, ast.JoinedStr):
            yield from (part.value for part in term.values if isinstance(part, ast.FormattedValue))
        elif not _is_literal(term):
            yield term


def quote_around(pieces: Pieces, part: Value) -> str:
    """The quote of the f-string that a value stands in, or nothing."""
    if pieces.how in ("%", "format"):
        return ""
    inside = [t for t in pieces.tokens if t.body <= part.start and part.end <= t.body_end]
    return inside[0].quote[0] if inside and part.start < part.end else ""


def _with_source(draft: Draft, made: Pieces, part: Letter | Value) -> Letter | Value:
    if isinstance(part, Letter) or part.key is None:
        return part
    return replace(part, source=draft.of(made.arguments[part.key]))


def _closing_parentheses(draft: Draft, at: int, end: int) -> int:
    for place, letter in draft.source.significant(at, end):
        if letter != ")":
            return at
        at = place + 1
    return at


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _percent_arguments(node: ast.expr, made: Pieces) -> None:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise UnreadableText
            made.arguments[key.value] = value
        return
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    if any(isinstance(item, ast.Starred) for item in items):
        raise UnreadableText
    made.arguments = {str(number): item for number, item in enumerate(items)}


def _format_arguments(call: ast.Call, made: Pieces) -> None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(
        k.arg is None for k in call.keywords
    ):
        raise UnreadableText
    made.arguments = {str(number): item for number, item in enumerate(call.args)}
    made.arguments |= {str(keyword.arg): keyword.value for keyword in call.keywords}


def _sum(draft: Draft, node: ast.BinOp, made: Pieces) -> None:
    terms = list(_terms(node))
    if not any(_is_literal(t) or isinstance(t, ast.JoinedStr) for t in terms):
        raise UnreadableText
    for number, term in enumerate(terms):
        if _is_literal(term) or isinstance(term, ast.JoinedStr):
            _literals(draft, term, made)
            continue
        before = made.tokens[-1] if made.tokens else None
        following = terms[number + 1] if number + 1 < len(terms) else None
        beside = following is not None and (
            _is_literal(following) or isinstance(following, ast.JoinedStr)
        )
        if before is None or not isinstance(made.parts[-1] if made.parts else None, Letter):
            raise UnreadableText
        if beside and following is not None:
            after = next(_tokens(draft, *draft.source.span(following)))
            if (after.prefix.lower(), after.quote) != (before.prefix.lower(), before.quote):
                raise UnreadableText
            made.parts.append(Value(draft.of(term), before.body_end, after.body))
        elif following is None:
            end = draft.source.span(term)[1]
            end = _closing_parentheses(draft, end, draft.source.span(node)[1])
            made.parts.append(Value(draft.of(term), before.body_end, end, closes=before.quote))
        else:
            raise UnreadableText


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


def _tokens(draft: Draft, start: int, end: int) -> Iterator[Token]:
    """The literals between two offsets, which stand beside each other."""
    at = start
    while at < end:
        place = next(
            (p for p, letter in draft.source.significant(at, end) if letter not in "()"), end
        )
        if place >= end:
            return
        opened = _OPENING.match(draft.text, place)
        if opened is None:
            raise UnreadableText
        prefix, quote = opened.groups()
        body_end = _end_of(draft.text, opened.end(), quote, "f" in prefix.lower(), end)
        yield Token(place, opened.end(), body_end, body_end + len(quote), prefix, quote)
        at = body_end + len(quote)


def _end_of(text: str, at: int, quote: str, is_f: bool, end: int) -> int:
    while at < end:
        if text[at] == "\\" or (is_f and text.startswith("{{", at)):
            at += 2
        elif is_f and text[at] == "{":
            at = _field_end(text, at, end)
        elif text.startswith(quote, at):
            return at
        else:
            at += 1
    raise UnreadableText


def _field_end(text: str, at: int, end: int) -> int:
    """Behind the brace that closes a field of an f-string."""
    depth = 0
    while at < end:
        letter = text[at]
        if letter in "\"'":
            opened = _OPENING.match(text, at)
            quote = opened.group(2) if opened else letter
            at = _end_of(text, at + len(quote), quote, False, end) + len(quote)
            continue
        depth += (letter in "{[(") - (letter in "}])")
        at += 1
        if depth == 0:
            return at
    raise UnreadableText


def _literals(draft: Draft, node: ast.expr, made: Pieces) -> None:
    for token in _tokens(draft, *draft.source.span(node)):
        if "b" in token.prefix.lower() or "t" in token.prefix.lower():
            raise UnreadableText
        made.tokens.append(token)
        for part in _parts(draft, token, made):
            made.parts.append(part)


def _parts(draft: Draft, token: Token, made: Pieces) -> Iterator[Letter | Value]:
    text, at = draft.text, token.body
    prefix = token.prefix.lower()
    while at < token.body_end:
        if "f" in prefix and text[at] in "{}":
            if text[at : at + 2] in ("{{", "}}"):
                yield Letter(text[at], at, at + 2, token)
                at += 2
                continue
            end = _field_end(text, at, token.body_end)
            yield _f_value(text, at, end)
            at = end
        elif made.how == "%" and text[at] == "%":
            part = _percent(text, at, token, made)
            yield part
            at = part.end
        elif made.how == "format" and text[at] in "{}":
            part = _format(text, at, token, made)
            yield part
            at = part.end
        elif text[at] == "\\" and "r" not in prefix:
            escape = _ESCAPE.match(text, at)
            if escape is None:
                raise UnreadableText
            yield from _escaped(escape.group(), at, token)
            at = escape.end()
        else:
            yield Letter(text[at], at, at + 1, token)
            at += 1


def _escaped(written: str, at: int, token: Token) -> Iterator[Letter]:
    if written in ("\\\n", "\\\r\n", "\\\r"):
        return
    try:
        value = ast.literal_eval(f'"{written}"')
    except (SyntaxError, ValueError) as error:
        raise UnreadableText from error
    yield Letter(value, at, at + len(written), token)


def _f_value(text: str, start: int, end: int) -> Value:
    inner = text[start + 1 : end - 1]
    tree = _field_tree(inner)
    source, plain = inner.strip(), True
    if tree is None or tree.format_spec is not None or tree.conversion not in (-1, 114, 115):
        plain = False
    elif tree.conversion != -1:
        source = source.rpartition("!")[0].strip()
        plain = tree.conversion == 115
    return Value(source, start, end, plain)


def _field_tree(inner: str) -> ast.FormattedValue | None:
    """What a field of an f-string is, read by itself."""
    quote = next((q for q in ('"""', "'''") if q not in inner), None)
    if quote is None or "\n" in inner or "\\" in inner:
        return None
    try:
        tree = ast.parse(f"f{quote}{{{inner}}}{quote}", mode="eval").body
    except SyntaxError:
        return None
    values = tree.values if isinstance(tree, ast.JoinedStr) else []
    if len(values) == 1 and isinstance(values[0], ast.FormattedValue):
        return values[0]
    return None


def _percent(text: str, at: int, token: Token, made: Pieces) -> Letter | Value:
    found = _PERCENT.match(text, at, token.body_end)
    if found is None:
        raise UnreadableText
    if found["kind"] == "%":
        return Letter("%", at, found.end(), token)
    key = found["key"] if found["key"] is not None else str(len(made.values))
    if key not in made.arguments or "*" in found["spec"]:
        raise UnreadableText
    return Value(key, at, found.end(), found["kind"] == "s" and not found["spec"], key)


def _format(text: str, at: int, token: Token, made: Pieces) -> Letter | Value:
    if text[at : at + 2] in ("{{", "}}"):
        return Letter(text[at], at, at + 2, token)
    found = _FIELD.match(text, at, token.body_end)
    if found is None:
        raise UnreadableText
    key = found["key"] or str(len(made.values))
    if key not in made.arguments:
        raise UnreadableText
    plain = not found["spec"] and found["conversion"] in (None, "!s")
    return Value(key, at, found.end(), plain, key)
