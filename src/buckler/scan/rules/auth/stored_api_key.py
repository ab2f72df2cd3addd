"""AUT024: API keys that the application makes are kept as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here

_DRAWS = frozenset({f"secrets.{n}" for n in ("token_hex", "token_urlsafe", "token_bytes")})
_FIELD = re.compile(
    r"^(api_?key|access_key|secret_key|api_token|personal_access_token|client_secret|refresh_token|reset_token)$",
    re.IGNORECASE,
)
_TABLES = re.compile(
    r"\b(Base|Model|DeclarativeBase|Document|SQLModel|table=True|__tablename__|Mapped)\b"
)


class StoredApiKey(Rule):
    """A key that the application makes for its callers is stored in plain text.

    ## What it is
    ``ApiKey(api_key=secrets.token_urlsafe(32))``: the drawn key itself becomes a column, where a digest of it is all that is
    needed to recognise it.

    ## Why it matters
    Whoever reads the table, by an injection, a backup or as an operator, can call the interface in the name of every
    customer. A stolen digest opens nothing.

    ## How to fix
    Store ``hashlib.sha256(key.encode()).hexdigest()`` and look keys up by that; show the key once, when it is made. A random key of
    256 bits needs no slow hash. ``buckler.guard.auth.api_key`` stores digests.

    ## How to check
    Make a key and search the database for it: it must not be found.

    ## Roll-out
    Add a column for the digest, fill it from the keys that are there, look up by it, then empty the old column.

    ## References
    CWE-256, CWE-312; OWASP API2:2023; ASVS 5.0 V11.4.1, V13.3.1.
    """

    id = "AUT024"
    name = "api-key-stored-in-plain-text"
    title = "API key stored in plain text"
    severity = Severity.MEDIUM
    cwe = (256, 312)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.4.1", "V13.3.1")
    control = "guard.auth.api_key"
    fix = Fix(
        "store a digest: hashlib.sha256(key.encode()).hexdigest()",
        before="ApiKey(api_key=key)",
        after="ApiKey(digest=hashlib.sha256(key.encode()).hexdigest())",
    )
    bad = (
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

            app = FastAPI()


            class Base(DeclarativeBase):
                pass


            class Customer(Base):
                __tablename__ = "customers"
                name: Mapped[str] = mapped_column(primary_key=True)
                api_key: Mapped[str]


            def add(session: Session, name: str) -> str:
                key = "mill_" + secrets.token_urlsafe(32)
                session.add(Customer(name=name, api_key=key))
                return key
            """,
            line=20,
        ),
        Example(
            """
            from fastapi import FastAPI

            from customers import add

            app = FastAPI()


            @app.post("/customers")
            def make(name: str) -> str:
                return add(name)
            """,
            files={
                "tables.py": """
                from sqlmodel import Field, SQLModel


                class Client(SQLModel, table=True):
                    name: str = Field(primary_key=True)
                    client_secret: str
                """,
                "customers.py": """
                from secrets import token_hex

                from sqlmodel import Session, create_engine

                from tables import Client

                engine = create_engine("sqlite://")


                def add(name: str) -> str:
                    row = Client(name=name, client_secret=token_hex(32))
                    with Session(engine) as session:
                        session.add(row)
                        session.commit()
                    return name
                """,
            },
        ),
        Example(
            """
            import secrets
            import sqlite3

            from fastapi import FastAPI

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)


            @app.post("/keys")
            def make(name: str) -> str:
                api_key = secrets.token_urlsafe(32)
                db.execute("INSERT INTO keys (name, api_key) VALUES (?, ?)", (name, api_key))
                return api_key
            """,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import secrets

            from fastapi import FastAPI
            from pydantic import BaseModel
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

            app = FastAPI()


            class Base(DeclarativeBase):
                pass


            class Customer(Base):
                __tablename__ = "customers"
                name: Mapped[str] = mapped_column(primary_key=True)
                api_key: Mapped[str]


            class Made(BaseModel):
                api_key: str


            def add(session: Session, name: str) -> Made:
                key = secrets.token_urlsafe(32)
                session.add(Customer(name=name, api_key=hashlib.sha256(key.encode()).hexdigest()))
                return Made(api_key=key)
            """,
        ),
        Example(
            """
            import hashlib
            import secrets
            import sqlite3

            from fastapi import FastAPI

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)


            @app.post("/keys")
            def make(name: str) -> str:
                api_key = secrets.token_urlsafe(32)
                digest = hashlib.sha256(api_key.encode()).hexdigest()
                db.execute("INSERT INTO keys (name, api_key) VALUES (?, ?)", (name, digest))
                return api_key
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

            app = FastAPI()


            class Base(DeclarativeBase):
                pass


            class Connection(Base):
                __tablename__ = "connections"
                name: Mapped[str] = mapped_column(primary_key=True)
                api_key: Mapped[str]


            def connect(session: Session, name: str, sealed: str) -> None:
                session.add(Connection(name=name, api_key=sealed))
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Drawn values that go into a row as they are."""
        index = index_of(module)
        for node in (*_rows(index), *_statements(index)):
            yield self.found(
                "A key that the application makes is stored as it is, where a digest would do.",
                confidence=Confidence.SUSPECTED,
                location=here(index, node),
            )


def _rows(index: Index) -> Iterator[ast.AST]:
    for call in index.calls:
        if not last(call.func)[:1].isupper():
            continue
        for keyword in call.keywords:
            if (
                keyword.arg
                and _FIELD.match(keyword.arg)
                and _is_drawn(index, keyword.value, 0)
                and _is_table(index, call.func)
            ):
                yield call


def _statements(index: Index) -> Iterator[ast.AST]:
    """``INSERT … api_key …`` with the drawn value among what is bound."""
    for call in index.called("execute"):
        text = call.args[0] if call.args else None
        if (
            not isinstance(text, ast.Constant)
            or not isinstance(text.value, str)
            or len(call.args) < 2
        ):
            continue
        if not re.match(r"\s*(insert|update)\b", text.value, re.IGNORECASE):
            continue
        bound = call.args[1]
        items = (
            bound.elts
            if isinstance(bound, ast.Tuple | ast.List)
            else bound.values
            if isinstance(bound, ast.Dict)
            else []
        )
        for item in items:
            if isinstance(item, ast.Name) and _FIELD.match(item.id) and _is_drawn(index, item, 0):
                yield call


def _is_drawn(index: Index, node: ast.expr, depth: int) -> bool:
    """Whether a value is drawn here, perhaps with a mark in front, and nothing more was made of it."""
    match node:
        case ast.Call() if index.name(node.func) in _DRAWS:
            return True
        case ast.BinOp(op=ast.Add()):
            return any(_is_drawn(index, side, depth) for side in (node.left, node.right))
        case ast.JoinedStr():
            return any(
                isinstance(v, ast.FormattedValue) and _is_drawn(index, v.value, depth)
                for v in node.values
            )
        case ast.Name() if depth < 3:
            return any(_is_drawn(index, v, depth + 1) for v in index.values(node))
    return False


def _is_table(index: Index, func: ast.expr) -> bool:
    from buckler.scan.python.modules import definition

    made = definition(index, func)
    return (
        made is not None
        and isinstance(made[1], ast.ClassDef)
        and bool(_TABLES.search(_head(made[1])))
    )


def _head(node: ast.ClassDef) -> str:
    bases = [ast.unparse(b) for b in node.bases]
    keywords = [f"{k.arg}={ast.unparse(k.value)}" for k in node.keywords]
    fields = [ast.unparse(s) for s in node.body if isinstance(s, ast.Assign | ast.AnnAssign)]
    plain = [b for b in bases if b not in ("SQLModel", "BaseModel", "pydantic.BaseModel")]
    return " ".join([*plain, *keywords, *fields])
