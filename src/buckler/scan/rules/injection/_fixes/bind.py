"""Binds values to an SQL statement that were pasted into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.quotes import quoted
from buckler.scan.python.index import argument, last
from buckler.scan.rules.injection._fixes import placeholders
from buckler.scan.rules.injection._fixes.literals import Bindable, bindable, outline
from buckler.scan.rules.injection._fixes.pieces import (
    Letter,
    Pieces,
    Token,
    Unreadable,
    Value,
    pieces_of,
)
from buckler.scan.rules.injection._fixes.placeholders import DOLLAR, FORMAT, NAMED, PYFORMAT, Style
from buckler.scan.rules.injection._fixes.statements import Statement, statement_of

_SAID = re.compile(
    r"column|sort|order|direction|table|where|clause|fields|sql|query|statement|placeholders",
    re.IGNORECASE,
)


def bind(draft: Draft, finding: Finding) -> tuple[str, ...]:
    """Bind what can be bound of the statement at a finding; the names of what was, or none."""
    for call in draft.calls_at(finding):
        statement = statement_of(draft, call)
        if statement is None:
            continue
        try:
            pieces = pieces_of(draft, statement.expression)
        except Unreadable:
            continue
        found = [b for b in bindable(pieces) if not _is_piece_of_sql(draft, b, statement)]
        inner = _fragments(draft, statement, pieces)
        if not (found or inner) or not _go_alone(pieces, found):
            continue
        style = _style(draft, statement, pieces, finding)
        if style is None or not _suits(draft, style, found, statement):
            continue
        if style.mark != NAMED:
            inner = []
        if found or inner:
            return _bound(draft, statement, [(pieces, found), *inner], style)
    return ()


def _is_piece_of_sql(draft: Draft, part: Bindable, statement: Statement) -> bool:
    """Whether a value outside of quotes is not a value but more of the statement."""
    if part.is_quoted or not isinstance(part.first, Value):
        return False
    node = _parsed(part.first.source)
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return True
    if _SAID.search(part.first.source):
        return True
    if isinstance(node, ast.Name):
        found = [v for (_, name), vs in draft.index.bindings.items() if name == node.id for v in vs]
        return any(_is_text(value) for value in found)
    return False


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return constant or isinstance(node, ast.JoinedStr | ast.BinOp)


def _parsed(source: str) -> ast.expr | None:
    try:
        return ast.parse(source.strip(), mode="eval").body
    except SyntaxError:
        return None


def _fragments(
    draft: Draft, statement: Statement, pieces: Pieces
) -> list[tuple[Pieces, list[Bindable]]]:
    """Pieces of the statement that have a name, and what of them stands in quotes.

    Values bound by name can be given with the statement whether the piece with their place was
    taken or not.
    """
    found = []
    for value in pieces.values:
        node = _parsed(value.source)
        if not value.plain or not isinstance(node, ast.Name):
            continue
        for text in _texts_of(draft, node.id, statement):
            try:
                inner = pieces_of(draft, text)
            except Unreadable:
                continue
            quoted_ones = [part for part in bindable(inner) if part.is_quoted]
            if quoted_ones and _go_alone(inner, quoted_ones):
                found.append((inner, quoted_ones))
    return found


def _texts_of(draft: Draft, name: str, statement: Statement) -> list[ast.expr]:
    """What a name of the function is set to, where only the statement reads it."""
    function = draft.index.function_of(statement.call)
    if function is None:
        return []
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    loads = [use for use in uses if isinstance(use.ctx, ast.Load)]
    grown = any(isinstance(draft.index.parents.get(use), ast.AugAssign) for use in uses)
    if len(loads) != 1 or grown:
        return []
    return draft.index.bindings.get((function, name), [])


def _go_alone(pieces: Pieces, found: Sequence[Bindable]) -> bool:
    """Whether what stays pasted can stay as it is when the others go."""
    gone = {id(part) for item in found for part in item.parts if isinstance(part, Value)}
    stay = [value for value in pieces.values if id(value) not in gone]
    if any(_parsed(v.source) is None for v in pieces.values):
        return False
    return not stay or pieces.how in ("f", "+")


def _style(draft: Draft, statement: Statement, pieces: Pieces, finding: Finding) -> Style | None:
    if statement.wrapped is not None:
        return Style(placeholders.NAMED)
    text = outline(pieces.parts)
    if pieces.how == "%":
        text = text.replace("%", "%%")
    return placeholders.style_of(draft, statement.call, text, finding)


def _suits(draft: Draft, style: Style, found: Sequence[Bindable], statement: Statement) -> bool:
    """Whether the driver takes these values: asyncpg wants a number where a number stands."""
    if style.mark != DOLLAR:
        return True
    return all(part.is_quoted or _annotation(draft, part, statement) == "int" for part in found)


def _annotation(draft: Draft, part: Bindable, statement: Statement) -> str:
    function = draft.index.function_of(statement.call)
    source = part.first.source if isinstance(part.first, Value) else ""
    for item in ast.walk(function.args) if function is not None else ():
        if isinstance(item, ast.arg) and item.arg == source and item.annotation is not None:
            return ast.unparse(item.annotation)
    return ""


def _bound(
    draft: Draft,
    statement: Statement,
    texts: Sequence[tuple[Pieces, Sequence[Bindable]]],
    style: Style,
) -> tuple[str, ...]:
    whole = " ".join(outline(pieces.parts) for pieces, _ in texts)
    taken = set(re.findall(r":([A-Za-z_]\w*)", whole))
    given: list[tuple[str, str, int]] = []
    have = placeholders.count_in(whole, style.mark)
    for pieces, found in texts:
        for part in found:
            value = _value(draft, part)
            known = next((name for name, v, _ in given if v == value and style.is_named), None)
            name = known or _name(part, taken)
            taken.add(name)
            before = placeholders.count_in(outline(pieces.parts[: part.index]), style.mark)
            _put(draft, part, style.write(name, have + len(given) + 1))
            if known is None:
                given.append((name, value, before + len(given)))
        _tidy(draft, pieces, found, style, had_values=_values_of(statement) is not None)
    _give(draft, statement, style, given)
    return tuple(name for name, _, _ in given)


def _put(draft: Draft, part: Bindable, mark: str) -> None:
    """Write the place of the value where the value was."""
    closes = next((p.closes for p in part.parts if isinstance(p, Value) and p.closes), "")
    draft.edit(part.first.start, part.last.end, mark + closes)


def _value(draft: Draft, part: Bindable) -> str:
    """The expression that is bound: the value, or a text of values and what stood around them."""
    values = [item for item in part.parts if isinstance(item, Value)]
    if len(part.parts) == 1:
        return _without_escaping(values[0].source)
    quote = draft.usual_quote
    sources = [_without_escaping(value.source) for value in values]
    if any(quote in source for source in sources):
        quote = "'" if quote == '"' else '"'
    if any(quote in source or "\\" in source or "\n" in source for source in sources):
        text = "".join("{}" if isinstance(p, Value) else _braced(p.text) for p in part.parts)
        return f"{quoted(text, draft.usual_quote)}.format({', '.join(sources)})"
    text = "".join(
        f"{{{sources.pop(0)}}}" if isinstance(item, Value) else _escaped(item.text, quote)
        for item in part.parts
    )
    return f"f{quote}{text}{quote}"


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _escaped(text: str, quote: str) -> str:
    return _braced(quoted(text, quote)[1:-1])


def _without_escaping(source: str) -> str:
    """A value without the doubling of quotes that kept it in its literal: bound, it needs none."""
    node = _parsed(source)
    if isinstance(node, ast.Call) and last(node.func) == "replace" and len(node.args) == 2:
        texts = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
        if texts in (["'", "''"], ["'", "\\'"]) and isinstance(node.func, ast.Attribute):
            return ast.get_source_segment(source, node.func.value) or source
    return source


def _name(part: Bindable, taken: set[str]) -> str:
    value = next(item for item in part.parts if isinstance(item, Value))
    node = _parsed(_without_escaping(value.source))
    words = [n.attr if isinstance(n, ast.Attribute) else n.id for n in _names(node)]
    stem = next((word for word in words if word.isidentifier()), "value").strip("_") or "value"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def _names(node: ast.AST | None) -> list[ast.Attribute | ast.Name]:
    """The names in an expression, the one that says most of the value first."""
    match node:
        case ast.Attribute():
            return [node]
        case ast.Name():
            return [node]
        case ast.Call(func=ast.Attribute(value=inner)):
            return _names(inner)
        case ast.Call(args=[first, *_]):
            return _names(first)
        case ast.Subscript(value=inner):
            return _names(inner)
    found: list[ast.Attribute | ast.Name] = []
    found += [n for n in ast.walk(node) if isinstance(n, ast.Name)] if node else []
    return found


def _tidy(
    draft: Draft, pieces: Pieces, found: Sequence[Bindable], style: Style, *, had_values: bool
) -> None:
    """Take away what made the text of its values, once none is left, and what was escaped for it."""
    gone = {id(p) for item in found for p in item.parts}
    ends = {id(p) for item in found for p in (item.first, item.last)}
    stay = [value for value in pieces.values if id(value) not in gone]
    letters = [p for p in pieces.parts if isinstance(p, Letter) and id(p) not in gone | ends]
    double = style.mark in (FORMAT, PYFORMAT) and not had_values
    for letter in letters:
        in_f = "f" in letter.token.prefix.lower()
        wide = letter.end - letter.start == 2 and draft.text[letter.start] == letter.text
        used = any(_is_in(value, letter) for value in stay)
        if letter.text in "{}" and wide and not used and (in_f or pieces.how == "format"):
            draft.edit(letter.start, letter.end, letter.text)
        elif letter.text == "%" and pieces.how == "%" and wide and not double:
            draft.edit(letter.start, letter.end, "%")
        elif letter.text == "%" and not wide and double:
            draft.edit(letter.start, letter.end, "%%")
    if pieces.how in ("%", "format"):
        draft.edit(*pieces.operation, "")
    _drop_prefixes(draft, pieces, found, stay)


def _drop_prefixes(
    draft: Draft, pieces: Pieces, found: Sequence[Bindable], stay: Sequence[Value]
) -> None:
    """Take the ``f`` from literals without a value; two that became one share theirs."""
    cut = [(item.first.start, item.last.end) for item in found]
    groups: list[list[Token]] = []
    for token in pieces.tokens:
        if groups and any(start < token.start < end for start, end in cut):
            groups[-1].append(token)
        else:
            groups.append([token])
    for group in groups:
        first = group[0]
        held = any(t.body <= v.start < t.body_end for t in group for v in stay if not v.closes)
        if "f" in first.prefix.lower() and not held:
            kept = "".join(letter for letter in first.prefix if letter not in "fF")
            draft.edit(first.start, first.start + len(first.prefix), kept)


def _is_in(value: Value, letter: Letter) -> bool:
    return letter.token.body <= value.start < letter.token.body_end


def _values_of(statement: Statement) -> ast.expr | None:
    """What the call is given as values already."""
    if not statement.is_direct:
        return None
    for name in ("parameters", "params", "values", "vars", "args"):
        found = argument(statement.call, name)
        if found is not None:
            return found
    return statement.call.args[1] if len(statement.call.args) > 1 else None


def _give(
    draft: Draft, statement: Statement, style: Style, given: Sequence[tuple[str, str, int]]
) -> None:
    call = statement.call
    if statement.wrapped is not None and (not statement.is_direct or last(call.func) == "exec"):
        end = draft.source.span(statement.wrapped)[1]
        draft.edit(end, end, f".bindparams({', '.join(f'{n}={v}' for n, v, _ in given)})")
        return
    if style.mark == DOLLAR:
        draft.append_argument(call, ", ".join(value for _, value, _ in given))
        return
    values = _values_of(statement)
    if style.is_named:
        _give_named(draft, call, values, given)
    else:
        _give_ordered(draft, call, values, given)


def _give_named(
    draft: Draft, call: ast.Call, values: ast.expr | None, given: Sequence[tuple[str, str, int]]
) -> None:
    items = [f"{draft.quote(name)}: {value}" for name, value, _ in given]
    if values is None:
        if _is_databases(draft, call):
            draft.set_keyword(call, "values", "{" + ", ".join(items) + "}")
        else:
            draft.append_argument(call, "{" + ", ".join(items) + "}")
    elif isinstance(values, ast.Dict):
        draft.append_items(values, *items)
    else:
        draft.replace(values, "{**" + draft.operand(values) + ", " + ", ".join(items) + "}")


def _is_databases(draft: Draft, call: ast.Call) -> bool:
    """Whether the call is one of the package databases, whose values have a name."""
    return draft.index.name(call.func).startswith("databases.")


def _give_ordered(
    draft: Draft, call: ast.Call, values: ast.expr | None, given: Sequence[tuple[str, str, int]]
) -> None:
    if values is None:
        items = ", ".join(value for _, value, _ in given)
        draft.append_argument(call, f"({items},)" if len(given) == 1 else f"({items})")
        return
    if not isinstance(values, ast.Tuple | ast.List):
        new = ", ".join(value for _, value, _ in given)
        draft.replace(values, f"(*{draft.operand(values)}, {new})")
        return
    for _, value, place in given:
        before = place - sum(1 for _, _, other in given if other < place)
        draft.insert_element(values, before, value)
