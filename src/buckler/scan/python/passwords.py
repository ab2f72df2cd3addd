"""Which expressions are passwords, where they are stored, and where they are hashed."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.index import Function, Index, argument, last
from buckler.scan.python.keys import DRAWN
from buckler.scan.python.modules import definition
from buckler.scan.python.words import is_password, name_of, root_of, telling

_SETTINGS = re.compile(
    r"^(settings|config|conf|cfg|env|environ|os|get_settings|app_settings|secrets)$", re.IGNORECASE
)
_FORMS = re.compile(
    r"^(payload|form|form_data|body|data|request|req|credentials|creds|sent|login|signup|values|info|self|v|value|given|args|auth|basic)$",
    re.IGNORECASE,
)
_KDF = re.compile(
    r"^(hashpw|checkpw|gensalt|kdf|hash_secret|hash_secret_raw|verify_secret|pbkdf2_hmac|scrypt|PBKDF2HMAC|Scrypt|Argon2id|"
    r"PasswordHasher|PasswordHash|CryptContext|argon2|bcrypt|generate_password_hash|check_password_hash)$"
)
_HASHER = re.compile(r"pwd|passw|hasher|crypt|argon|bcrypt", re.IGNORECASE)


def is_stored_password(index: Index, left: ast.expr, right: ast.expr) -> bool:
    """Whether a comparison holds the password of an account against the one that was sent."""
    function = index.function_of(left)
    if function is not None and function.name.startswith("__"):
        return False
    for stored, sent in ((left, right), (right, left)):
        if (
            _is_stored(index, stored)
            and is_password(name_of(sent))
            and not _is_set_by_us(index, sent)
        ):
            return not _is_stored(index, sent) or root_of(sent) != root_of(stored)
    return False


def _is_set_by_us(index: Index, node: ast.expr) -> bool:
    root = root_of(node)
    return bool(_SETTINGS.match(root)) or root.isupper() or index.name(node).startswith("os.")


def _is_stored(index: Index, node: ast.expr) -> bool:
    """``user.password``, ``row["password"]``, ``USERS[name]``."""
    if not isinstance(node, ast.Attribute | ast.Subscript | ast.Call) or (
        isinstance(node, ast.Call) and last(node.func) not in ("get", "pop")
    ):
        return False
    root = root_of(node)
    if root.isupper() and isinstance(node, ast.Subscript | ast.Call):
        return is_password(name_of(node)) or bool(
            re.search(r"USER|PASSWORD|ACCOUNT|PEOPLE|MEMBER|CREDENTIAL", root)
        )
    if len(telling(name_of(node))) != 1 or not is_password(name_of(node)):
        return False
    return (
        bool(root)
        and not _SETTINGS.match(root)
        and not _FORMS.match(root)
        and not _is_sent(index, node)
    )


def _is_sent(index: Index, node: ast.expr) -> bool:
    """Whether the object is a parameter of a handler, which holds what was sent."""
    root = next((n for n in ast.walk(node) if isinstance(n, ast.Name)), None)
    if root is None or index.values(root):
        return False
    parameter = index.parameter(root)
    function = index.function_of(node)
    if parameter is None or function is None:
        return False
    annotated = ast.unparse(parameter.annotation) if parameter.annotation is not None else ""
    return bool(function.decorator_list) or bool(
        re.search(r"Credentials|Form|Login|SignIn|SignUp|Request|Create", annotated)
    )


def is_slow_hash(name: str) -> bool:
    """Whether a function of this name is made to hash passwords: ``hashpw``, ``pbkdf2_hmac``."""
    return _KDF.match(name) is not None


def derives_key(index: Index, outer: ast.AST) -> bool:
    """Whether a slow hash runs somewhere below a node."""
    for call in index.calls_in(outer):
        name = index.name(call.func)
        short = name.rpartition(".")[2]
        if _KDF.match(short) and not name.startswith("hmac."):
            return True
        if short in ("hash", "verify", "encrypt", "using") and _HASHER.search(
            name.rpartition(".")[0]
        ):
            return True
        made = definition(index, call.func)
        if (
            made is not None
            and isinstance(made[1], ast.FunctionDef | ast.AsyncFunctionDef)
            and made[1] is not outer
        ):
            inner = (last(c.func) for c in made[0].calls_in(made[1]))
            if any(_KDF.match(item) for item in inner):
                return True
    return False


def is_for_now(index: Index, call: ast.Call) -> bool:
    """Whether a call of ``hmac`` has a key that is drawn while the program runs: what it makes cannot be kept."""
    if not index.name(call.func).startswith("hmac."):
        return False
    key = argument(call, "key", 0)
    drawn = [] if key is None else [key] if isinstance(key, ast.Call) else index.values(key)
    return bool(drawn) and all(
        isinstance(one, ast.Call) and index.name(one.func) in DRAWN for one in drawn
    )


def is_handed_on(index: Index, function: Function) -> bool:
    """Whether a function is given to another one of this module in which a slow hash runs."""
    for call in index.all(ast.Call):
        given = [*call.args, *(k.value for k in call.keywords)]
        names = {n.id for one in given for n in ast.walk(one) if isinstance(n, ast.Name)}
        taker = index.function(last(call.func)) if function.name in names else None
        if taker is not None and taker is not function and derives_key(index, taker):
            return True
    return False
