"""What password hashes cost, as the code asks for them: CWE-916."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from buckler.scan.python.constants import number, text
from buckler.scan.python.index import Index, argument, last, parameters
from buckler.scan.python.modules import definition
from buckler.scan.python.words import ends, kind, name_of

PBKDF2 = {"sha1": 1_300_000, "sha256": 600_000, "sha512": 210_000}

BCRYPT = 12

_ROUNDS = {
    "bcrypt": BCRYPT,
    "bcrypt_sha256": BCRYPT,
    "pbkdf2_sha1": PBKDF2["sha1"],
    "pbkdf2_sha256": PBKDF2["sha256"],
    "pbkdf2_sha512": PBKDF2["sha512"],
    "sha256_crypt": 535_000,
    "sha512_crypt": 656_000,
}

_SCRYPT = 2**17

_ARGON2 = ((1, 47_104), (2, 19_456), (3, 12_288), (4, 9_216), (5, 7_168))

CALLED = (
    *("gensalt", "BcryptHasher", "pbkdf2_hmac", "PBKDF2HMAC", "scrypt", "Scrypt", "Argon2Hasher"),
    *("PasswordHasher", "CryptContext", "using", "hash"),
)

_PASSWORD = re.compile(r"pass|pwd|pin|phrase|secret", re.IGNORECASE)

_COST = re.compile(r"round|iter|cost|^n$|memory|work|factor", re.IGNORECASE)

_ARGON_CALLS = (
    "argon2.PasswordHasher",
    "pwdlib.hashers.argon2.Argon2Hasher",
    "passlib.hash.argon2.using",
)


@dataclass(frozen=True, slots=True)
class CheapHash:
    """A call that makes a hash which costs too little: why, and what sets the cost."""

    call: ast.Call
    why: str
    node: ast.expr | None


def handed_on(index: Index) -> Iterator[CheapHash]:
    """Costs that are given to a helper of the project, which hands them on."""
    for call in index.calls:
        if not _mentions_cost(call):
            continue
        given = [
            a
            for a in (*call.args, *(k.value for k in call.keywords))
            if number(index, a) is not None
        ]
        made = definition(index, call.func) if given else None
        if made is None or not isinstance(made[1], ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        other, function = made
        named = [p.arg for p in parameters(function)]
        for inner in other.calls_in(function):
            for node in (*inner.args, *(k.value for k in inner.keywords)):
                if isinstance(node, ast.Name) and node.id in named and not other.values(node):
                    cost = argument(call, node.id, named.index(node.id))
                    if cost is not None and (count := number(index, cost)) is not None:
                        yield from _with_cost(other, inner, node, count, call, cost)


def _mentions_cost(call: ast.Call) -> bool:
    """Whether a call may hand a cost on: an argument called so, or a number beside a password."""
    if any(k.arg and _COST.search(k.arg) for k in call.keywords):
        return True
    numbers = any(
        (isinstance(a, ast.Constant) and type(a.value) is int) or last(a).isupper()
        for a in call.args
    )
    return numbers and any(_PASSWORD.search(name_of(a)) for a in call.args)


def _with_cost(
    index: Index, inner: ast.Call, node: ast.Name, count: int, call: ast.Call, cost: ast.expr
) -> Iterator[CheapHash]:
    """Judge the helper's call as if the cost stood in it."""
    written = ast.Constant(count)
    copy = ast.Call(
        inner.func,
        [written if a is node else a for a in inner.args],
        [ast.keyword(k.arg, written) if k.value is node else k for k in inner.keywords],
    )
    for weak in cheap(index, [copy]):
        if weak.node is written:
            yield CheapHash(call, weak.why, cost)


def cheap(index: Index, calls: Iterable[ast.Call]) -> Iterator[CheapHash]:
    """Those of the calls that cost too little, as far as their cost is known."""
    for call in calls:
        name = index.name(call.func)
        short = name.rpartition(".")[2]
        if (short == "gensalt" and "bcrypt" in name) or short == "BcryptHasher":
            yield from _below(
                index, call, argument(call, "rounds", 0), BCRYPT, "bcrypt runs {} rounds"
            )
        elif short == "pbkdf2_hmac":
            yield from _pbkdf2(index, call)
        elif short == "PBKDF2HMAC":
            algorithm = argument(call, "algorithm", 0)
            named = last(algorithm.func).lower() if isinstance(algorithm, ast.Call) else ""
            yield from _iterations(index, call, argument(call, "iterations", 3), named)
        elif short == "scrypt" or short == "Scrypt":
            yield from _scrypt(index, call, 0 if short == "scrypt" else 1)
        elif name in _ARGON_CALLS or short == "Argon2Hasher":
            yield from _argon2(index, call)
        elif short == "CryptContext" or (
            name.startswith("passlib.hash.") and short in ("using", "hash")
        ):
            yield from _passlib(index, call, name)


def _below(
    index: Index, call: ast.Call, node: ast.expr | None, least: int, what: str
) -> Iterator[CheapHash]:
    count = number(index, node)
    if count is not None and count < least:
        yield CheapHash(call, what.format(f"{count:,}") + f" where {least:,} are the least", node)


def _pbkdf2(index: Index, call: ast.Call) -> Iterator[CheapHash]:
    password = argument(call, "password", 1)
    if password is not None and _is_key(password):
        return  # a key is derived from a key: there is nothing to guess
    named = text(index, argument(call, "hash_name", 0)) or ""
    yield from _iterations(index, call, argument(call, "iterations", 3), named)


def _is_key(node: ast.expr) -> bool:
    name = name_of(node)
    return kind(name) in ("key", "secret", "token") or ends(name, "key")


def _iterations(
    index: Index, call: ast.Call, node: ast.expr | None, named: str
) -> Iterator[CheapHash]:
    least = PBKDF2.get(named.lower().replace("-", ""), PBKDF2["sha512"])
    yield from _below(index, call, node, least, "PBKDF2 runs {} iterations")


def _scrypt(index: Index, call: ast.Call, at: int) -> Iterator[CheapHash]:
    password = call.args[0] if call.args and not at else None
    if password is not None and _is_key(password):
        return
    node = argument(call, "n")
    n = number(index, node)
    r, p = (
        number(index, argument(call, name)) or fallback for name, fallback in (("r", 8), ("p", 1))
    )
    if n is not None and (n < 2**13 or n * r * p < 2**13 * 8):
        yield CheapHash(
            call,
            f"scrypt runs with n={n}, r={r}, p={p} where n={_SCRYPT}, r=8, p=1 is advised",
            node,
        )


def _argon2(index: Index, call: ast.Call) -> Iterator[CheapHash]:
    node = argument(call, "memory_cost", 1)
    time = number(index, argument(call, "time_cost", 0)) if argument(call, "time_cost", 0) else 3
    memory = number(index, node) if node is not None else 65_536
    if time is None or memory is None:
        return
    least = next((m for t, m in reversed(_ARGON2) if time >= t), _ARGON2[0][1])
    if memory < least:
        yield CheapHash(
            call,
            f"argon2 runs with {memory:,} KiB and {time} passes where {least:,} KiB are the least",
            node,
        )


def _passlib(index: Index, call: ast.Call, name: str) -> Iterator[CheapHash]:
    for keyword in call.keywords:
        option = keyword.arg or ""
        scheme, _, what = option.partition("__")
        if not what:
            scheme, what = name.removeprefix("passlib.hash.").partition(".")[0], option
        if what in ("rounds", "default_rounds", "max_rounds") and scheme in _ROUNDS:
            yield from _below(
                index, call, keyword.value, _ROUNDS[scheme], scheme + " runs {} rounds"
            )
        if scheme == "argon2" and what in ("memory_cost", "time_cost"):
            yield from _below(
                index,
                call,
                keyword.value,
                7_168 if what == "memory_cost" else 1,
                "argon2 runs with " + what + " {}",
            )
