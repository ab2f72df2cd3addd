"""Categories of columns: what a declared type comes to, whatever the server calls it.

``integer``, ``real``, ``numeric``, ``text``, ``boolean``, ``timestamp``, ``timestamptz``, ``date``,
``time``, ``uuid``, ``json`` and ``blob``; ``[]`` behind one for an array of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

T = exp.DType
CATEGORIES: Mapping[exp.DType, str] = {
    **dict.fromkeys((*exp.DataType.INTEGER_TYPES, T.SERIAL, T.BIGSERIAL, T.SMALLSERIAL), "integer"),
    **dict.fromkeys((T.FLOAT, T.DOUBLE), "real"),
    **dict.fromkeys((T.DECIMAL, T.MONEY), "numeric"),
    **dict.fromkeys((T.BOOLEAN,), "boolean"),
    **dict.fromkeys((T.TIMESTAMP, T.TIMESTAMPNTZ, T.DATETIME), "timestamp"),
    **dict.fromkeys((T.TIMESTAMPTZ, T.TIMESTAMPLTZ), "timestamptz"),
    **dict.fromkeys((T.DATE,), "date"),
    **dict.fromkeys((T.TIME, T.TIMETZ), "time"),
    **dict.fromkeys((T.UUID,), "uuid"),
    **dict.fromkeys((T.JSON, T.JSONB), "json"),
    **dict.fromkeys((T.VARBINARY, T.BINARY, T.BLOB, T.LONGBLOB, T.MEDIUMBLOB, T.TINYBLOB), "blob"),
}


def category(kind: exp.DataType | None) -> str:
    """The category of a declared type; unknown ones, enumerations among them, are texts."""
    if kind is None:
        return "text"
    if kind.this == T.ARRAY:
        inner = kind.expressions[0] if kind.expressions else None
        return f"{category(inner)}[]"
    return CATEGORIES.get(kind.this, "text")
