"""Does for names that nobody has the work that a password costs (CWE-208)."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, Index, last, parameters, unpacks
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.statements import statement_of
from buckler.scan.rules.auth._fixes.same_work import missing

_SLOW = frozenset(
    {"scrypt", "pbkdf2_hmac", "hashpw", "hash_secret_raw", "hash_secret", "hash", "kdf", "argon2id"}
)
_TESTS = frozenset(
    {"verify", "checkpw", "check_password", "verify_password", "check_password_hash"}
)

_HASHERS = re.compile(
    r"^(pwdlib\.(PasswordHash|hashers\.)|passlib\.(context\.\w*CryptContext|hash\.\w|apps\.\w)|argon2\.PasswordHasher)"
)
_LATER = (
    *(ast.NamedExpr, ast.Await, ast.Lambda, ast.Yield, ast.YieldFrom),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


@dataclass(frozen=True)
class _Check:
    """``verify(password, user.password_hash)``: the call, and what is the password in it."""

    call: ast.Call
    password: ast.expr


def worked_for_unknown(draft: Draft, function: Function) -> bool:
    """Hash the password where the name is unknown, too.

    ``if user is None`` may stand before the check of the password, or in one condition with it.

    Returns:
        Whether it could be done: the password is compared once, with something of what was looked up, and
        there is a function that hashes as the one does that compares.
    """
    for branch in (n for n in ast.walk(function) if isinstance(n, ast.If)):
        first = branch.test.values[0] if isinstance(branch.test, ast.BoolOp) else branch.test
        name = missing(first)
        check = _check(function, name, branch) if name else None
        if check is None or not _is_bound(draft.index, function, check, branch):
            continue
        if isinstance(check.call.func, ast.Attribute) and _speaks_of(check.call.func.value, name):
            continue
        hashed = _hashed(draft, check)
        if not hashed:
            continue
        if first is branch.test:
            if not isinstance(branch.body[-1], ast.Raise | ast.Return):
                continue
            draft.insert_before(branch.body[-1], hashed)
        elif isinstance(branch.test, ast.BoolOp) and isinstance(branch.test.op, ast.Or):
            if statement_of(draft.index, branch.test) is not branch:
                continue
            draft.insert_before(branch, f"if {draft.of(first)}:", f"    {hashed}")
        else:
            continue
        return True
    return False


def _check(function: Function, name: str, branch: ast.If) -> _Check | None:
    """The one call behind a branch, or in its condition, that is given the password and the stored hash."""
    found = []
    for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
        if call.lineno < branch.lineno or call.keywords or unpacks(call) or len(call.args) != 2:
            continue
        of_it = [arg for arg in call.args if _speaks_of(arg, name)]
        others = [arg for arg in call.args if not _speaks_of(arg, name)]
        if len(of_it) == 1 and len(others) == 1 and "hash" in ast.unparse(of_it[0]).lower():
            found.append(_Check(call, others[0]))
    return found[0] if len(found) == 1 else None


def _is_bound(index: Index, function: Function, check: _Check, branch: ast.If) -> bool:
    """Whether the password is known before a branch, whatever happened until then."""
    if any(isinstance(n, _LATER) for n in ast.walk(check.call)):
        return False
    names = {n.id for n in ast.walk(check.password) if isinstance(n, ast.Name)}
    given = {one.arg for one in parameters(function)}
    around = {branch, *index.around(branch)}
    stores: dict[str, list[ast.Name]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stores.setdefault(node.id, []).append(node)
    for name in names - given:
        before = [n for n in stores.get(name, []) if n.lineno < branch.lineno]
        sure = [n for n in before if index.parents.get(_statement(index, n)) in around]
        if name in stores and not sure:
            return False
    return True


def _statement(index: Index, node: ast.AST) -> ast.AST:
    return next((outer for outer in index.around(node) if isinstance(outer, ast.stmt)), node)


def _is_hasher(draft: Draft, node: ast.expr) -> bool:
    """Whether an object is one of a library that both hashes and verifies."""
    if _HASHERS.match(draft.index.name(node)):
        return True
    found = definition(draft.index, node)
    if found is None or not isinstance(found[1], ast.expr):
        return False
    return bool(_HASHERS.match(found[0].name(found[1])))


def _speaks_of(node: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _hashed(draft: Draft, check: _Check) -> str:
    """A call that costs as much as the check; empty where none is known."""
    func, password = check.call.func, draft.of(check.password)
    if "\n" in password or isinstance(draft.index.parents.get(check.call), ast.Await):
        return ""
    if draft.index.name(func) == "bcrypt.checkpw":
        bcrypt = draft.name_for("bcrypt", check.call)
        return f"{bcrypt}.hashpw({password}, {bcrypt}.gensalt())"
    if isinstance(func, ast.Attribute) and func.attr == "verify" and _is_hasher(draft, func.value):
        return f"{draft.of(func.value)}.hash({password})"
    found = definition(draft.index, func)
    if found is None or not isinstance(found[1], ast.FunctionDef) or not _is_slow(found[1]):
        return ""
    beside = _beside(found[0], found[1])
    module = draft.index.name(func).rpartition(".")[0]
    if not beside:
        return ""
    if found[0].path == draft.path:
        return f"{beside}({password})"
    return f"{draft.name_for(f'{module}.{beside}', check.call)}({password})" if module else ""


def _beside(index: Index, verify: ast.FunctionDef) -> str:
    """A function of the same module that hashes the one thing that it is given."""
    for function in index.functions:
        args = function.args
        required = len(args.posonlyargs) + len(args.args) - len(args.defaults)
        only_one = required == 1 and not any(d is None for d in args.kw_defaults)
        own = index.function_of(function) is None and index.parents.get(function) is index.tree
        if function is verify or not own or not only_one or args.vararg or args.kwarg:
            continue
        if isinstance(function, ast.FunctionDef) and _is_slow(function) and "hash" in function.name:
            return function.name
    return ""


def _is_slow(function: ast.FunctionDef) -> bool:
    called = (last(n.func) for n in ast.walk(function) if isinstance(n, ast.Call))
    return any(name in _SLOW | _TESTS for name in called)
