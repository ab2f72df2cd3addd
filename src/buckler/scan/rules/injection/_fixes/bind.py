"""Binds values to an SQL statement that were pasted into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

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
from buckler.scan.rules.injection._fixes.placeholders import DOLLAR, FORMAT, PYFORMAT, Style

EXECUTES = frozenset(
    {
        "execute",
        "exec_driver_sql",
        "fetch",
        "fetchrow",
        "fetchval",
        "fetch_all",
        "fetch_one",
        "fetch_val",
    }
    | {"iterate", "scalar", "scalars", "stream", "exec", "execute_fetchall", "cursor"}
)
_TEXT = frozenset(
    {"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text"}
)
_SAID = re.compile(
    r"column|sort|order|direction|table|where|clause|fields|sql|query|statement|placeholders",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the call that gets it.

    Attributes:
        call: The call of the database, or of ``text()`` where that is all there is.
        expression: What makes the text.
        wrapped: The call of ``text()`` around it, or None.
        is_direct: Whether the call takes values beside the statement.
    """

    call: ast.Call
    expression: ast.expr
    wrapped: ast.Call | None
    is_direct: bool


def bind(draft: Draft, finding: Finding) -> tuple[str, ...]:
    """Bind what can be bound of the statement at a finding; the names of what was, or none."""
    for call in draft.calls_at(finding):
        statement = _statement_of(draft, call)
        if statement is None:
            continue
        try:
            pieces = pieces_of(draft, statement.expression)
        except Unreadable:
            continue
        found = [b for b in bindable(pieces) if not _is_piece_of_sql(draft, b, statement)]
        if not found or not _go_alone(pieces, found):
            continue
        style = _style(draft, statement, pieces, finding)
        if style is None or not _suits(draft, style, found, statement):
            continue
        return _bound(draft, statement, pieces, found, style)
    return ()


def _statement_of(draft: Draft, call: ast.Call) -> Statement | None:
    index = draft.index
    if index.name(call.func) in _TEXT:
        outer = index.parents.get(call)
        if (
            isinstance(outer, ast.Call)
            and last(outer.func) in EXECUTES
            and outer.args[:1] == [call]
        ):
            return _statement_of(draft, outer)
        expression = _text_of(draft, argument(call, "text", 0), call)
        return Statement(call, expression, call, False) if expression is not None else None
    if last(call.func) not in EXECUTES or not isinstance(call.func, ast.Attribute):
        return None
    given = argument(call, "statement", 0) or argument(call, "query", 0) or argument(call, "sql", 0)
    if given is None:
        return None
    wrapped = None
    if isinstance(given, ast.Name) and len(found := index.values(given)) == 1:
        if isinstance(found[0], ast.Call) and _is_used_once(draft, given):
            given = found[0]
    if isinstance(given, ast.Call) and index.name(given.func) in _TEXT:
        wrapped, inner = given, argument(given, "text", 0)
        expression = _text_of(draft, inner, call)
    else:
        expression = _text_of(draft, given, call)
    return Statement(call, expression, wrapped, True) if expression is not None else None


def _text_of(draft: Draft, node: ast.expr | None, call: ast.Call) -> ast.expr | None:
    """The expression that makes a text, behind the one name that it may have."""
    if not isinstance(node, ast.Name):
        return node
    values = draft.index.values(node)
    same = len(values) == 1 and draft.index.function_of(values[0]) is draft.index.function_of(call)
    return values[0] if same and _is_used_once(draft, node) else None


def _is_used_once(draft: Draft, name: ast.Name) -> bool:
    """Whether a name is set once and read once in its function, so that both can be changed."""
    outer = draft.index.function_of(name) or draft.index.tree
    uses = [n for n in ast.walk(outer) if isinstance(n, ast.Name) and n.id == name.id]
    loads = [use for use in uses if isinstance(use.ctx, ast.Load)]
    return len(loads) == 1 and len(uses) == 2


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
    draft: Draft, statement: Statement, pieces: Pieces, found: Sequence[Bindable], style: Style
) -> tuple[str, ...]:
    taken = set(re.findall(r":([A-Za-z_]\w*)", outline(pieces.parts)))
    given: list[tuple[str, str, int]] = []
    mark = style.mark
    have = placeholders.count_in(outline(pieces.parts), mark)
    for part in found:
        value = _value(draft, part)
        known = next((name for name, v, _ in given if v == value and style.is_named), None)
        name = known or _name(part, taken)
        taken.add(name)
        before = placeholders.count_in(outline(pieces.parts[: part.index]), mark)
        number = have + len(given) + 1
        _put(draft, part, style.write(name, number))
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
