"""AUT010: passwords are stored as they were typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Module, Payload, Probe, Slot, Verdict
from buckler.scan.python.constants import text
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.python.passwords import is_stored_password
from buckler.scan.python.words import is_password, name_of
from buckler.scan.rules._support.passwords import PASSWORD_SLOT, strong
from buckler.scan.rules._support.source import here

_STATEMENTS = "execute executemany scalar scalars exec fetch fetchrow fetchval fetch_one fetch_all raw".split()
_STORES = "add add_all insert insert_one save create append merge".split()
_WHERE = re.compile(
    r"\bwhere\b.*\b(password|passwd|pwd)\s*=\s*(\?|:\w+|%s|%\(\w+\)s|\$\d)",
    re.IGNORECASE | re.DOTALL,
)
_INSERT = re.compile(
    r"^\s*(insert|replace|update)\b.*\b(password|passwd|pwd)\b", re.IGNORECASE | re.DOTALL
)


class PlaintextPassword(Rule):
    """Passwords are stored, or compared, as they were typed.

    ## What it is
    The password from the request goes into the database, a file or a dictionary without a hash, or
    is compared with a stored value that is the password itself.

    ## Why it matters
    Whoever reads the table, an employee, a backup, an injection, has every password at once, and
    with them the mail accounts and banks of those who use the same one there.

    ## How to fix
    Store ``PasswordHash.recommended().hash(password)`` and check with ``verify(password, stored)``. What
    only has to be recognised is never stored so that it can be read. ``Passwords`` of ``buckler.guard``
    does it with argon2id, away from the event loop.

    ## How to check
    Sign up with an unusual password and search the database file for it.

    ## Roll-out
    Hash what is stored in one migration, then change the comparison. Tell people if the table may
    have been read.

    ## References
    CWE-256; OWASP API2:2023; OWASP Password Storage Cheat Sheet; ASVS 5.0 V11.4.2.
    """

    id = "AUT010"
    name = "plaintext-password"
    title = "Password stored in plain text"
    severity = Severity.HIGH
    cwe = (256, 522)
    owasp = ("API2:2023", "A04:2021", "A06:2025")
    asvs = ("V11.4.2",)
    confirmed = "reached"
    control = "guard.auth.password"
    sinks = ("store",)
    fix = Fix(
        "store a hash: PasswordHash.recommended().hash(password)",
        before="User(name=name, password=password)",
        after="User(name=name, password_hash=PasswordHash.recommended().hash(password))",
    )
    bad = (
        Example(
            """
            import sqlite3

            from fastapi import FastAPI, Form

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE people (name TEXT, password TEXT)")


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form()) -> str:
                db.execute("INSERT INTO people VALUES (?, ?)", (name, password))
                return "welcome"
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException
            from pydantic import BaseModel

            app = FastAPI()


            class Login(BaseModel):
                name: str
                password: str


            class Account:
                def __init__(self, password: str) -> None:
                    self.password = password


            accounts: dict[str, Account] = {}


            @app.post("/token")
            def token(payload: Login) -> str:
                account = accounts.get(payload.name)
                if account is None or account.password != payload.password:
                    raise HTTPException(401)
                return "welcome"
            """,
            line=23,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import hmac
            import secrets
            import sqlite3

            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE people (name TEXT, salt BLOB, digest BLOB)")


            def hashed(password: str, salt: bytes) -> bytes:
                return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)


            @app.post("/signup")
            def signup(name: str = Form(), password: str = Form(), repeat_password: str = Form("")) -> str:
                if repeat_password and password != repeat_password:
                    raise HTTPException(422)
                salt = secrets.token_bytes(16)
                db.execute("INSERT INTO people VALUES (?, ?, ?)", (name, salt, hashed(password, salt)))
                return "welcome"


            @app.post("/token")
            def token(name: str = Form(), password: str = Form()) -> str:
                row = db.execute("SELECT salt, digest FROM people WHERE name = ?", (name,)).fetchone()
                salt, digest = row or (b"0" * 16, b"")
                if not hmac.compare_digest(hashed(password, salt), digest):
                    raise HTTPException(401)
                return "welcome"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Comparisons with a stored password, conditions on one, and stores of one."""
        index = index_of(module)
        for node in _compared(index):
            message = "The password that was sent is compared with the stored one, so that one is kept as it is."
            yield self.found(message, confidence=Confidence.SUSPECTED, location=here(index, node))
        for node in _stored(index):
            message = "The password is stored as it was typed."
            yield self.found(message, confidence=Confidence.SUSPECTED, location=here(index, node))

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A password that is taken by most policies."""
        if PASSWORD_SLOT.search(slot.leaf):
            yield strong(mint, "a password")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The password is one of the values of an INSERT or UPDATE."""
        if not PASSWORD_SLOT.search(probe.slot.leaf) or str(probe.payload.value) not in hit.text:
            return None
        return Verdict("The password is stored as it was typed.", mark=probe.payload.canary.text)


def _compared(index: Index) -> Iterator[ast.AST]:
    for node in index.all(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            left, right = node.left, node.comparators[0]
            if is_stored_password(index, left, right):
                yield node
    for call in index.called(*_STATEMENTS):
        statement = text(index, call.args[0]) if call.args else None
        if (
            statement is None
            and call.args
            and isinstance(call.args[0], ast.Call)
            and call.args[0].args
        ):
            statement = text(index, call.args[0].args[0])
        pattern = _WHERE if statement and _WHERE.search(statement) else _INSERT
        if (
            statement
            and pattern.search(statement)
            and len(call.args) > 1
            and _has_bare(index, call.args[1])
        ):
            yield call


def _has_bare(index: Index, node: ast.expr) -> bool:
    """Whether a bare password is one of the values that are bound."""
    values: list[ast.expr] = []
    if isinstance(node, ast.Tuple | ast.List):
        values = list(node.elts)
    elif isinstance(node, ast.Dict):
        values = list(node.values)
    return any(_is_bare(index, value) for value in values)


def _is_bare(index: Index, node: ast.AST | None) -> bool:
    """A password that nothing was done to, from a parameter."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript) or not is_password(
        name_of(node)
    ):
        return False
    root = next((n for n in ast.walk(node) if isinstance(n, ast.Name)), None)
    return (
        root is not None
        and not index.values(root)
        and index.parameter(root) is not None
        and root.id not in ("self", "settings")
    )


def _stored(index: Index) -> Iterator[ast.AST]:
    for call in index.called(*_STORES):
        if call.args:
            for item in call.args:
                for made in (item, *index.values(item)):
                    if isinstance(made, ast.Call) and _sets_password(index, made):
                        yield made
                    if isinstance(made, ast.Dict) and _dict_password(index, made):
                        yield made
    for assign in index.all(ast.Assign):
        target = assign.targets[0]
        if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Constant):
            continue
        root = target.value
        if not isinstance(root, ast.Name | ast.Attribute) or not _outlives(index, root):
            continue
        value = assign.value
        bare = _is_bare(index, value)
        made_of = isinstance(value, ast.Dict) and _dict_password(index, value)
        if bare or made_of or (isinstance(value, ast.Call) and _sets_password(index, value)):
            yield assign


def _outlives(index: Index, node: ast.expr) -> bool:
    """Whether a container is one of the module or of an object, not of one request."""
    if isinstance(node, ast.Attribute):
        return True
    return bool(index.bindings.get((index.tree, last(node)))) or last(node) in index.imports


def _sets_password(index: Index, call: ast.Call) -> bool:
    return any(k.arg and is_password(k.arg) and _is_bare(index, k.value) for k in call.keywords)


def _dict_password(index: Index, node: ast.Dict) -> bool:
    return any(
        isinstance(k, ast.Constant) and is_password(str(k.value)) and _is_bare(index, v)
        for k, v in zip(node.keys, node.values, strict=True)
    )
