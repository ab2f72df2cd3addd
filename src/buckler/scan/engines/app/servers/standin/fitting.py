"""Rewrites the tree of a statement where SQLite has another word for something, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from buckler.scan.engines.app.servers.standin.categories import T, category

_FORMATS: Mapping[str, str] = {
    "YEAR": "%Y",
    "MONTH": "%m",
    "DAY": "%d",
    "HOUR": "%H",
    "MINUTE": "%M",
    "SECOND": "%S",
    "EPOCH": "%s",
    "DOW": "%w",
    "DOY": "%j",
}
_CUT: Mapping[str, str] = {
    "YEAR": "%Y-01-01 00:00:00",
    "MONTH": "%Y-%m-01 00:00:00",
    "DAY": "%Y-%m-%d 00:00:00",
    "HOUR": "%Y-%m-%d %H:00:00",
    "MINUTE": "%Y-%m-%d %H:%M:00",
    "SECOND": "%Y-%m-%d %H:%M:%S",
}
_STORED: Mapping[str, exp.DType] = {
    "integer": T.INT,
    "real": T.DOUBLE,
    "numeric": T.DOUBLE,
    "blob": T.BLOB,
    "boolean": T.BOOLEAN,
}
_UNKNOWN = (
    exp.GeneratedAsIdentityColumnConstraint,
    exp.AutoIncrementColumnConstraint,
    exp.CommentColumnConstraint,
    exp.CollateColumnConstraint,
    exp.CharacterSetColumnConstraint,
    exp.OnUpdateColumnConstraint,
)


def fitted(tree: exp.Expr) -> exp.Expr:
    """A copy of a tree as SQLite understands it; from the leaves up."""
    root = tree.copy()
    for node in reversed(list(root.walk())):
        change = _CHANGES.get(type(node))
        made = change(node) if change is not None else node
        if made is not node:
            if node is root:
                root = made
            else:
                node.replace(made)
    return root


def _without_schema(node: exp.Expr) -> exp.Expr:
    node.set("db", None)
    node.set("catalog", None)
    return node


def _function_of(node: exp.Expr) -> exp.Expr:
    """``pg_catalog.version()``: the function alone."""
    return node.expression if isinstance(node.expression, exp.Func) else node


def _select(node: exp.Expr) -> exp.Expr:
    """No locks, and at least one column: ``EXISTS (SELECT FROM t)``."""
    node.set("locks", None)
    if not node.args.get("expressions"):
        node.set("expressions", [exp.Literal.number(1)])
    return node


def _ordered(node: exp.Expr) -> exp.Expr:
    """Only ``ORDER BY`` knows an order; keys of conflicts and indexes do not."""
    if isinstance(node.parent, exp.Order):
        node.set("nulls_first", None)
        return node
    inner: exp.Expr = node.this
    return inner


def _in_array(node: exp.Expr) -> exp.Expr:
    """``= ANY(array)`` as ``IN``; an array that is bound comes as JSON."""
    if not isinstance(node.expression, exp.Any):
        return node
    array = node.expression.this.unnest()
    if isinstance(array, exp.Array):
        return exp.In(this=node.this, expressions=array.expressions)
    listed = exp.select("value").from_(exp.func("json_each", array))
    return exp.In(this=node.this, query=exp.Subquery(this=listed))


def _column(node: exp.Expr) -> exp.Expr:
    """A column of a table: kinds that SQLite stores, and no constraints that it does not know."""
    kind = node.args.get("kind")
    if kind is not None:
        node.set("kind", exp.DataType(this=_STORED.get(category(kind), T.TEXT)))
    constraints = [c for c in node.args.get("constraints") or () if not _is_unknown(c)]
    node.set("constraints", constraints)
    return node


def _is_unknown(constraint: exp.Expr) -> bool:
    numbered = any(f.name.lower() == "nextval" for f in constraint.find_all(exp.Anonymous))
    return numbered or isinstance(constraint.args.get("kind"), _UNKNOWN)


def _default(node: exp.Expr) -> exp.Expr:
    """A default that is worked out stands in parentheses."""
    if isinstance(node.this, exp.Literal | exp.Boolean | exp.Null | exp.CurrentTimestamp | exp.Neg):
        return node
    node.set("this", exp.Paren(this=node.this))
    return node


def _cast(node: exp.Expr) -> exp.Expr:
    """Casts between what SQLite stores alike are left out."""
    found = category(node.args["to"])
    if found in ("integer", "real", "numeric"):
        node.set("to", exp.DataType(this=_STORED[found]))
        return node
    inner: exp.Expr = node.this
    return inner


def _without_properties(node: exp.Expr) -> exp.Expr:
    node.set("properties", None)
    if isinstance(node.this, exp.Schema):
        keys = (exp.IndexColumnConstraint, exp.ForeignKey)
        kept = [item for item in node.this.expressions if not isinstance(item, keys[:1])]
        node.this.set("expressions", kept)
    return node


def _without_method(node: exp.Expr) -> exp.Expr:
    node.set("using", None)
    return node


def _inner(node: exp.Expr) -> exp.Expr:
    inner: exp.Expr = node.this
    return inner


def _named_values(node: exp.Expr) -> exp.Expr:
    """``(VALUES …) AS name(a, b)``: SQLite calls the columns ``column1`` and so on."""
    alias = node.args.get("alias")
    names = alias.args.get("columns") if alias is not None else None
    if alias is None or not names:
        return node
    chosen = [
        exp.alias_(exp.column(f"column{number}"), name.name)
        for number, name in enumerate(names, start=1)
    ]
    bare = node.copy()
    bare.set("alias", None)
    inner = exp.select(*chosen).from_(exp.Subquery(this=bare))
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias.name)))


def _part(node: exp.Expr) -> exp.Expr:
    wanted = _FORMATS.get(node.name.upper())
    if wanted is None:
        return node
    text = exp.func("STRFTIME", exp.Literal.string(wanted), node.expression)
    return exp.Cast(this=text, to=exp.DataType(this=T.INT))


def _cut(node: exp.Expr) -> exp.Expr:
    unit = node.args.get("unit")
    wanted = _CUT.get(unit.name.upper()) if unit is not None else None
    if wanted is None:
        return node
    return exp.func("STRFTIME", exp.Literal.string(wanted), node.this)


def _schema(_: exp.Expr) -> exp.Expr:
    return exp.Literal.string("public")


_CHANGES: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Table: _without_schema,
    exp.Column: _without_schema,
    exp.Dot: _function_of,
    exp.Select: _select,
    exp.Ordered: _ordered,
    exp.EQ: _in_array,
    exp.ColumnDef: _column,
    exp.DefaultColumnConstraint: _default,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Create: _without_properties,
    exp.IndexParameters: _without_method,
    exp.Collate: _inner,
    exp.Values: _named_values,
    exp.Extract: _part,
    exp.TimestampTrunc: _cut,
    exp.DateTrunc: _cut,
    exp.CurrentSchema: _schema,
}
