"""What of an application is closed to nobody in particular, and what it takes for credentials there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from buckler.scan.engines.attack.accounts import LOGIN, NOT_LOGIN
from buckler.scan.engines.attack.drafts import benign
from buckler.scan.engines.attack.entrances import RIGHTS, SIGN_UP, token_path
from buckler.scan.engines.attack.exchanges import entered
from buckler.scan.engines.attack.forms import cookies_of
from buckler.scan.engines.attack.jwt import parse
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Answer, Identity
from buckler.scan.model.application import Operation, SecurityScheme

Rights = frozenset[tuple[str, str]]
"""Names and values of what was said of somebody's rights."""
GATES = 4
LOOKED_AT = 16
DEPTH, WIDTH = 4, 60
"""Of an answer that is looked into."""
SCHEMES = ("Bearer", "Token", "")
_AWAY = (301, 302, 303, 307, 308)
_REFUSED = (400, 402, 405, 406, 407, 409, 412, 418, 421, 423, 425, 426, 428, 429, 451, 503)
_OUT = re.compile(r"(log|sign)-?(out|off)|revoke|logoff", re.IGNORECASE)
_NO_GATES = (_OUT, LOGIN, NOT_LOGIN, SIGN_UP)
_IN = re.compile(r"log-?in|sign-?in|auth", re.IGNORECASE)
_ME = re.compile(r"/(me|self|whoami|profile|account|current|user)/?$", re.IGNORECASE)
_TELLING = re.compile(r"token|auth|key|session|secret|ticket", re.IGNORECASE)


class Gates:
    """Operations that refuse a visitor.

    Args:
        run: The run; each operation is asked once without credentials.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._found = list(islice(self._closed(), GATES))

    def __bool__(self) -> bool:
        return bool(self._found)

    def rights(self, identity: Identity) -> Rights | None:
        """What is said of an identity's rights behind the gates; None where none of them opens to it."""
        said: Rights = frozenset()
        opened = False
        for operation, closed in self._found:
            answer = self._ask(operation, identity)
            if answer is None or not _opens(operation, closed, answer):
                continue
            opened = True
            if _ME.search(operation.path):
                said |= rights_in(answer)
        return said if opened else None

    def take_basic(self) -> bool:
        """Whether a name and a password may come with each request (RFC 7617)."""
        return any(scheme.cls == "HTTPBasic" for scheme in self._schemes())

    def headers(self) -> list[tuple[str, str]]:
        """Headers that a token may go into, with the word before it: what is declared, then what is read."""
        schemes = list(self._schemes())
        named = [s.name for s in schemes if s.where == "header" and s.name]
        read = [name for name in self._read("header") if _TELLING.search(name)]
        others = dict.fromkeys((n, "") for n in (*named, *read) if n.lower() != "authorization")
        carried = [("Authorization", word) for word in SCHEMES]
        if any(s.type in ("oauth2", "http", "openIdConnect") for s in schemes):
            return [*carried[:1], *others]
        return [*others, *carried]

    def cookies(self) -> list[str]:
        """Cookies that a token may go into."""
        named = [s.name for s in self._schemes() if s.where == "cookie" and s.name]
        read = [name for name in self._read("cookie") if _TELLING.search(name)]
        return list(dict.fromkeys((*named, *read)))

    def _closed(self) -> Iterator[tuple[Operation, Answer]]:
        """What only reads; where nothing of that is closed, what writes."""
        found = False
        for methods in (("GET",), ("POST", "PUT", "PATCH")):
            for operation in [] if found else self._likely(methods):
                answer = self._ask(operation, None)
                if answer is not None and is_closed(answer):
                    found = True
                    yield operation, answer

    def _likely(self, methods: tuple[str, ...]) -> list[Operation]:
        asked = [
            op
            for op in self._run.operations
            if op.method in methods and not any(p.search(op.path) for p in _NO_GATES)
        ]
        asked.sort(
            key=lambda op: ("{" in op.path, not op.security, not _ME.search(op.path), op.key)
        )
        return asked[:LOOKED_AT]

    def _ask(self, operation: Operation, identity: Identity | None) -> Answer | None:
        draft = benign(operation, host=self._run.host)
        return self._run.send(draft.request(identity, self._run.client()), operation)

    def _schemes(self) -> Iterator[SecurityScheme]:
        for operation, _ in self._found:
            yield from operation.security

    def _read(self, where: str) -> Iterator[str]:
        """Names of what the gates read of one kind, declared or not."""
        for operation, answer in self._found:
            yield from (p.name for p in operation.parameters if p.where == where)
            for read in answer.reads:
                kind, _, name = read.partition(":")
                if kind == where:
                    yield name


def is_closed(answer: Answer) -> bool:
    """Whether somebody was refused, or sent to the sign-in."""
    if answer.status in (401, 403):
        return True
    return answer.status in _AWAY and bool(_IN.search(answer.header("location") or ""))


def _opens(operation: Operation, closed: Answer, answer: Answer) -> bool:
    """Whether an answer is of somebody who was let in where nobody is.

    A limit, a second factor that is missing, a precondition: who is refused in another way is refused.
    """
    if is_closed(answer) or shape(answer) == shape(closed):
        return False
    inside = entered(operation, answer) and not entered(operation, closed)
    return inside or answer.status not in _REFUSED


def shape(answer: Answer) -> tuple[object, ...]:
    """What tells one kind of answer from another."""
    where = (answer.header("location") or "").partition("?")[0]
    return answer.status, where, bool(token_path(answer)), tuple(sorted(cookies_of(answer)))


def rights_in(answer: Answer) -> Rights:
    """What an answer says of somebody's rights, in it or in the token that it gives."""
    said = list(scalars(answer.json))
    for _, text in list(said):
        token = parse(text)
        if token is not None:
            said += scalars(dict(token.claims))
    return frozenset((k, v) for k, v in said if RIGHTS.search(k))


def scalars(data: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Names and values in something like JSON, as texts."""
    if depth > DEPTH:
        return
    if isinstance(data, dict):
        for key, inner in islice(data.items(), WIDTH):
            yield from scalars(inner, str(key), depth + 1)
    elif isinstance(data, list):
        for inner in data[:WIDTH]:
            yield from scalars(inner, name, depth + 1)
    elif isinstance(data, str | int | float):
        yield name, str(data)
